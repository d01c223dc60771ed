"""The two ends of a copy: a store of the configuration, or one at an address, to be read and to be written."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ingestor.config import Config
from ingestor.errors import IngestorError
from ingestor.ports import BucketInfo, Buckets, FieldType, Store
from ingestor.reader.question import QuestionError
from ingestor.reader.source import Source
from ingestor.reader.sources import make_source, place_at, source_at
from ingestor.stores import influx_server, make_buckets, make_store
from ingestor.stores.sqlite import SqliteStore
from ingestor.stores.sqlitebuckets import SqliteBuckets

if TYPE_CHECKING:
    from ingestor.stores.influxdb.server import Server

_TOGETHER = {FieldType.INT, FieldType.FLOAT}


class CopyError(IngestorError):
    """What was asked for cannot be copied or compared; the text says what is allowed."""


class End(NamedTuple):
    """A store, before anything of it is opened.

    Attributes:
        place: Where it is, for people and for the notes of a copy; there is no token in it.
        at: The folder, or the server.
        source: Makes what reads it.
        store: Makes what writes it.
        buckets: Makes what sees its buckets.
        may_mix: Whether a field may hold values of several types there.
    """

    place: str
    at: "Path | Server"
    source: Callable[[], Source]
    store: Callable[[], Store]
    buckets: Callable[[], Buckets]
    may_mix: bool


class Opened(NamedTuple):
    """An end that can be used."""

    place: str
    at: "Path | Server"
    source: Source
    store: Store
    buckets: Buckets
    may_mix: bool

    async def bucket(self, name: str) -> BucketInfo | None:
        """What it knows of a bucket; None where there is none, or the token may not see it."""
        return next((bucket for bucket in await self.buckets.list() if bucket.name == name), None)

    async def mixed(self, bucket: str) -> Mapping[tuple[str, str], str]:
        """The fields, by measurement and name, whose values are of types that no column can hold; and which these are.

        Whole numbers beside others are read as floats, and so are no such fields.
        """
        held = await self.store.field_types(bucket) if self.may_mix else None
        return {
            key: " and ".join(sorted(kinds))
            for key, kinds in (held or {}).items()
            if len(kinds) > 1 and not kinds <= _TOGETHER
        }


def find_end(config: Config, word: str) -> End:
    """The store that somebody means.

    Args:
        config: Its stores.
        word: The name of one of them, or an address as `Reader` takes it.

    Raises:
        CopyError: It is neither. An address is never shown: there may be a token in it.
    """
    if word in config.stores:
        return _configured(config, word)
    if ":" not in word:
        names = ", ".join(config.stores)
        raise CopyError(f"no store is called {word!r}; there is {names}, or an address like sqlite:FOLDER")
    try:
        place = place_at(word)
    except QuestionError as error:
        raise CopyError(str(error)) from None
    if isinstance(place, Path):
        return End(
            _of_folder(place),
            place,
            lambda: source_at(word),
            lambda: SqliteStore(place),
            lambda: SqliteBuckets(place),
            may_mix=False,
        )
    from ingestor.stores.influxdb.api import InfluxApi  # noqa: PLC0415 - nobody else pays for an HTTP client
    from ingestor.stores.influxdb.store import InfluxStore  # noqa: PLC0415

    return End(
        _of_server(place.url, place.org),
        place,
        lambda: source_at(word),
        lambda: InfluxStore(place),
        lambda: InfluxApi(place),
        may_mix=True,
    )


@asynccontextmanager
async def opened(end: End) -> AsyncIterator[Opened]:
    """The end, ready for use; nothing of it needs to be up yet."""
    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(end.source())
        store = await stack.enter_async_context(end.store())
        buckets = await stack.enter_async_context(end.buckets())
        yield Opened(end.place, end.at, source, store, buckets, end.may_mix)


def _configured(config: Config, name: str) -> End:
    spec = config.stores[name]
    sqlite = spec.kind == "sqlite"
    return End(
        _of_folder(config.store_path(name)) if sqlite else _of_server(spec.url or "", spec.org),
        config.store_path(name) if sqlite else influx_server(spec),
        lambda: make_source(config, name),
        lambda: make_store(config, name),
        lambda: make_buckets(config, name),
        may_mix=not sqlite,
    )


def _of_folder(path: Path) -> str:
    return f"sqlite:{path.absolute()}"


def _of_server(url: str, org: str | None) -> str:
    return f"{url.rstrip('/')}/{org or ''}".rstrip("/")
