"""`routes`: which topics, read how, into which bucket and measurement."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from ingestor.config.section import Section
from ingestor.config.values import Duration, TagName, Tags, TimeZone

_TELLING: Final = ("preset", "discovery", "state")
"""The keys that tell of which kind a row is; without any of them it is a topic with readings."""
_KEYS_OF_KIND: Final = {
    "preset": {"prefix", "bucket", "tags", "device", "unknown", "on_invalid", "time"},
    "discovery": {"prefix", "bucket", "tags", "device", "on_invalid"},
    "state": {"topic", "state", "device", "compression"},
}
"""What rows of those kinds may say besides what makes them rows of that kind; all else is for other rows."""


class CsvOf(Section):
    """`routes[].csv`: how the lines of a payload are read. Without `columns`, its first line names them."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    columns: tuple[str, ...] = ()


class StateOf(Section):
    """`routes[].state`: what payloads say of whether a device is there; any case. `path` leads to the word."""

    online: tuple[str, ...] = ("online", "true", "1", "on")
    offline: tuple[str, ...] = Field(("offline", "false", "0", "off"), validate_default=True)
    path: str | None = None

    @field_validator("offline")
    @classmethod
    def _told_apart(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        online = {word.lower() for word in info.data.get("online", ())}
        if both := [word for word in value if word.lower() in online]:
            raise ValueError(f"{', '.join(both)}: says online, too")
        return value


class TimeOf(Section):
    """`routes[].time`: where a reading's time comes from. Without `field` it is the time of receipt.

    `zone` is that of times in ISO 8601 that name none.
    """

    field: str | None = None
    unit: Literal["auto", "s", "ms", "us", "ns", "iso"] = "auto"
    zone: TimeZone | None = None
    not_before: date = date(2000, 1, 1)
    max_ahead: Duration = 300.0
    outside: Literal["receipt", "reject"] = "receipt"

    @field_validator("zone")
    @classmethod
    def _of_iso(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("unit", "iso") not in {"iso", "auto"}:
            raise ValueError("a zone is for times in ISO 8601 (unit: iso, or auto)")
        return value


class Route(Section):
    """One row of `routes`: a topic with readings or states, a preset, or a discovery."""

    preset: str | None = None
    discovery: Literal["homeassistant"] | None = None
    state: StateOf | None = None
    topic: str = Field("", validate_default=True)
    prefix: str | None = Field(None, min_length=1)
    unknown: Literal["ignore", "store"] = "ignore"
    model: str = Field("", validate_default=True)
    format: Literal["value", "json", "csv", "line", "cbor", "msgpack"] = "json"
    compression: Literal["none", "gzip", "zlib", "zstd"] = "none"
    bucket: str = Field("", validate_default=True)
    measurement: str | None = None
    tags: Tags = Field({})
    device: str | None = Field(None, validate_default=True)
    paths: dict[str, str] = Field({})
    each: str | None = None
    each_key: TagName | None = None
    csv: CsvOf = CsvOf()
    on_invalid: Literal["field", "reading"] = "field"
    retained: Literal["skip", "store"] = "skip"
    time: TimeOf = Field(TimeOf(), validate_default=True)

    @property
    def kind(self) -> Literal["preset", "discovery", "state", "topic"]:
        """What kind of row it is."""
        return _kind({"preset": self.preset, "discovery": self.discovery, "state": self.state}) or "topic"

    @field_validator("topic", "prefix", "model", "format", "compression", "bucket", "measurement", "tags", "device",
                     "paths", "each", "each_key", "unknown", "csv", "on_invalid", "retained", "time")  # fmt: skip
    @classmethod
    def _of_its_kind(cls, value: object, info: ValidationInfo) -> object:
        kind, name = _kind(info.data), info.field_name or ""
        if kind is None:
            return value
        if kind == "topic":
            if name == "prefix" and value is not None:
                raise ValueError("prefix is for rows with preset or discovery; write it into topic")
        elif value != cls.model_fields[name].default and name not in _KEYS_OF_KIND[kind]:
            raise ValueError(f"a row with {kind} has no {name}")
        return value

    @field_validator("topic", "model", "bucket", "device")
    @classmethod
    def _needed(cls, value: str | None, info: ValidationInfo) -> str | None:
        needs = {
            "topic": {"topic", "state"},
            "model": {"topic"},
            "bucket": {"topic", "preset", "discovery"},
            "device": {"state"},
        }
        without = info.field_name == "model" and info.data.get("unknown") == "store"
        if not value and not without and _kind(info.data) in needs[info.field_name or ""]:
            raise PydanticCustomError("missing", "Field required")
        return value

    @field_validator("each_key")
    @classmethod
    def _of_each(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("each") is None:
            raise ValueError("needs each: the object or list whose keys it names")
        return value

    @field_validator("csv")
    @classmethod
    def _for_csv(cls, value: CsvOf, info: ValidationInfo) -> CsvOf:
        if value != CsvOf() and info.data.get("format", "csv") != "csv":
            raise ValueError("is for format csv")
        return value

    @field_validator("paths", "each")
    @classmethod
    def _for_documents(cls, value: object, info: ValidationInfo) -> object:
        if value and info.data.get("format", "json") not in {"json", "cbor", "msgpack"}:
            raise ValueError("leads into nested values, which only json, cbor and msgpack have")
        return value

    @field_validator("time")
    @classmethod
    def _times(cls, value: TimeOf, info: ValidationInfo) -> TimeOf:
        if info.data.get("retained") == "store" and value.field is None:
            raise ValueError("retained: store needs time.field: a kept message has no other time of its own")
        if _kind(info.data) == "preset" and (value.field, value.unit) != (None, "auto"):
            raise ValueError("a preset knows field and unit of its times")
        return value


def _kind(data: Mapping[str, object]) -> Literal["preset", "discovery", "state", "topic"] | None:
    """What kind of row it is, by what is known of it; None where what tells it is wrong itself."""
    for kind in _TELLING:
        if kind not in data:
            return None
        if data[kind] is not None:
            return kind
    return "topic"
