"""Whether two stores hold the same: counts and hashes of each series and day, equal or named."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC as UTC_ZONE
from datetime import datetime, timedelta
from typing import NamedTuple

from ingestor.copying.ends import Opened
from ingestor.copying.job import UTC, Bounds, Progress, chosen, oldest_ns
from ingestor.copying.notes import BucketState
from ingestor.copying.points import check_fields
from ingestor.copying.stretch import Stretches
from ingestor.errors import BucketError
from ingestor.fingerprint import DAY_NS, Fingerprint, Fingerprints, SeriesDay
from ingestor.ports import FieldType
from ingestor.reader.question import Question

_AIM_SERIES_DAYS = 20_000  # of a stretch; they are held at the same time
_NAMED = 1_000  # differences


class Check(NamedTuple):
    """A measurement of a bucket, the bucket's name in the other store, and the time that is compared."""

    bucket: str
    to: str
    measurement: str
    start_ns: int
    stop_ns: int


class Difference(NamedTuple):
    """Something that the two stores do not have alike, of which series and day (empty for all of them), and what."""

    bucket: str
    measurement: str
    series: str
    day: str
    what: str


@dataclass(slots=True)
class Verdict:
    """What a comparison found: values and series-days that were compared, and what differs, the first of it by name."""

    values: int = 0
    series_days: int = 0
    differ: int = 0
    named: list[Difference] = field(default_factory=list)

    def add(self, difference: Difference) -> None:
        """One more."""
        self.differ += 1
        if len(self.named) < _NAMED:
            self.named.append(difference)


class Verification:
    """Compares two stores, stretch by stretch of some days, each read once.

    Args:
        origin: The one that `Check.bucket` is of.
        target: The one that `Check.to` is of.
        now_ns: What time it is: what one of them no longer has to keep is not compared.
        on_progress: Called after each stretch.
    """

    def __init__(
        self, origin: Opened, target: Opened, *, now_ns: int, on_progress: Callable[[Progress], None] = lambda _: None
    ) -> None:
        self._origin = origin
        self._target = target
        self._now_ns = now_ns
        self._on_progress = on_progress
        self.verdict = Verdict()

    async def run(self, checks: Sequence[Check]) -> Verdict:
        """Compare all of it.

        Raises:
            StoreError: One of the stores cannot be read.
        """
        for at, check in enumerate(checks):
            try:
                await self._check(check, lambda share, at=at: (at + share) / len(checks))  # type: ignore[misc]
            except BucketError as error:
                self.verdict.add(Difference(check.bucket, check.measurement, "", "", str(error)))
        return self.verdict

    async def plan(self, pairs: Sequence[tuple[str, str]], bounds: Bounds) -> Sequence[Check]:
        """What there is to compare in these buckets (none: all of the first store), in either store.

        A bucket that one of them has not is a difference, and is not compared.

        Raises:
            CopyError: Neither store has the measurement.
        """
        checks: list[Check] = []
        for bucket, to in pairs or [(name, name) for name in await self._origin.source.buckets()]:
            try:
                ours = await self._origin.source.measurements(bucket)
                theirs = await self._target.source.measurements(to)
                for name in chosen(sorted({*ours, *theirs}), bounds.measurement, bucket):
                    checks += await self._planned(bucket, to, name, bounds)
            except BucketError as error:
                self.verdict.add(Difference(bucket, "", "", "", str(error)))
        return checks

    async def _planned(self, bucket: str, to: str, name: str, bounds: Bounds) -> Sequence[Check]:
        spans = (await self._origin.source.span(bucket, name), await self._target.source.span(to, name))
        times = [time for span in spans if span for time in span]
        if not times:
            return []
        start_ns, stop_ns = max(min(times), bounds.start_ns), min(max(times) + 1, bounds.stop_ns)
        return [Check(bucket, to, name, start_ns, stop_ns)] if start_ns < stop_ns else []

    async def _check(self, check: Check, share_of: Callable[[float], float]) -> None:
        kept = oldest_ns(self._now_ns, [await self._origin.bucket(check.bucket), await self._target.bucket(check.to)])
        start_ns = max(check.start_ns, kept)
        types = await self._types(check)
        stretches = Stretches(start_ns, check.stop_ns, length_ns=DAY_NS, aim=_AIM_SERIES_DAYS, unit_ns=DAY_NS)
        while types and (stretch := stretches.take()) is not None:
            stretches.settle(await self._stretch(check, stretch, types))
            share = (stretch[1] - start_ns) / (check.stop_ns - start_ns)
            self._on_progress(Progress(share_of(share), self.verdict.values))

    async def _types(self, check: Check) -> Mapping[str, FieldType]:
        """The fields that can be compared; all others are differences."""
        types: list[Mapping[str, FieldType]] = []
        wrong: dict[str, str] = {}
        for end, bucket in ((self._origin, check.bucket), (self._target, check.to)):
            types.append({one.name: one.type for one in await end.source.fields(bucket, check.measurement)})
            for (measurement, name), kinds in (await end.mixed(bucket)).items():
                if measurement == check.measurement:
                    wrong[name] = f"{name} holds values of several types in {end.place}, {kinds}"
        ours, theirs = types
        for name in ours.keys() & theirs.keys() - wrong.keys():
            if ours[name] != theirs[name]:
                wrong[name] = (
                    f"{name} is {ours[name]} in {self._origin.place}, and {theirs[name]} in {self._target.place}"
                )
        for name in sorted(wrong):
            self.verdict.add(Difference(check.bucket, check.measurement, "", "", wrong[name]))
        both = {**theirs, **ours}
        return {name: both[name] for name in sorted(both) if name not in wrong}

    async def _stretch(self, check: Check, stretch: tuple[int, int], types: Mapping[str, FieldType]) -> int:
        """Compare some days; how many series and days there were."""
        try:
            async with asyncio.TaskGroup() as both:
                reading = [
                    both.create_task(_fingerprints(end, bucket, check.measurement, stretch, types))
                    for end, bucket in ((self._origin, check.bucket), (self._target, check.to))
                ]
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from faults
        ours, theirs = (task.result() for task in reading)
        for place in sorted(ours.keys() | theirs.keys()):
            one, other = ours.get(place, Fingerprint()), theirs.get(place, Fingerprint())
            self.verdict.values += one.values
            if one != other:
                self.verdict.add(_difference(check, place, one, other))
        together = len(ours.keys() | theirs.keys())
        self.verdict.series_days += together
        return together


def checks_of(states: Iterable[BucketState]) -> Sequence[Check]:
    """What was copied."""
    return [
        Check(state.bucket, state.to, task.measurement, task.start_ns, task.next_ns)
        for state in states
        for task in state.tasks or ()
        if task.start_ns < task.next_ns
    ]


async def _fingerprints(
    end: Opened, bucket: str, measurement: str, stretch: tuple[int, int], types: Mapping[str, FieldType]
) -> Mapping[SeriesDay, Fingerprint]:
    """What an end holds of these fields in that time."""
    known = {one.name for one in await end.source.fields(bucket, measurement)}
    here = {name: kind for name, kind in types.items() if name in known}
    prints = Fingerprints(measurement, here)
    question = Question(bucket, measurement, *stretch, UTC, {}, tuple(here))
    if here:
        async with aclosing(end.source.stream(question)) as batches:
            async for batch in batches:
                check_fields(batch, list(here), measurement)
                await asyncio.to_thread(prints.add, batch)
    return prints.found


def _difference(check: Check, place: SeriesDay, one: Fingerprint, other: Fingerprint) -> Difference:
    tags = ",".join(f"{name}={value}" for name, value in place.tags)
    day = (datetime(1970, 1, 1, tzinfo=UTC_ZONE) + timedelta(days=place.day)).date().isoformat()
    what = f"{one.values:,} values, and {other.values:,} in the other store"
    if one.values == other.values:
        what = f"{one.values:,} values in both, and not all of them equal"
    return Difference(check.bucket, check.measurement, tags, day, what)
