"""The service's own way into a store, for scripts and notebooks."""

import asyncio
import logging
import os
import time as clocks
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from ingestor import configfile, state
from ingestor.config import Config
from ingestor.encode.types import FieldKey, Registered, TypeRegistry
from ingestor.errors import DataDirError, StoreError
from ingestor.ports import Flaw, Point, Reason, Series, Store
from ingestor.retry import Backoff
from ingestor.routing.place import storable
from ingestor.routing.wire import TAG_RULE
from ingestor.stores import choose, make_store
from ingestor.writer.engine import BatchWriter, OnFault
from ingestor.writer.pointmaker import PointMaker, nanoseconds
from ingestor.writer.sync import SyncWriter
from sensors import Measurement

_log = logging.getLogger(__name__)

_ADVICE = "Write the same again later: what it may have stored after all is not stored twice if the time is the same"


class SetAside(NamedTuple):
    """A reading that will never be stored, or some fields of it, and why; `str()` of it is a line for a person.

    With `fields` the rest of the reading was stored; without, nothing of it was.
    """

    reading: Measurement
    reason: Reason
    detail: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = f"{', '.join(self.fields)} of {self.reading!r}" if self.fields else repr(self.reading)
        return f"{what} was not stored: {self.detail}"


class Report(NamedTuple):
    """What became of readings: how many are stored, and what was set aside; `str()` of it is for a person."""

    stored: int
    set_aside: tuple[SetAside, ...] = ()

    def __str__(self) -> str:
        return "\n".join([f"{self.stored:,} stored", *map(str, self.set_aside)])


class Writer:
    """Stores readings as the service does: in batches, with retries, one bad reading harms no other, types are kept.

    Use `from_config`, as an async context manager; or `from_config(...).sync()` where nothing is async.

    Args:
        name: The store's name.
        store: Where to; entered and left by this.
        known: The types of fields that are registered.
        deadline_secs: How long a batch is tried while the store is away.
        max_points: How many readings make a batch.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        *,
        known: Mapping[FieldKey, Registered],
        deadline_secs: float = 30.0,
        max_points: int = 5_000,
    ) -> None:
        self._store = store
        self._deadline_secs = deadline_secs
        self._max_points = max_points
        self._points = PointMaker()
        self._turn = asyncio.Lock()
        backoff = Backoff(first_secs=0.5, cap_secs=5.0)
        self._engine = BatchWriter(name, store, types=TypeRegistry(known), on_fault=OnFault.RAISE, backoff=backoff)

    @classmethod
    def from_config(
        cls, path: Path | str | None = None, *, store: str | None = None, deadline_secs: float = 30.0
    ) -> Self:
        """A writer to a store of the configuration. The service may run meanwhile, or on another machine.

        Args:
            path: The configuration file; None for `config.yaml` in the working directory.
            store: Which of its stores; not needed where there is only one.
            deadline_secs: How long to try while the store is away.

        Raises:
            ConfigError: The configuration cannot be used, or it is not clear which store is meant.
        """
        config = configfile.load(None if path is None else Path(path), environ=os.environ)
        name = choose(config, store)
        return cls(
            name,
            make_store(config, name),
            known=_registered(config, name),
            deadline_secs=deadline_secs,
            max_points=config.batch.max_points,
        )

    def sync(self) -> SyncWriter:
        """The same for code that is not async, also inside of a notebook: `with Writer.from_config().sync() as w:`."""
        return SyncWriter(self)

    async def __aenter__(self) -> Self:
        await self._store.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._store.__aexit__(kind, error, trace)

    async def write(
        self,
        readings: Measurement | Iterable[Measurement],
        *,
        bucket: str,
        measurement: str | None = None,
        time: datetime | int | None = None,
    ) -> Report:
        """Return when the readings are stored, with what was set aside and why.

        Args:
            readings: One of them, or any number.
            bucket: Where they go.
            measurement: The same; the name of the model in the catalog (or of the class) where it is None.
            time: When they were measured: an aware datetime, or nanoseconds since 1970 UTC. Where it is None, what
                each reading says, or else now, each a little later than the one before.

        Raises:
            TypeError: The readings are none, or the time is no time.
            ValueError: The time, bucket or measurement cannot be stored.
            StoreUnavailableError: The store took no batch for `deadline_secs`.
            StoreMisconfiguredError: It will take none until a person acts.
            BucketError: This bucket cannot be written.
        """
        _check(bucket, "bucket")
        _check(measurement, "measurement")
        time_ns = nanoseconds(time)
        rest = iter((readings,) if isinstance(readings, Measurement) else readings)
        done = stored = 0
        set_aside: list[SetAside] = []
        async with self._turn:
            while some := list(islice(rest, self._max_points)):
                try:
                    report = await self._write(some, bucket=bucket, measurement=measurement, time_ns=time_ns)
                except StoreError as error:
                    if done:
                        error.add_note(f"The first {done:,} readings were stored, or set aside for good.")
                    raise
                done += len(some)
                stored += report.stored
                set_aside += report.set_aside
        return Report(stored, tuple(set_aside))

    async def _write(
        self, readings: list[Measurement], *, bucket: str, measurement: str | None, time_ns: int | None
    ) -> Report:
        """One batch."""
        kept: list[Measurement] = []
        points: list[Point] = []
        set_aside = []
        for reading in readings:
            if not isinstance(reading, Measurement):
                raise TypeError(f"{reading!r} is no reading: make one with a model of sensors, like Climate(...)")
            made = self._points.make(
                reading, bucket=bucket, measurement=measurement, time_ns=time_ns, now_ns=clocks.time_ns()
            )
            if isinstance(made, Flaw):
                set_aside.append(SetAside(reading, made.reason, made.detail))
            else:
                kept.append(reading)
                points.append(made)
        if time_ns is not None:
            _refuse_doubles(points)
        outcome = await self._engine.write_within(points, self._deadline_secs, advice=_ADVICE)
        for at, reason, detail, fields in outcome.rejections:
            set_aside.append(SetAside(kept[at], reason, detail, fields))
        lost = {rejection.at for rejection in outcome.rejections if not rejection.fields}
        return Report(len(points) - len(lost), tuple(set_aside))


def _registered(config: Config, name: str) -> Mapping[FieldKey, Registered]:
    """What the service on this machine has registered; where there is none, the store's own types do."""
    path = config.data_dir / state.FILE_NAME
    try:
        return state.read_field_types(path, name) if path.exists() else {}
    except (DataDirError, OSError) as error:  # a folder that only the service may look into
        _log.warning("registered_types_unknown store=%s reason=%s", name, error)
        return {}


def _check(name: str | None, what: str) -> None:
    if name is not None and not (storable(name) and name.isprintable()):
        raise ValueError(f"{what} {name!r}: {TAG_RULE}, of printable characters")


def _refuse_doubles(points: Iterable[Point]) -> None:
    """Refuse readings that would be one point, of which the store keeps the last.

    Raises:
        ValueError: There are such readings.
    """
    seen: set[Series] = set()
    for series in (point.series for point in points):
        if series in seen:
            raise ValueError(f"several readings of {series!r} at one time would be one point; leave out time=")
        seen.add(series)
