"""Where points end up; and what makes a store, and what sees its buckets, from its configuration."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ingestor.config import Bucket, Config, StoreSpec
from ingestor.ports import BucketInfo, Buckets, Store
from ingestor.stores.choice import choose
from ingestor.stores.sqlite import SqliteStore
from ingestor.stores.sqlitebuckets import SqliteBuckets

if TYPE_CHECKING:
    from ingestor.stores.influxdb.server import Server


def make_store(config: Config, name: str) -> Store:
    """The store of that name in `stores`; the caller enters and leaves it."""
    spec = config.stores[name]
    if spec.kind == "sqlite":
        return SqliteStore(config.store_path(name))
    from ingestor.stores.influxdb.store import InfluxStore  # noqa: PLC0415 - nobody else pays for an HTTP client

    return InfluxStore(influx_server(spec), create=spec.create_buckets, declared=bucket_infos(config.buckets))


def make_buckets(config: Config, name: str) -> Buckets:
    """The buckets of the store of that name in `stores`; the caller enters and leaves what it gets."""
    spec = config.stores[name]
    if spec.kind == "sqlite":
        return SqliteBuckets(config.store_path(name))
    from ingestor.stores.influxdb.api import InfluxApi  # noqa: PLC0415

    return InfluxApi(influx_server(spec))


def bucket_infos(declared: Iterable[Bucket]) -> Sequence[BucketInfo]:
    """How stores are to have the buckets that were declared."""
    return [BucketInfo(bucket.name, bucket.description, bucket.retention) for bucket in declared]


def influx_server(spec: StoreSpec) -> "Server":
    """Where the server of a store of kind influxdb is, and how to be let in."""
    from ingestor.stores.influxdb.server import Server  # noqa: PLC0415

    return Server(spec.url or "", spec.org, spec.token, spec.ca, spec.proxy, spec.timeout)


__all__ = ["bucket_infos", "choose", "influx_server", "make_buckets", "make_store"]
