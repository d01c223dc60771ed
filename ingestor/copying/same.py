"""Whether both ends of a copy are one store, by whatever path or address each of them was named."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ingestor.errors import StoreError
from ingestor.stores.sqlite import bucket_path

if TYPE_CHECKING:
    from ingestor.stores.influxdb.server import Server

_PORTS: Final = {"http": 80, "https": 443}
_INSTANCE: Final = re.compile(rb'^influxdb_uptime_seconds\{id="(\w+)"', re.MULTILINE)


async def onto_itself(origin: "Path | Server", target: "Path | Server", pairs: Sequence[tuple[str, str]]) -> str | None:
    """The first bucket that would be copied onto itself; None where there is none.

    Args:
        origin: Where it is read: the folder of an embedded store, or a server.
        target: Where it is written.
        pairs: Names of buckets, and their names in the other store.
    """
    if isinstance(origin, Path) and isinstance(target, Path):
        files = ((old, bucket_path(origin, old), bucket_path(target, new)) for old, new in pairs)
        return next((old for old, one, other in files if _is_one_file(one, other)), None)
    if isinstance(origin, Path) or isinstance(target, Path):
        return None
    same = next((old for old, new in pairs if old == new), None)
    return same if same is not None and await _is_one_server(origin, target) else None


def _is_one_file(one: Path, other: Path) -> bool:
    """Whether both paths lead to one file, through links and mounts; it need not be there."""
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    with suppress(OSError):
        return one.samefile(other)
    return False


async def _is_one_server(one: "Server", other: "Server") -> bool:
    """Whether both are one organisation of one server: by its address, or by what the server calls itself."""
    if one.org and other.org and one.org != other.org:
        return False
    if _address(one.url) == _address(other.url):
        return True
    name = await _instance(one)
    return name is not None and name == await _instance(other)


def _address(url: str) -> tuple[str, int | None, str]:
    """Host, port and path, each spelt in one way; all names that this machine has for itself are one."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    with suppress(ValueError):
        host = "localhost" if ip_address(host).is_loopback else str(ip_address(host))
    return host, parts.port or _PORTS.get(parts.scheme), parts.path.rstrip("/")


async def _instance(server: "Server") -> str | None:
    """What an InfluxDB 2 calls itself in its metrics; None where it tells none, or does not answer."""
    from ingestor.stores.influxdb.client import Client  # noqa: PLC0415 - nobody else pays for an HTTP client

    with suppress(StoreError):
        async with Client(server) as client:
            request = client.api.call_api("/metrics", "GET", _preload_content=False)
            found = _INSTANCE.search((await client.answer(request)).body)
            return found[1].decode() if found else None
    return None
