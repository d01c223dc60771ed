"""What can be configured: one frozen model, its defaults, and what each key means.

What depends on two keys is checked at the later of them, from what is valid so far, so that one fault never hides
another and each has a line of its own.

`configfile.load` fills it from `config.yaml`, the environment and secret files. Durations are seconds, sizes are
bytes; in the file both carry a unit (`30s`, `4GiB`).
"""

import re
from ipaddress import IPv6Address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from ingestor.config.devices import Device, overlapping
from ingestor.config.models import ModelSpec
from ingestor.config.routes import Route
from ingestor.config.section import Section
from ingestor.config.tasks import TaskSpec, with_kinds, written_alike
from ingestor.config.values import (
    BearerToken,
    Duration,
    GroupName,
    HeaderSecret,
    HostName,
    MqttSecret,
    MqttText,
    Secret,
    StoreName,
    TaskName,
    TimeZone,
    Version,
    host_name,
    http_address,
    parse_duration,
    parse_size,
)

_KEYS_OF_KIND = {
    "sqlite": ("path",),
    "influxdb": ("url", "org", "token", "create_buckets", "timeout", "ca", "proxy"),
}


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
    protocol: Annotated[Literal["auto", "5", "3.1.1"], Version] = "auto"
    client_id: MqttText | None = None
    username: MqttText | None = None
    password: MqttSecret | None = None
    tls: Tls = Tls()
    keep_alive: Annotated[float, BeforeValidator(parse_duration), Field(ge=1, le=65535)] = 30.0
    max_packet: Annotated[int, BeforeValidator(parse_size), Field(ge=1024, le=268_435_455)] = 8 * 2**20
    shared_group: GroupName | None = None
    embedded_broker: bool = False
    embedded_users: dict[Annotated[str, Field(min_length=1)], Secret] = Field({})

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
        host_name(match[2])
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


class StoreSpec(Section):
    """One entry of `stores`; its name is the name of its cursor. Which keys it has depends on its kind."""

    kind: Literal["sqlite", "influxdb"] = "sqlite"
    path: Path | None = None
    url: str | None = Field(None, validate_default=True)
    org: str | None = None
    token: HeaderSecret | None = None
    create_buckets: bool = False
    timeout: Annotated[float, BeforeValidator(parse_duration), Field(ge=1, le=600)] = 30.0
    ca: Path | None = None
    proxy: Secret | None = None
    start: Literal["start", "now"] = Field("start", alias="from")
    when_behind: Literal["pause", "drop_oldest"] = "pause"

    @field_validator(*_KEYS_OF_KIND["sqlite"], *_KEYS_OF_KIND["influxdb"])
    @classmethod
    def _of_its_kind(cls, value: object, info: ValidationInfo) -> object:
        kind, name = info.data.get("kind"), info.field_name or ""
        if kind is not None and value != cls.model_fields[name].default and name not in _KEYS_OF_KIND[kind]:
            raise ValueError(f"a store of kind {kind} has no {name}")
        return value

    @field_validator("url")
    @classmethod
    def _address(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            if info.data.get("kind") == "influxdb":
                raise ValueError("a store of kind influxdb needs url: http://HOST:8086, or https://HOST")
            return None
        return http_address(value)

    @field_validator("ca")
    @classmethod
    def _ca_used(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and (info.data.get("url") or "").startswith("http://"):
            raise ValueError("set, but url begins with http://, which is without TLS; write https://")
        return value

    @field_validator("proxy")
    @classmethod
    def _proxy_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            http_address(value.get_secret_value(), user=True)
        return value


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

    host: HostName = "127.0.0.1"
    port: int = Field(8321, ge=0, le=65535)
    token: BearerToken | None = None


class Config(Section):
    """All of it. Relative paths start at the folder of the file it was read from."""

    data_dir: Path = Path("data")
    timezone: TimeZone = "UTC"
    mqtt: Mqtt = Mqtt()
    routes: tuple[Route, ...] = ()
    models: dict[str, ModelSpec] = Field({})
    devices_file: Path | None = None
    devices: tuple[Device, ...] = ()
    stores: dict[StoreName, StoreSpec] = Field({"local": StoreSpec()})
    batch: Batch = Batch()
    journal: Journal = Journal()
    deadletters: DeadLetters = DeadLetters()
    buckets: tuple[Bucket, ...] = ()
    tasks: dict[TaskName, TaskSpec] = Field({})
    web: Web = Web()

    @field_validator("stores")
    @classmethod
    def _some_store(cls, value: dict[str, StoreSpec]) -> dict[str, StoreSpec]:
        if not value:
            raise ValueError("name at least one store, or what arrives is stored nowhere")
        return value

    @field_validator("devices")
    @classmethod
    def _one_row_at_a_time(cls, value: tuple[Device, ...]) -> tuple[Device, ...]:
        if (twice := overlapping(value)) is not None:
            raise ValueError(
                f"two rows of device {twice} hold at the same time; end one with until, begin one with from"
            )
        return value

    @field_validator("buckets")
    @classmethod
    def _each_bucket_once(cls, value: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
        names = [bucket.name for bucket in value]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"declared twice: {', '.join(sorted(twice))}")
        return value

    @field_validator("tasks", mode="before")
    @classmethod
    def _kinds(cls, value: object) -> object:
        return with_kinds(value)

    @field_validator("tasks")
    @classmethod
    def _told_apart(cls, value: dict[str, TaskSpec]) -> dict[str, TaskSpec]:
        if (alike := written_alike(value)) is not None:
            raise ValueError(
                f"{' and '.join(alike)} store weather under the same tags of one bucket, where each would replace what "
                "the other stored; give one of them tags: {site: NAME}"
            )
        return value

    def store_path(self, name: str) -> Path:
        """The folder of the files of a store of kind sqlite."""
        return self.stores[name].path or self.data_dir / "stores" / name
