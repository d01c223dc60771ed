"""What happens on each answer that a server may give: it is acted upon as documented, and nothing is dropped."""

import asyncio
from collections.abc import Sequence
from math import nan

import pytest

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import FieldType, Point, Rejection
from ingestor.stores.influxdb.answers import TABLE, Answer, Dialect, Meaning, Row, find_row, read
from ingestor.stores.influxdb.server import Server
from ingestor.stores.influxdb.store import InfluxStore
from ingestor.writer.engine import SLOW_RETRY_SECS
from tests.builders import point, series
from tests.servers.fakeinflux import FakeInflux, Judge, Reply, Request
from tests.servers.rawpeer import SILENCE, RawPeer
from tests.stores.influxdb.rig import MendingClock, deliver, lines_of, store_of
from tests.support import eventually_async, run
from tests.writer.rig import FakeClock

WAITS = {Meaning.BUSY: 0.5, Meaning.FAULT: 0.5, Meaning.DAMAGED: 0.5, Meaning.MISCONFIGURED: SLOW_RETRY_SECS}
"""The store takes nothing: it is tried again after so many seconds."""
HOLDS = {Meaning.NO_BUCKET, Meaning.FORBIDDEN}
"""One bucket takes nothing: its points are held, the others flow."""
SETS_ASIDE = {
    Meaning.QUOTED, Meaning.NUMBERED, Meaning.AGE, Meaning.FIELD, Meaning.SOME, Meaning.REFUSED, Meaning.TOO_LARGE,
}  # fmt: skip
"""Something about the points: those that are to blame are set aside, all others stored."""
PARTIAL = {Meaning.AGE, Meaning.FIELD, Meaning.SOME}
"""The server has stored the rest."""

BAD = 1
TYPES = {"f": FieldType.INT, "g": FieldType.FLOAT}


def batch(bucket: str = "Farm", *, bad: Sequence[int] = (BAD,), count: int = 10) -> list[Point]:
    """Points of which some are to be refused: they have another field, are the oldest, and have the longest lines."""
    of = series(bucket, "m", types=TYPES)
    return [
        point(of, time_ns=at, f=10**15) if at in bad else point(of, time_ns=1000 + at, g=0.5) for at in range(count)
    ]


def is_bad(line: str) -> bool:
    """Whether it has the field that is to be refused."""
    return " f=" in line


def reply(row: Row) -> tuple[Reply, str]:
    """An answer that the row is about, and the version of a server that gives it."""
    spoken = row.dialects[0] if len(row.dialects) < len(Dialect) else Dialect.V2  # type: ignore[index]
    words = read(Answer(500, {}, row.example.encode())).words
    status = next(
        status
        for status in row.statuses
        if 200 <= status < 600 and find_row(status, f"{words}\n{row.example}", spoken) is row
    )
    return Reply(status, row.example), f"v{spoken.value}.0"


def rows_of(meanings: object) -> pytest.MarkDecorator:
    """The rows of the table that mean one of these."""
    chosen = [row for row in TABLE if row.meaning in meanings]  # type: ignore[operator]
    return pytest.mark.parametrize("row", chosen, ids=[f"{row.meaning}-{row.text[:20]}" for row in chosen])


def test_every_meaning_has_its_action() -> None:
    """The table of answers has no row that the tests below leave out."""
    assert {row.meaning for row in TABLE} == {Meaning.STORED, *WAITS, *HOLDS, *SETS_ASIDE}


@rows_of(WAITS)
def test_a_server_that_takes_nothing_is_waited_for(row: Row) -> None:
    """All points are kept, however often the answer comes, and stored when the server takes them."""
    said, version = reply(row)

    async def main() -> None:
        async with FakeInflux(lambda _: said, version=version) as fake:
            clock = MendingClock(lambda: setattr(fake, "judge", lambda _: Reply()), after=5)
            points = [*batch(), *batch("Lab")]
            outcome = await deliver(fake, points, clock)

            assert (outcome.rejections, outcome.held) == ([], {})
            assert clock.waits[0] == WAITS[row.meaning]
            assert len(clock.waits) == 5
            assert {line for lines in fake.stored.values() for line in lines} == lines_of(points)
            assert fake.stored.keys() == {"Farm", "Lab"}

    run(main())


@rows_of(HOLDS)
def test_points_of_a_bucket_that_takes_nothing_are_held(row: Row) -> None:
    """The others are stored at once; those that were held are stored when the bucket is back."""
    said, version = reply(row)

    async def main() -> None:
        async with FakeInflux(lambda came: said if came.bucket == "Lab" else Reply(), version=version) as fake:
            points = [*batch(), *batch("Lab")]
            clock = FakeClock()
            outcome = await deliver(fake, points, clock)

            assert outcome.rejections == []
            assert outcome.held.keys() == set(range(10, 20))
            assert fake.stored["Farm"].keys() == lines_of(points)
            assert not fake.stored.get("Lab")
            assert clock.waits == []

            fake.judge = lambda _: Reply()
            await deliver(fake, [points[at] for at in outcome.held], clock)

            assert fake.stored["Lab"].keys() == lines_of(points)

    run(main())


def refusing(said: Reply, meaning: Meaning) -> Judge:
    """A server that gives an answer whenever something bad is in a request."""

    def judge(came: Request) -> Reply:
        if not any(map(is_bad, came.lines)):
            return Reply()
        good = [line for line in came.lines if not is_bad(line)]
        return said._replace(keeps=good if meaning in PARTIAL else ())

    return judge


@rows_of(SETS_ASIDE)
def test_what_is_to_blame_is_set_aside_alone(row: Row) -> None:
    """All other points are stored, also those of other buckets; the server's words are kept."""
    said, version = reply(row)

    async def main() -> None:
        async with FakeInflux(refusing(said, row.meaning), version=version) as fake:
            points = [*batch("Lab", bad=()), *batch()]
            outcome = await deliver(fake, points, FakeClock())
            (rejection,) = outcome.rejections

            assert (rejection.at, outcome.held) == (10 + BAD, {})
            assert rejection.detail
            assert fake.stored["Farm"].keys() == lines_of([one for one in points[10:] if "f" not in one.fields])
            assert len(fake.stored["Lab"]) == 10
            assert len(fake.requests) < 20

    run(main())


def test_a_point_that_is_refused_here_and_there_is_told_once() -> None:
    """A field that cannot be written, and then the server refuses the rest."""
    too_old = Reply(422, '{"message": "partial write: points beyond retention policy dropped=1"}')

    async def main() -> Rejection:
        async with FakeInflux(refusing(too_old, Meaning.AGE)) as fake, store_of(fake.url) as store:
            odd = point(series("Farm", "m", types=TYPES), time_ns=1, f=1, g=nan)
            (rejection,) = await store.write([*batch(bad=()), odd])
            return rejection

    rejection = run(main())

    assert (rejection.at, rejection.fields) == (10, ())
    assert "'g' is nan" in rejection.detail
    assert rejection.detail.endswith("; too old for the bucket: beyond retention policy")


def test_bytes_that_a_server_fails_on_for_ever_do_not_stop_it() -> None:
    """A 500 for the same points again and again, while others are stored: the one to blame is found."""

    async def main() -> None:
        async with FakeInflux(refusing(Reply(500, '{"error": "internal error"}'), Meaning.FAULT)) as fake:
            points = batch(bad=(7,), count=100)
            clock = FakeClock()
            outcome = await deliver(fake, points, clock)

            assert [rejection.at for rejection in outcome.rejections] == [7]
            assert len(fake.stored["Farm"]) == 99
            assert clock.waits == [0.5, 1.0]

    run(main())


def test_a_body_that_is_too_large_is_halved_and_the_limit_remembered() -> None:
    """A proxy with a limit gets smaller bodies, at once from then on; a line over it is set aside."""

    def judge(came: Request) -> Reply:
        return Reply(413, "<html>nginx</html>") if sum(len(line) + 1 for line in came.lines) > 2_000 else Reply()

    async def main() -> None:
        async with FakeInflux(judge) as fake, store_of(fake.url) as store:
            points = [point(series(), time_ns=at, state="x" * (3_000 if at == 50 else 10)) for at in range(200)]
            rejected = await store.write(points)
            first = len(fake.requests)
            again = await store.write(points[:50])

            assert [rejection.at for rejection in rejected] == [50]
            assert again == []
            assert len(fake.stored["Farm"]) == 199
            assert all(judge(came).status == 204 for came in fake.requests[first:])

    run(main())


def test_a_limit_that_a_server_had_is_forgotten_after_an_hour() -> None:
    """Somebody may have set the proxy right: large bodies are tried again, once an hour."""
    limit = 1_000
    now_secs = 1_700_000_000.0

    def judge(came: Request) -> Reply:
        return Reply(413, "<html>nginx</html>") if sum(len(line) + 1 for line in came.lines) > limit else Reply()

    async def main() -> list[int]:
        nonlocal limit, now_secs
        counts = []
        async with FakeInflux(judge) as fake, InfluxStore(Server(fake.url), clock=lambda: now_secs) as store:
            for allowed, later_secs in ((1_000, 0), (1_000, 10), (10_000, 3_500), (10_000, 100)):
                limit = allowed
                now_secs += later_secs
                before = len(fake.requests)
                await store.write([point(series(), time_ns=at) for at in range(100)])
                counts.append(len(fake.requests) - before)
        return counts

    first, second, third, fourth = run(main())

    assert first > second == third > 1
    assert fourth == 1


@pytest.mark.parametrize(
    ("header", "waited_secs"), [("7", 7.0), ("soon", 0.5), ("-5", 0.5), ("86400", 600.0), ("", 0.5)]
)
def test_a_server_may_ask_for_a_wait(header: str, waited_secs: float) -> None:
    """`Retry-After` is followed, within reason; what cannot be read is left alone."""
    busy = Reply(429, '{"code": "too many requests"}', {"Retry-After": header})

    async def main() -> None:
        async with FakeInflux(lambda _: busy) as fake:
            clock = MendingClock(lambda: setattr(fake, "judge", lambda _: Reply()))
            await deliver(fake, batch(), clock)

            assert clock.waits == [waited_secs]

    run(main())


def test_points_of_a_connection_that_broke_are_sent_again() -> None:
    """The server had stored them when it broke: the same points again change nothing, and none is missing."""

    async def main() -> None:
        broken = [Reply(0, keeps=sorted(lines_of(batch()))), Reply(0)]
        async with FakeInflux(lambda _: broken.pop() if broken else Reply()) as fake:
            clock = FakeClock()
            outcome = await deliver(fake, batch(), clock)

            assert (outcome.rejections, outcome.held) == ([], {})
            assert fake.stored["Farm"].keys() == lines_of(batch())
            assert clock.waits == [0.5, 1.0]

    run(main())


def test_a_write_can_be_given_up_at_any_time() -> None:
    """A stop does not wait for a server that says nothing, and leaves nothing open."""

    async def main() -> None:
        async with RawPeer(SILENCE) as peer, store_of(peer.url) as store:
            writing = asyncio.create_task(store.write([point(series("Farm")), point(series("Lab"))]))
            await eventually_async(lambda: len(peer.requests) == 2)
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing

    run(main())


NO_BUCKET = Reply(404, r'{"code": "not found", "message": "bucket \"x\" not found"}')
BUSY = Reply(503, "try later")
NO_TOKEN = Reply(401, '{"code": "unauthorized", "message": "unauthorized access"}')


def test_many_broken_buckets_cost_one_more_attempt() -> None:
    """All that one attempt met are held at once, each with its own words; the others flow."""

    def judge(came: Request) -> Reply:
        words = NO_BUCKET.body.replace("x", came.bucket)
        return Reply() if came.bucket == "b7" else NO_BUCKET._replace(body=words)

    async def main() -> None:
        async with FakeInflux(judge) as fake:
            points = [point(series(f"b{number}")) for number in range(20)]
            outcome = await deliver(fake, points, FakeClock())

            assert outcome.held.keys() == set(range(20)) - {7}
            assert all(f'bucket "b{at}" not found' in why for at, why in outcome.held.items())
            assert len(fake.stored["b7"]) == 1
            assert len(fake.requests) == 21

    run(main())


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([NO_BUCKET, Reply()], BucketError),
        ([BUSY, NO_BUCKET, Reply()], StoreUnavailableError),
        ([NO_BUCKET, BUSY, NO_TOKEN, Reply()], StoreMisconfiguredError),
    ],
    ids=["bucket", "busy", "token"],
)
def test_the_gravest_of_several_errors_is_raised(answers: Sequence[Reply], kind: type[StoreError]) -> None:
    """And only when all buckets that had begun are done: what they stored is stored."""

    async def main() -> None:
        async with FakeInflux(lambda came: answers[int(came.bucket)]) as fake, store_of(fake.url) as store:
            with pytest.raises(kind):
                await store.write([point(series(str(number))) for number in range(len(answers))])

            assert len(fake.requests) == len(answers)
            assert len(fake.stored[str(len(answers) - 1)]) == 1

    run(main())


def test_many_buckets_are_written_at_once_but_not_all() -> None:
    """A far server with many buckets is not waited for one by one; each gets its own points, in order."""

    async def main() -> None:
        async with FakeInflux() as fake, store_of(fake.url) as store:
            points = [point(series(f"b{at % 50}"), time_ns=at) for at in range(500)]
            await store.write(points)

            assert 2 <= fake.busiest <= 8
            assert len(fake.requests) == 50
            for number in range(50):
                assert list(fake.stored[f"b{number}"]) == [
                    line for at in range(number, 500, 50) for line in lines_of([points[at]])
                ]

    run(main())


def test_nothing_more_is_begun_at_a_server_that_takes_nothing() -> None:
    """A server that is busy is not asked for each of fifty buckets."""

    async def main() -> None:
        async with FakeInflux(lambda _: BUSY) as fake, store_of(fake.url) as store:
            with pytest.raises(StoreUnavailableError):
                await store.write([point(series(f"b{number}")) for number in range(50)])

            assert len(fake.requests) <= 8

    run(main())
