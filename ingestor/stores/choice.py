"""Which store of the configuration a script or a command means."""

from ingestor.config import Config
from ingestor.errors import ConfigError, Problem


def choose(config: Config, store: str | None) -> str:
    """The name of the store that a script means; None is the only one.

    Raises:
        ConfigError: There are several, or none of that name.
    """
    names = ", ".join(config.stores)
    if store is None and len(config.stores) == 1:
        return next(iter(config.stores))
    if store is None:
        raise ConfigError([Problem(f"there are several stores, {names}: say which with store=", "stores")])
    if store not in config.stores:
        raise ConfigError([Problem(f"no store is called {store!r}; there is {names}", "stores")])
    return store
