"""`tasks`: what the service does on a schedule, beside the way of readings."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cronsim import CronSim, CronSimError
from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from ingestor.config.section import Section
from ingestor.config.values import Duration, HeaderSecret, Tags, TimeZone, http_address, parse_duration

TaskKind = Literal["weather", "backup", "retention"]
Provider = Literal["openweathermap", "open-meteo"]

_KEYS_OF_KIND: Final[Mapping[str, tuple[str, ...]]] = {
    "weather": ("providers", "latitude", "longitude", "api_key", "addresses", "bucket", "tags", "forecast"),
    "backup": ("directory", "keep", "copy_to", "store", "buckets", "logical"),
    "retention": ("store", "buckets"),
}


class TaskSpec(Section):
    """One entry of `tasks`. Which keys it has depends on its kind.

    `cron` is read in `timezone`; where that is not given, in that of the whole configuration.
    """

    kind: TaskKind
    cron: str | None = None
    every: Annotated[float, BeforeValidator(parse_duration), Field(ge=1)] | None = Field(None, validate_default=True)
    timezone: TimeZone | None = None
    jitter: Duration = 0.0
    missed: Literal["run", "skip"] = "run"
    time_limit: Annotated[float, BeforeValidator(parse_duration), Field(ge=1)] = 600.0
    providers: tuple[Provider, ...] = Field(("open-meteo",), min_length=1)
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = Field(None, validate_default=True)
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = Field(None, validate_default=True)
    api_key: HeaderSecret | None = Field(None, validate_default=True)
    addresses: dict[Provider, str] = Field({})
    bucket: Annotated[str, Field(min_length=1)] = "Weather"
    tags: Tags = Field({})
    forecast: Literal["none", "hourly"] = "none"
    directory: Path = Path("backups")
    keep: int = Field(14, ge=1)
    copy_to: Path | None = None
    store: str | None = None
    buckets: tuple[str, ...] = ()
    logical: bool = False

    @field_validator(*{key for keys in _KEYS_OF_KIND.values() for key in keys})
    @classmethod
    def _of_its_kind(cls, value: object, info: ValidationInfo) -> object:
        kind, name = info.data.get("kind"), info.field_name or ""
        if kind is not None and value != cls.model_fields[name].default and name not in _KEYS_OF_KIND[kind]:
            raise ValueError(f"a task of kind {kind} has no {name}")
        return value

    @field_validator("cron")
    @classmethod
    def _expression(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if len(value.split()) != 5:
            raise ValueError('a cron expression has five parts, like "59 23 * * *"; for less than a minute take every')
        try:
            next(CronSim(value, datetime(2000, 1, 1, tzinfo=UTC)))
        except CronSimError as error:
            raise ValueError(f"no cron expression: {str(error).lower()}") from None
        except StopIteration:
            raise ValueError("there is never such a moment") from None
        return value

    @field_validator("every")
    @classmethod
    def _one_of_two(cls, value: float | None, info: ValidationInfo) -> float | None:
        if "cron" in info.data and (info.data["cron"] is None) == (value is None):
            raise ValueError("say either cron or every")
        return value

    @field_validator("jitter")
    @classmethod
    def _within_its_turn(cls, value: float, info: ValidationInfo) -> float:
        if value > (info.data.get("every") or value):
            raise ValueError("more than every")
        return value

    @field_validator("latitude", "longitude")
    @classmethod
    def _place(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is None and info.data.get("kind") == "weather":
            raise ValueError(f"weather needs the {info.field_name} of its place, in degrees")
        return value

    @field_validator("providers")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("names one of them twice")
        return value

    @field_validator("api_key")
    @classmethod
    def _asked_for(cls, value: HeaderSecret | None, info: ValidationInfo) -> HeaderSecret | None:
        if value is None and "openweathermap" in info.data.get("providers", ()):
            raise ValueError('openweathermap asks for a key: api_key: "${OPENWEATHERMAP_API_KEY}"')
        return value

    @field_validator("addresses")
    @classmethod
    def _of_servers(cls, value: dict[Provider, str]) -> dict[Provider, str]:
        return {provider: http_address(address) for provider, address in value.items()}

    @field_validator("tags")
    @classmethod
    def _not_taken(cls, value: dict[str, str]) -> dict[str, str]:
        if "provider" in value:
            raise ValueError("provider is a tag of weather already")
        return value

    @field_validator("forecast")
    @classmethod
    def _told_by_one(cls, value: str, info: ValidationInfo) -> str:
        if value != "none" and "open-meteo" not in info.data.get("providers", ("open-meteo",)):
            raise ValueError("only open-meteo tells the hours to come; name it among the providers")
        return value


def with_kinds(value: object) -> object:
    """`tasks` as it was written, with the kind of each entry that says none: its name, where that is one."""
    if not isinstance(value, dict):
        return value
    return {name: _with_kind(name, entry) for name, entry in value.items()}


def _with_kind(name: object, entry: Any) -> object:  # noqa: ANN401 - whatever stands in the file
    if isinstance(entry, dict) and entry.get("kind") is None and name in _KEYS_OF_KIND:
        return {**entry, "kind": name}
    return entry


def written_alike(tasks: Mapping[str, TaskSpec]) -> tuple[str, str] | None:
    """Two tasks whose weather would be stored as that of one place; None where there are none."""
    known: dict[object, str] = {}
    for name, task in tasks.items():
        if task.kind == "weather":
            other = known.setdefault((task.bucket, *sorted(task.tags.items())), name)
            if other != name:
                return other, name
    return None
