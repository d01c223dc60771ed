"""The three sides of a store that is backed up or restored reading by reading."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from ingestor.config import Config
from ingestor.ports import Buckets, FieldType, Store
from ingestor.reader.source import Source
from ingestor.reader.sources import make_source
from ingestor.reader.sqlitesource import SqliteSource
from ingestor.stores import make_buckets, make_store
from ingestor.stores.sqlite import SqliteStore
from ingestor.stores.sqlitebuckets import SqliteBuckets


class Doors(NamedTuple):
    """What reads a store, what writes it, and what sees its buckets; all of them entered."""

    source: Source
    store: Store
    buckets: Buckets

    async def several_types(self, bucket: str, measurement: str) -> dict[str, str]:
        """The fields whose values are of several types in the store, and of which; no column can hold them."""
        held = await self.store.field_types(bucket)
        return {
            name: " and ".join(sorted(kind.value for kind in kinds))
            for (of, name), kinds in (held or {}).items()
            if of == measurement and len(kinds) > 1 and not kinds <= {FieldType.INT, FieldType.FLOAT}
        }


@asynccontextmanager
async def doors_of(config: Config, name: str) -> AsyncIterator[Doors]:
    """A store of the configuration; nothing of it needs to be up yet."""
    async with _entered(
        Doors(make_source(config, name), make_store(config, name), make_buckets(config, name))
    ) as doors:
        yield doors


@asynccontextmanager
async def doors_of_folder(folder: Path) -> AsyncIterator[Doors]:
    """An embedded store in a folder."""
    async with _entered(Doors(SqliteSource(folder), SqliteStore(folder), SqliteBuckets(folder))) as doors:
        yield doors


@asynccontextmanager
async def _entered(doors: Doors) -> AsyncIterator[Doors]:
    async with AsyncExitStack() as stack:
        for one in doors:
            await stack.enter_async_context(one)
        yield doors
