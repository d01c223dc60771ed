"""Where points end up; and the one function that makes a store from its configuration."""

from ingestor.config import Config, StoreSpec
from ingestor.ports import BucketInfo, Store
from ingestor.stores.sqlite import SqliteStore


def make_store(config: Config, name: str) -> Store:
    """The store of that name in `stores`; the caller enters and leaves it."""
    spec = config.stores[name]
    return _influxdb(config, spec) if spec.kind == "influxdb" else SqliteStore(config.store_path(name))


def _influxdb(config: Config, spec: StoreSpec) -> Store:
    from ingestor.stores.influxdb.server import Server  # noqa: PLC0415 - nobody else pays for an HTTP client
    from ingestor.stores.influxdb.store import InfluxStore  # noqa: PLC0415

    server = Server(spec.url or "", spec.org, spec.token, spec.ca, spec.proxy, spec.timeout)
    declared = [BucketInfo(bucket.name, bucket.description, bucket.retention) for bucket in config.buckets]
    return InfluxStore(server, create=spec.create_buckets, declared=declared)


__all__ = ["make_store"]
