"""InfluxDB as a store: one attempt a call, a request a bucket, and what is refused told apart from what may pass."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from types import TracebackType
from typing import Self

from ingestor.encode.line import LineEncoder
from ingestor.encode.rejections import one_a_point
from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import BucketInfo, FieldType, Point, Rejection
from ingestor.stores.influxdb.answers import Answer, Meaning, read, shorten
from ingestor.stores.influxdb.api import InfluxApi
from ingestor.stores.influxdb.checkup import NO_BUCKET, Checkup
from ingestor.stores.influxdb.connection import Connection
from ingestor.stores.influxdb.deletion import delete_points
from ingestor.stores.influxdb.experience import Experience
from ingestor.stores.influxdb.fieldtypes import ask_field_types
from ingestor.stores.influxdb.groups import Groups
from ingestor.stores.influxdb.isolation import settle
from ingestor.stores.influxdb.server import Server

AT_ONCE = 8
"""How many buckets of one batch are written at the same time."""

_SLICE = 2_000  # points; a millisecond or two of work
_GRAVITY: Mapping[type[StoreError], int] = {StoreMisconfiguredError: 2, StoreUnavailableError: 1, BucketError: 0}


class InfluxStore:
    """Writes batches over HTTP.

    Args:
        server: Where to, and how to be let in.
        create: Whether a bucket that is missing is made.
        declared: With which description and retention, where not with none and for ever.
        clock: Seconds since 1970; `check` compares the server's clock with it, and old experience is forgotten by it.
    """

    def __init__(
        self,
        server: Server,
        *,
        create: bool = False,
        declared: Iterable[BucketInfo] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._server = server
        self._create = create
        self._declared = {bucket.name: bucket for bucket in declared}
        self._connection = Connection(server, limit=AT_ONCE)
        self._encoder = LineEncoder()
        self._experience = Experience()
        self._clock = clock

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.__aexit__(kind, error, trace)

    async def write(self, points: Sequence[Point]) -> Sequence[Rejection]:
        """Send the points of each bucket, several buckets at once; points of a series keep their order.

        Where several buckets fail, all that had begun are waited for, and the gravest error is raised.

        Raises:
            StoreUnavailableError: It cannot be reached, or asks to be left alone for a while.
            StoreMisconfiguredError: It refuses everything until a person acts.
            BucketError: Buckets are missing or may not be written; the points of others are stored.
        """
        groups = Groups()
        async for part in _slices(len(points)):
            groups.add(points[part], part.start)
        buckets = groups.by_bucket()
        self._experience.at(self._clock())
        self._experience.meet(buckets)
        waiting = iter(buckets.items())
        rejections: list[Rejection] = []
        faults: list[StoreError] = []

        async def work() -> None:
            for bucket, places in waiting:  # the same iterator for all
                if any(not isinstance(fault, BucketError) for fault in faults):
                    return  # it would only be told the same
                try:
                    refused = await self._write_bucket(bucket, points, places)
                except StoreError as fault:
                    faults.append(fault)
                else:
                    rejections.extend(rejection._replace(at=places[rejection.at]) for rejection in refused)

        async with asyncio.TaskGroup() as workers:
            for number in range(min(AT_ONCE, len(buckets))):
                workers.create_task(work(), name=f"influxdb-write-{number}")
        if faults:
            raise _gravest(faults)
        return rejections

    async def delete(self, points: Sequence[Point]) -> None:
        """Delete these points, a bucket after the other; see `deletion` for how, and for where it cannot be done.

        Raises:
            StoreUnavailableError: It cannot be reached, or asks to be left alone for a while.
            StoreMisconfiguredError: It refuses everything until a person acts.
            BucketError: Points of these buckets cannot be deleted; those of others are.
        """
        buckets: dict[str, list[Point]] = {}
        for point in points:
            buckets.setdefault(point.series.bucket, []).append(point)
        faults: list[BucketError] = []
        for bucket, of_bucket in buckets.items():
            try:
                await delete_points(self._connection, bucket, of_bucket)
            except BucketError as fault:
                faults.append(fault)
        if faults:
            raise BucketError.together(faults)

    async def check(self, buckets: Sequence[str]) -> Sequence[str]:
        """What would keep these buckets from being written: each is sent a comment, which stores nothing.

        Without a bucket: whether the server answers, and knows the organisation and the token.
        """
        checkup = Checkup(create=self._create)
        try:
            for bucket in buckets or (NO_BUCKET,):
                answer = await self._connection.write(self._query(bucket), ["#"])
                if checkup.take(bucket, answer, now_secs=self._clock()):
                    break
        except StoreError as error:
            checkup.problems.append(str(error))
        return checkup.problems

    async def field_types(self, bucket: str) -> Mapping[tuple[str, str], AbstractSet[FieldType]] | None:
        """The types that the server's shards hold; None where the token may not read the bucket.

        Raises:
            StoreUnavailableError: It cannot be reached, or asks to be left alone for a while.
            StoreMisconfiguredError: It refuses everything until a person acts.
            BucketError: This bucket cannot be read.
        """
        return await ask_field_types(self._connection, bucket)

    async def _write_bucket(self, bucket: str, points: Sequence[Point], places: Sequence[int]) -> Sequence[Rejection]:
        """Write those of the points that stand at these places; rejections are by index into `places`."""
        mine: list[Point] = []
        lines: list[str] = []
        rejections: list[Rejection] = []
        async for part in _slices(len(places)):
            some = [points[at] for at in places[part]]
            encoded = self._encoder.encode(some)
            mine += some
            lines += encoded.lines
            rejections += [refused._replace(at=refused.at + part.start) for refused in encoded.rejections]
        return one_a_point([*rejections, *await self._settle(bucket, mine, lines)])

    async def _settle(self, bucket: str, points: Sequence[Point], lines: Sequence[str]) -> Sequence[Rejection]:
        """Send what the isolation of bad points asks for, until it has settled what became of every line."""
        with closing(settle(points, lines, bucket, self._experience, encode=self._line)) as steps:
            try:
                wanted = next(steps)
                while True:
                    answer = await self._send(bucket, wanted)
                    with self._strange_answers():
                        wanted = steps.send(answer)
            except StopIteration as settled:
                refused: Sequence[Rejection] = settled.value
                return refused

    @contextmanager
    def _strange_answers(self) -> Iterator[None]:
        """Anything may stand in an answer, and whoever sends it must not end the service: the points are kept.

        This is why all exceptions are caught here: what one that nobody thought of leads to is not known.
        """
        try:
            yield
        except (StoreError, StopIteration):
            raise
        except Exception as error:
            told = f"{self._server.url}: its answer could not be understood ({shorten(repr(error))})"
            raise StoreUnavailableError(told) from error

    def _line(self, point: Point) -> str:
        return self._encoder.encode([point]).lines[0]

    async def _send(self, bucket: str, lines: Sequence[str]) -> Answer:
        answer = await self._connection.write(self._query(bucket), lines)
        with self._strange_answers():
            missing = self._create and read(answer).meaning is Meaning.NO_BUCKET
        if missing:
            await self._make(bucket, answer)
            answer = await self._connection.write(self._query(bucket), lines)
        return answer

    async def _make(self, bucket: str, answer: Answer) -> None:
        """Make a bucket that an answer says is missing.

        Raises:
            StoreUnavailableError: The server went away meanwhile.
            BucketError: It cannot be made.
        """
        wanted = self._declared.get(bucket, BucketInfo(bucket))
        try:
            async with InfluxApi(self._server) as api:
                await api.create(wanted)
        except (BucketError, StoreMisconfiguredError) as error:
            raise BucketError(bucket, f"{read(answer).told}. It could not be created: {error}") from error

    def _query(self, bucket: str) -> dict[str, str]:
        return {**self._server.of_org, "bucket": bucket, "precision": "ns"}


async def _slices(count: int) -> AsyncIterator[slice]:
    """So many things in parts that block nobody, with a turn for others in between."""
    for start in range(0, count, _SLICE):
        if start:
            await asyncio.sleep(0)
        yield slice(start, start + _SLICE)


def _gravest(faults: Sequence[StoreError]) -> StoreError:
    """The error that says what to do: about buckets only where nothing graver happened, and then about all of them."""
    of_buckets = [fault for fault in faults if isinstance(fault, BucketError)]
    return BucketError.together(of_buckets) if len(of_buckets) == len(faults) else max(faults, key=_gravity)


def _gravity(error: StoreError) -> tuple[int, float]:
    """Of errors that say when to come again, the last counts."""
    wait = error.retry_after if isinstance(error, StoreUnavailableError) else None
    return _GRAVITY[type(error)], wait or 0.0
