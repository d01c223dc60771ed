"""Where points end up, a store a file; and the one function that makes a store from its configuration."""

from ingestor.config import Config
from ingestor.ports import Store
from ingestor.stores.sqlite import SqliteStore


def make_store(config: Config, name: str) -> Store:
    """The store of that name in `stores`; the caller enters and leaves it."""
    return SqliteStore(config.store_path(name))


__all__ = ["make_store"]
