"""What can be configured: one frozen model, its defaults, and what each key means.

What depends on two keys is checked at the later of them, from what is valid so far, so that one fault never hides
another and each has a line of its own.

`configfile.load` fills it from `config.yaml`, the environment and secret files. Durations are seconds, sizes are
bytes; in the file both carry a unit (`30s`, `4GiB`).
"""

import re
from datetime import date
from ipaddress import IPv6Address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from ingestor.ports import FieldType

_DURATION_SECS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SIZE_BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "kB": 10**3, "MB": 10**6, "GB": 10**9}
_MQTT_BYTES = 65_535
_GROUP_BYTES = 1_000  # it shares the space of a topic filter, and leaves nearly all of it


def parse_duration(value: object) -> float:
    """Seconds of a text like `30s`, `500ms` or `7d`.

    Raises:
        ValueError: It is not a number with one of the units.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)", value) if isinstance(value, str) else None
    if not match:
        raise ValueError("a duration is a number with a unit: 500ms, 30s, 5m, 12h, 7d or 2w")
    return float(match[1]) * _DURATION_SECS[match[2]]


def parse_size(value: object) -> int:
    """Bytes of a text like `4GiB`.

    Raises:
        ValueError: It is not a number with one of the units.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]iB|[kMG]?B)", value) if isinstance(value, str) else None
    if not match:
        raise ValueError("a size is a number with a unit: 512KiB, 64MiB or 4GiB")
    return int(float(match[1]) * _SIZE_BYTES[match[2]])


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not a time zone; use a name like UTC or Asia/Singapore") from None
    return value


def _store_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value):
        raise ValueError("the name of a store is 1 to 64 letters, digits, - or _ (it names files)")
    return value


def _group_name(value: str) -> str:
    if not re.fullmatch(r"[^/+#\s]+", value):
        raise ValueError("the name of a group is one word without / + #")
    if len(value.encode()) > _GROUP_BYTES:
        raise ValueError(f"the name of a group has at most {_GROUP_BYTES:,} bytes")
    return _mqtt_text(value)


def _mqtt_text(value: str) -> str:
    """What a packet can carry; a client that is handed more fails at each connecting, long after the start."""
    if "\0" in value:
        raise ValueError("MQTT cannot carry a NUL character here")
    if len(value.encode()) > _MQTT_BYTES:
        raise ValueError(f"MQTT can carry at most {_MQTT_BYTES:,} bytes here (in UTF-8)")
    return value


def _mqtt_secret(value: SecretStr) -> SecretStr:
    _mqtt_text(value.get_secret_value())
    return value


def _bearer(value: SecretStr) -> SecretStr:
    """A line break in it would end the header that carries it, and other signs are spelt in more than one way."""
    if not re.fullmatch(r"[!-~]+", value.get_secret_value()):
        raise ValueError("a token is ASCII letters, digits and signs, without spaces and line breaks")
    return value


def _version(value: object) -> object:
    """A bare 5 in the file is a number to YAML, and what everybody writes."""
    return str(value) if type(value) is int else value


Duration = Annotated[float, BeforeValidator(parse_duration)]
Size = Annotated[int, BeforeValidator(parse_size)]
Number = Annotated[float, Field(allow_inf_nan=False)]
TimeZone = Annotated[str, AfterValidator(_zone)]
Secret = Annotated[SecretStr, Field(min_length=1)]
MqttText = Annotated[str, Field(min_length=1), AfterValidator(_mqtt_text)]
StoreName = Annotated[str, AfterValidator(_store_name)]


class Section(BaseModel):
    """Base of all parts of the configuration: frozen, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_in_place_of_numbers(cls, value: object, info: ValidationInfo) -> object:
        """YAML reads a bare `on` or `yes` as true, and pydantic would take true for 1."""
        if isinstance(value, bool) and cls.model_fields[info.field_name or ""].annotation is not bool:
            raise ValueError(
                "true or false (in YAML also a bare yes, no, on, off) cannot stand here; quote it for text"
            )
        return value


def _host(value: str) -> str:
    if not value.isprintable():
        raise ValueError("a host name has no control characters")
    try:
        value.encode("idna")
    except UnicodeError:
        raise ValueError(f"{value} is no host name: a part of it is empty or too long") from None
    return value


class Tls(Section):
    """`mqtt.tls`: used with mqtts:// addresses. Without `ca`, the system's certificate authorities count."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = Field(None, validate_default=True)

    @field_validator("key")
    @classmethod
    def _pair(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if "cert" in info.data and (info.data["cert"] is None) != (value is None):
            raise ValueError("a client certificate needs both cert and key")
        return value


class Mqtt(Section):
    """`mqtt`: the broker, and how to be its client."""

    url: str = "mqtt://localhost:1883"
    protocol: Annotated[Literal["auto", "5", "3.1.1"], BeforeValidator(_version)] = "auto"
    client_id: MqttText | None = None
    username: MqttText | None = None
    password: Annotated[Secret, AfterValidator(_mqtt_secret)] | None = None
    tls: Tls = Tls()
    keep_alive: Annotated[float, BeforeValidator(parse_duration), Field(ge=1, le=65535)] = 30.0
    max_packet: Annotated[int, BeforeValidator(parse_size), Field(ge=1024, le=268_435_455)] = 8 * 2**20
    shared_group: Annotated[str, AfterValidator(_group_name)] | None = None
    embedded_broker: bool = False
    embedded_users: dict[Annotated[str, Field(min_length=1)], Secret] = {}

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        match = re.fullmatch(r"mqtts?://([^/@?#]*@)?(\[[0-9A-Fa-f:.]+\]|[^/@?#:\[\]\s]+)(:\d{1,5})?/?", value)
        if not match or (match[3] and not 0 < int(match[3][1:]) < 65536):
            raise ValueError("the broker's address is mqtt://HOST[:PORT], or mqtts://HOST[:PORT] for TLS")
        if match[1]:
            raise ValueError("put the user into username and the password into password, not into url")
        try:
            if match[2].startswith("["):
                IPv6Address(match[2][1:-1])
            urlsplit(value)  # knows of signs that stand for / or @, for one
        except ValueError:
            raise ValueError(f"{match[2]} is no host name or address; in brackets stands an IPv6 address") from None
        _host(match[2])
        return value

    @field_validator("password")
    @classmethod
    def _of_whom(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and info.data.get("username", "") is None:
            raise ValueError("a password needs a username")
        return value

    @field_validator("tls")
    @classmethod
    def _tls_used(cls, value: Tls, info: ValidationInfo) -> Tls:
        if value != Tls() and info.data.get("url", "").startswith("mqtt://"):
            raise ValueError("set, but url begins with mqtt://, which is without TLS; write mqtts://")
        return value

    @property
    def host(self) -> str:
        """The host of `url`."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port of `url`; 1883, or 8883 with TLS, where it names none."""
        return urlsplit(self.url).port or (8883 if self.secure else 1883)

    @property
    def secure(self) -> bool:
        """Whether the connection uses TLS."""
        return urlsplit(self.url).scheme == "mqtts"


class TimeOf(Section):
    """`routes[].time`: where a reading's time comes from. Without `field` it is the time of receipt."""

    field: str | None = None
    unit: Literal["auto", "s", "ms", "us", "ns", "iso"] = "auto"
    not_before: date = date(2000, 1, 1)
    max_ahead: Duration = 300.0
    outside: Literal["receipt", "reject"] = "receipt"


class Route(Section):
    """One row of `routes`: which topics, read how, into which bucket and measurement."""

    topic: str
    model: str
    format: Literal["value", "json"] = "json"
    bucket: str
    measurement: str | None = None
    on_invalid: Literal["field", "reading"] = "field"
    retained: Literal["skip", "store"] = "skip"
    time: TimeOf = Field(TimeOf(), validate_default=True)

    @field_validator("time")
    @classmethod
    def _retained_needs_time(cls, value: TimeOf, info: ValidationInfo) -> TimeOf:
        if info.data.get("retained") == "store" and value.field is None:
            raise ValueError("retained: store needs time.field: a kept message has no other time of its own")
        return value


class FieldSpec(Section):
    """One field of a model declared in `models`."""

    type: FieldType = FieldType.FLOAT
    unit: str | None = None
    min: Number | None = None
    max: Number | None = None
    required: bool = False

    @field_validator("min", "max")
    @classmethod
    def _range(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and info.data.get("type") in {FieldType.TEXT, FieldType.BOOL}:
            raise ValueError("min and max are for numbers")
        low = info.data.get("min") if info.field_name == "max" else None
        if value is not None and low is not None and value < low:
            raise ValueError("max is less than min")
        return value


class ModelSpec(Section):
    """One entry of `models`: a kind of reading, declared without Python."""

    tags: tuple[str, ...] = ()
    fields: dict[str, FieldSpec] = Field(min_length=1)

    @field_validator("fields")
    @classmethod
    def _apart(cls, value: dict[str, FieldSpec], info: ValidationInfo) -> dict[str, FieldSpec]:
        if both := set(info.data.get("tags", ())) & set(value):
            raise ValueError(f"{', '.join(sorted(both))}: a tag and a field cannot share a name")
        return value


class StoreSpec(Section):
    """One entry of `stores`; its name is the name of its cursor."""

    kind: Literal["sqlite"] = "sqlite"
    path: Path | None = None
    start: Literal["start", "now"] = Field("start", alias="from")
    when_behind: Literal["pause", "drop_oldest"] = "pause"


class Batch(Section):
    """`batch`: when a store is sent what has gathered: whichever of the three comes first."""

    max_points: int = Field(5000, ge=1, le=100_000)
    max_bytes: Annotated[int, BeforeValidator(parse_size), Field(ge=1)] = 4 * 2**20
    max_delay: Duration = 1.0


class Journal(Section):
    """`journal`: the queue on disk. `keep` holds on to what every store already has, for replays."""

    max_bytes: Annotated[int, BeforeValidator(parse_size), Field(ge=2**20)] = 4 * 2**30
    group_ms: int = Field(100, ge=0, le=60_000)
    keep: Duration = 0.0


class DeadLetters(Section):
    """`deadletters`: what was set aside, kept for people to see and to replay."""

    max_bytes: Annotated[int, BeforeValidator(parse_size), Field(ge=2**16)] = 256 * 2**20


class Bucket(Section):
    """One row of `buckets`."""

    name: str = Field(min_length=1)
    description: str = ""
    retention: Annotated[float, BeforeValidator(parse_duration), Field(gt=0)] | None = None


class Web(Section):
    """`web`: health and metrics over HTTP. With `token`, all but /livez and /readyz ask for it (Bearer)."""

    host: Annotated[str, Field(min_length=1), AfterValidator(_host)] = "127.0.0.1"
    port: int = Field(8321, ge=0, le=65535)
    token: Annotated[Secret, AfterValidator(_bearer)] | None = None


class Config(Section):
    """All of it. Relative paths start at the folder of the file it was read from."""

    data_dir: Path = Path("data")
    timezone: TimeZone = "UTC"
    mqtt: Mqtt = Mqtt()
    routes: tuple[Route, ...] = ()
    models: dict[str, ModelSpec] = {}
    stores: dict[StoreName, StoreSpec] = {"local": StoreSpec()}
    batch: Batch = Batch()
    journal: Journal = Journal()
    deadletters: DeadLetters = DeadLetters()
    buckets: tuple[Bucket, ...] = ()
    web: Web = Web()

    @field_validator("stores")
    @classmethod
    def _some_store(cls, value: dict[str, StoreSpec]) -> dict[str, StoreSpec]:
        if not value:
            raise ValueError("name at least one store, or what arrives is stored nowhere")
        return value

    @field_validator("buckets")
    @classmethod
    def _each_bucket_once(cls, value: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
        names = [bucket.name for bucket in value]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"declared twice: {', '.join(sorted(twice))}")
        return value

    def store_path(self, name: str) -> Path:
        """The folder of the files of an embedded store."""
        return self.stores[name].path or self.data_dir / "stores" / name
