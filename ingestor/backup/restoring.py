"""From a backup of any kind and a store of the configuration to what is there again."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from ingestor.backup.making import NEEDS_ARROW
from ingestor.backup.record import INFLUXDB, LOGICAL, SQLITE, BackupError
from ingestor.config import Config
from ingestor.stores import influx_server


class Again(NamedTuple):
    """A bucket that is there again.

    Attributes:
        bucket: Its name in the backup.
        to: Its name now.
        amount: How much it has of what `unit` says.
        unit: points, or of InfluxDB shards.
        size: Bytes of the files that it came from.
        problems: What is not as it was.
    """

    bucket: str
    to: str
    amount: int
    unit: str
    size: int
    problems: Sequence[str] = ()


async def restore_into(
    config: Config,
    store: str,
    folder: Path,
    *,
    kind: str,
    buckets: Sequence[str] = (),
    new_bucket: str | None = None,
    org: str | None = None,
    full: bool = False,
    on_progress: Callable[[float, int], None] = lambda *_: None,
) -> Sequence[Again]:
    """Restore buckets of a backup; returns what is there then.

    Args:
        config: With that store.
        store: Its name; of the kind that the backup asks for.
        folder: Of the backup.
        kind: Of which kind that is.
        buckets: Only these; all if there is none.
        new_bucket: The name of the one bucket from now on.
        org: Of a backup of InfluxDB: the organisation that they were in, where it has several.
        full: Of such a one: all of the server, in place of what is there.
        on_progress: Called with the share that is done, from 0 to 1, and with bytes read so far.

    Raises:
        BackupError: It is refused, and nothing was changed; or it broke off, and the text tells what is left.
        StoreError: The store cannot be asked, and nothing was changed.
    """
    if kind == INFLUXDB:
        from ingestor.backup.influxrestore import InfluxRestore, Wish  # noqa: PLC0415 - each needs what others do not

        job = InfluxRestore(influx_server(config.stores[store]), folder, on_progress=on_progress)
        done = await job.run(Wish(buckets, new_bucket, org, full))
        return [Again(one.bucket, one.to, one.shards, "shards", one.size, tuple(one.problems)) for one in done]
    if kind == SQLITE:
        from ingestor.backup.embeddedrestore import EmbeddedRestore  # noqa: PLC0415

        restored = await EmbeddedRestore(config.store_path(store), folder, on_progress=on_progress).run(
            buckets, new_bucket
        )
    elif kind == LOGICAL:
        if find_spec("pyarrow") is None:
            raise BackupError(NEEDS_ARROW)
        from ingestor.backup.doors import doors_of  # noqa: PLC0415
        from ingestor.backup.logicalrestore import LogicalRestore  # noqa: PLC0415

        async with doors_of(config, store) as doors:
            restored = await LogicalRestore(doors, store, folder, on_progress=on_progress).run(buckets, new_bucket)
    else:
        raise BackupError(f"{folder} is of kind {kind}, which is not known here")
    return [Again(one.bucket, one.to, one.points, "points", one.size, one.problems) for one in restored]
