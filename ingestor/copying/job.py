"""One copy: bucket by bucket and measurement by measurement, in stretches of time; what is done is noted after each."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ingestor.copying.ends import CopyError, Opened
from ingestor.copying.notes import BucketState, Notes, Task
from ingestor.copying.points import PointsOf
from ingestor.copying.same import onto_itself
from ingestor.copying.stretch import Stretches
from ingestor.encode.types import TypeRegistry
from ingestor.errors import BucketError
from ingestor.ports import BucketInfo, Point
from ingestor.reader.question import Interval, Question
from ingestor.reader.source import FieldInfo, Source
from ingestor.retry import Backoff
from ingestor.writer import BatchWriter, OnFault

DEADLINE_SECS = 60.0
"""How long one batch is tried while the store that is written is away."""

_ADVICE = "Start the same again later: it goes on where it was"

UTC = ZoneInfo("UTC")

_AIM_POINTS = 200_000  # of a stretch: what is done again at most, about
_FIRST_NS = 600 * 10**9
_BATCH = 5_000


class Bounds(NamedTuple):
    """What is copied or compared of every bucket: the time from `start_ns` until before `stop_ns`, and which kind."""

    start_ns: int
    stop_ns: int
    measurement: str | None = None


class Progress(NamedTuple):
    """How far it is: the share of the time, from 0 to 1, and how many points (or values) that were."""

    share: float
    done: int


@dataclass(frozen=True, slots=True)
class Copy:
    """What is copied.

    Attributes:
        pairs: Names of buckets, and their names in the other store; none for all, under the names that they have.
        bounds: Which time and measurement.
        now_ns: What time it is: what the other store would not keep is left out.
        batch: How many points are written at once.
    """

    pairs: Sequence[tuple[str, str]]
    bounds: Bounds
    now_ns: int
    batch: int = _BATCH

    async def run(
        self, origin: Opened, target: Opened, notes: Notes, *, on_progress: Callable[[Progress], None] = lambda _: None
    ) -> list[BucketState]:
        """Copy all of it, or the rest where it was broken off.

        Args:
            origin: The store that is read.
            target: The store that is written.
            notes: Where it is kept how far this is; they stay until somebody finishes them.
            on_progress: Called after each stretch.

        Returns:
            What became of each bucket. One that fails does not keep the others; with the next start it goes on.

        Raises:
            CopyError: There is no bucket, or one would be copied onto itself.
            DataDirError: The notes cannot be written.
            StoreUnavailableError: One of the stores is away; the next start goes on where this was.
            StoreMisconfiguredError: One of them refuses everything until a person acts.
        """
        states = notes.read() or [BucketState(*pair) for pair in await self._pairs(origin, target)]
        writer = BatchWriter(
            target.place,
            target.store,
            types=TypeRegistry({}),
            on_fault=OnFault.RAISE,
            backoff=Backoff(first_secs=0.5, cap_secs=5.0),
        )

        def note() -> None:
            share = sum(state.share for state in states) / len(states)
            on_progress(Progress(share, sum(state.points for state in states)))
            notes.write(states)

        for state in states:
            state.fault = None
            try:
                if state.tasks is None:
                    await self._plan(state, origin, target)
                    note()
                await _BucketRun(state, origin, writer, note, self.batch).run()
            except (BucketError, CopyError) as error:
                state.fault = str(error)
        return states

    async def _pairs(self, origin: Opened, target: Opened) -> Sequence[tuple[str, str]]:
        pairs = self.pairs or [(name, name) for name in await origin.source.buckets()]
        if not pairs:
            raise CopyError(f"{origin.place} has no buckets")
        if (same := await onto_itself(origin.at, target.at, pairs)) is not None:
            raise CopyError(f"{same!r} would be copied onto itself: name another store, or --bucket OLD=NEW")
        return pairs

    async def _plan(self, state: BucketState, origin: Opened, target: Opened) -> None:
        """Look what there is to be copied, and make the bucket where there is none.

        Raises:
            CopyError: There is no such measurement.
        """
        names = await origin.source.measurements(state.bucket)
        bucket = await target.bucket(state.to)
        if bucket is None:
            known = await origin.bucket(state.bucket) or BucketInfo(state.bucket)
            bucket = known._replace(name=state.to, description=known.description or "")
            await target.buckets.create(bucket)
            state.made = True
        keeps_ns = oldest_ns(self.now_ns, [bucket])
        tasks = []
        for name in chosen(names, self.bounds.measurement, state.bucket):
            span = await origin.source.span(state.bucket, name)
            if span is None:
                continue
            start_ns, stop_ns = max(span[0], self.bounds.start_ns), min(span[1] + 1, self.bounds.stop_ns)
            if start_ns < min(keeps_ns, stop_ns):
                fields = await _fields(origin, state.bucket, name, {})
                old = _question(state.bucket, name, (start_ns, min(keeps_ns, stop_ns)), fields)
                if values := await _count(origin.source, old):
                    state.older[name] = values
                start_ns = min(keeps_ns, stop_ns)
            if start_ns < stop_ns:
                tasks.append(Task(name, start_ns, stop_ns, start_ns))
        state.tasks = tasks


@dataclass(frozen=True, slots=True)
class _BucketRun:
    """Copies what is left of one bucket."""

    state: BucketState
    origin: Opened
    writer: BatchWriter
    note: Callable[[], None]
    batch: int

    async def run(self) -> None:
        state = self.state
        mixed = await self.origin.mixed(state.bucket)
        for task in state.tasks or ():
            if task.next_ns >= task.stop_ns:
                continue
            fields = await _fields(self.origin, state.bucket, task.measurement, mixed)
            if named := {
                field: kinds for (measurement, field), kinds in mixed.items() if measurement == task.measurement
            }:
                state.left_out[task.measurement] = named
            await self._measurement(task, fields)

    async def _measurement(self, task: Task, fields: Sequence[FieldInfo]) -> None:
        points_of = PointsOf(self.state.to, task.measurement, fields)
        stretches = Stretches(task.next_ns, task.stop_ns, length_ns=_FIRST_NS, aim=_AIM_POINTS)
        while (stretch := stretches.take()) is not None:
            count = 0
            reasons: Counter[str] = Counter()
            if fields:
                question = _question(self.state.bucket, task.measurement, stretch, fields)
                async with aclosing(self.origin.source.stream(question)) as batches:
                    async for batch in batches:
                        points = await asyncio.to_thread(points_of.of, batch)
                        count += await self._write(points, reasons)
            stretches.settle(count)
            task.points += count
            task.next_ns = stretch[1]
            if reasons:
                self.state.set_aside_more(task.measurement, reasons)
            await asyncio.to_thread(self.note)

    async def _write(self, points: Sequence[Point], reasons: Counter[str]) -> int:
        """Write points and count the values that are not stored; how many points some of which are."""
        stored = len(points)
        for start in range(0, len(points), self.batch):
            some = points[start : start + self.batch]
            outcome = await self.writer.write_within(some, DEADLINE_SECS, advice=_ADVICE)
            for at, _, detail, fields in outcome.rejections:
                reasons[detail] += len(fields or some[at].fields)
                stored -= not fields
        return stored


def chosen(names: Sequence[str], measurement: str | None, bucket: str) -> Sequence[str]:
    """The measurements that are meant.

    Raises:
        CopyError: There is none of that name.
    """
    if measurement is None:
        return names
    if measurement not in names:
        there = ", ".join(names) or "none"
        raise CopyError(f"bucket {bucket!r} has no measurement {measurement!r}; it has {there}")
    return [measurement]


def oldest_ns(now_ns: int, buckets: Iterable[BucketInfo | None]) -> int:
    """From when on all of these buckets keep what they hold."""
    kept = [bucket.retention_secs for bucket in buckets if bucket and bucket.retention_secs]
    return now_ns - int(min(kept) * 10**9) if kept else -(2**63)


async def _fields(
    end: Opened, bucket: str, measurement: str, without: Mapping[tuple[str, str], object]
) -> Sequence[FieldInfo]:
    fields = await end.source.fields(bucket, measurement)
    return [field for field in fields if (measurement, field.name) not in without]


def _question(bucket: str, measurement: str, stretch: tuple[int, int], fields: Iterable[FieldInfo]) -> Question:
    return Question(bucket, measurement, *stretch, UTC, {}, tuple(field.name for field in fields))


async def _count(source: Source, question: Question) -> int:
    """How many values there are."""
    names = question.fields or ()
    counted = Question(
        question.bucket, question.measurement, question.start_ns, question.stop_ns, UTC, {}, names,
        every=Interval(28, "d"), functions=("count",),
    )  # fmt: skip
    values = 0
    async with aclosing(source.stream(counted)) as batches:
        async for batch in batches:
            for column in batch.columns[batch.num_columns - len(names) :]:
                values += sum(count or 0 for count in column.to_pylist())
    return values
