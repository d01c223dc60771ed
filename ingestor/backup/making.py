"""From a store of the configuration to what backs it up."""

from collections.abc import Callable, Coroutine, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ingestor.backup.job import Backup
from ingestor.backup.record import BackupError
from ingestor.config import Config
from ingestor.stores import influx_server

Tell = Callable[[float, int], None]
"""Called with the share that is done, from 0 to 1, and with bytes so far."""

NEEDS_ARROW = "a logical backup needs pyarrow: pip install 'ingestor[reader]'"


def make_of(
    config: Config,
    store: str,
    buckets: Sequence[str] = (),
    *,
    logical: bool = False,
    on_progress: Tell = lambda *_: None,
) -> Callable[[Path], Coroutine[Any, Any, Backup]]:
    """What makes a backup of a store in a directory, as that store has it; or reading by reading.

    Args:
        config: With that store.
        store: Its name.
        buckets: Only these; all if there is none.
        logical: Whether to back it up reading by reading, whatever it is.
        on_progress: Called now and then.

    Raises:
        BackupError: It needs what is not installed.
    """
    spec = config.stores[store]
    if logical:
        if find_spec("pyarrow") is None:
            raise BackupError(NEEDS_ARROW)
        return _logical(config, store, buckets, on_progress)
    if spec.kind == "sqlite":
        from ingestor.backup.embedded import EmbeddedBackup  # noqa: PLC0415 - each needs what the others do not

        return EmbeddedBackup(config.store_path(store), store, buckets, on_progress=on_progress).run
    from ingestor.backup.influx import InfluxBackup  # noqa: PLC0415

    server = influx_server(spec)
    return InfluxBackup(server, store, buckets, on_progress=lambda seen: on_progress(seen.share, seen.done)).run


def _logical(
    config: Config, store: str, buckets: Sequence[str], on_progress: Tell
) -> Callable[[Path], Coroutine[Any, Any, Backup]]:
    from ingestor.backup.doors import doors_of  # noqa: PLC0415
    from ingestor.backup.logical import LogicalBackup  # noqa: PLC0415

    async def make(directory: Path) -> Backup:
        async with doors_of(config, store) as doors:
            return await LogicalBackup(doors, store, buckets, on_progress=on_progress).run(directory)

    return make
