"""The single values that the configuration is made of: how each is written, and what cannot be one."""

import re
from typing import Annotated
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, SecretStr

_DURATION_SECS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SIZE_BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "kB": 10**3, "MB": 10**6, "GB": 10**9}
_MQTT_BYTES = 65_535
_TAG_LENGTH = 4_096
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


def _task_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value):
        raise ValueError("the name of a task is 1 to 64 letters, digits, - or _ (it stands in topics and metrics)")
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


def host_name(value: str) -> str:
    """The name or address of a machine.

    Raises:
        ValueError: It cannot be one.
    """
    if not value.isprintable():
        raise ValueError("a host name has no control characters")
    try:
        value.encode("idna")
    except UnicodeError:
        raise ValueError(f"{value} is no host name: a part of it is empty or too long") from None
    return value


def _header(value: SecretStr) -> SecretStr:
    """What a header of HTTP can carry; users and passwords of InfluxDB 1 have spaces and signs of their own."""
    if not value.get_secret_value().isprintable() or not value.get_secret_value().isascii():
        raise ValueError("a token is printable ASCII, without line breaks")
    return value


def http_address(value: str, *, user: bool = False) -> str:
    """An address of an HTTP server, without a slash at its end.

    Args:
        value: What was written.
        user: Whether it may name a user and a password.

    Raises:
        ValueError: It is no such address.
    """
    match = re.fullmatch(r"https?://([^/@?#\s]*@)?(\[[0-9A-Fa-f:.]+\]|[^/@?#:\[\]\s]+)(:\d{1,5})?(/[^?#\s]*)?", value)
    if not match or (match[3] and not 0 < int(match[3][1:]) < 65536):
        raise ValueError("an address here is http://HOST[:PORT] or https://HOST[:PORT]")
    if match[1] and not user:
        raise ValueError("put the token into token, not into url")
    if match[1] and not _is_latin1(unquote(match[1])):
        raise ValueError("HTTP cannot carry every sign of its user and password: take those of Latin-1")
    host_name(match[2])
    return value.rstrip("/")


def _tag(value: str) -> str:
    if not 0 < len(value) <= _TAG_LENGTH or "\n" in value or "\r" in value:
        raise ValueError(f"a tag is text of 1 to {_TAG_LENGTH:,} characters in one line")
    return value


def _tag_name(value: str) -> str:
    if not value.strip() or not value.isprintable() or value == "time":
        raise ValueError("the name of a tag is printable text, and not time, which is that of the reading")
    return value


def _is_latin1(text: str) -> bool:
    return all(ord(sign) < 256 for sign in text)


def _written(secs: float) -> str:
    """A duration as JSON gives it, which can be read again."""
    return f"{secs:.9f}s"


Duration = Annotated[float, BeforeValidator(parse_duration), PlainSerializer(_written, when_used="json")]
Size = Annotated[int, BeforeValidator(parse_size)]
Number = Annotated[float, Field(allow_inf_nan=False)]
TagName = Annotated[str, AfterValidator(_tag_name)]
Tags = dict[TagName, Annotated[str, AfterValidator(_tag)]]
TimeZone = Annotated[str, AfterValidator(_zone)]
Secret = Annotated[SecretStr, Field(min_length=1)]
MqttText = Annotated[str, Field(min_length=1), AfterValidator(_mqtt_text)]
StoreName = Annotated[str, AfterValidator(_store_name)]
TaskName = Annotated[str, AfterValidator(_task_name)]
GroupName = Annotated[str, AfterValidator(_group_name)]
MqttSecret = Annotated[Secret, AfterValidator(_mqtt_secret)]
BearerToken = Annotated[Secret, AfterValidator(_bearer)]
HeaderSecret = Annotated[Secret, AfterValidator(_header)]
Version = BeforeValidator(_version)
HostName = Annotated[str, Field(min_length=1), AfterValidator(host_name)]
