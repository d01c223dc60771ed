"""Which store is read: one of the configuration, or one that an address names."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr

from ingestor.config import Config
from ingestor.reader.question import QuestionError
from ingestor.reader.source import Source
from ingestor.reader.sqlitesource import SqliteSource
from ingestor.stores import influx_server

if TYPE_CHECKING:
    from ingestor.stores.influxdb.server import Server

_RULE = "an address of a store is sqlite:FOLDER, or influxdb://TOKEN@HOST:8086/ORG (influxdbs:// with TLS)"
_HTTP = {"influxdb": "http", "influxdbs": "https"}


def make_source(config: Config, name: str) -> Source:
    """The store of that name in `stores`; the caller enters and leaves it."""
    spec = config.stores[name]
    if spec.kind == "sqlite":
        return SqliteSource(config.store_path(name))
    from ingestor.reader.influxsource import InfluxSource  # noqa: PLC0415 - nobody else pays for an HTTP client

    return InfluxSource(influx_server(spec))


def source_at(address: str) -> Source:
    """The store at an address.

    Raises:
        QuestionError: It is no such address. What is said never shows it: there may be a token in it.
    """
    place = place_at(address)
    if isinstance(place, Path):
        return SqliteSource(place)
    from ingestor.reader.influxsource import InfluxSource  # noqa: PLC0415

    return InfluxSource(place)


def place_at(address: str) -> "Path | Server":
    """The folder or the server of an address; signs in a token that have a meaning there are written as `%40`.

    Raises:
        QuestionError: It is no such address. What is said never shows it: there may be a token in it.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise QuestionError(_RULE) from None
    if parts.scheme == "sqlite" and (folder := address.removeprefix("sqlite:")):
        return Path(folder).expanduser()
    if parts.scheme in _HTTP and parts.hostname and not parts.query:
        return _server(parts, port)
    raise QuestionError(_RULE)


def _server(parts: SplitResult, port: int | None) -> "Server":
    from ingestor.stores.influxdb.server import Server  # noqa: PLC0415

    user, _, host = parts.netloc.rpartition("@")
    token = SecretStr(unquote(user)) if user else None
    address = host if port or parts.scheme == "influxdbs" else f"{host}:8086"
    return Server(f"{_HTTP[parts.scheme]}://{address}", unquote(parts.path.strip("/")) or None, token)
