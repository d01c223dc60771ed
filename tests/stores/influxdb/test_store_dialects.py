"""InfluxDB 3 and InfluxDB Cloud, as their documentation and source say that they answer.

No such server was at hand: a fake stands in, so these tests show that we act rightly on such answers, and not that
the servers give them.
"""

import json

import pytest

from ingestor.ports import Reason
from tests.builders import point, series
from tests.servers.fakeinflux import FakeInflux, Reply, Request
from tests.stores.influxdb.rig import deliver, store_of
from tests.support import run
from tests.writer.rig import FakeClock

BAD = (3, 77, 150)


def is_bad(line: str) -> bool:
    """Whether the server would refuse the line."""
    return 'state="bad"' in line


def numbers(came: Request) -> list[int]:
    """Which lines it would refuse, counted from 1."""
    return [number for number, line in enumerate(came.lines, 1) if is_bad(line)]


def core(came: Request) -> Reply:
    """3 Core at /api/v2/write: it takes all or nothing, and tells the first line that it cannot take."""
    if not (bad := numbers(came)):
        return Reply()
    data = {"original_line": came.lines[bad[0] - 1], "line_number": bad[0], "error_message": "invalid column type"}
    return Reply(400, json.dumps({"error": "parsing failed for write_lp endpoint", "data": data}))


def core_telling_all(came: Request) -> Reply:
    """The same with all lines that it cannot take."""
    if not (bad := numbers(came)):
        return Reply()
    data = [{"original_line": came.lines[n - 1], "line_number": n, "error_message": "bad type"} for n in bad]
    return Reply(400, json.dumps({"error": "partial write of line protocol occurred", "data": data}))


def dedicated(came: Request) -> Reply:
    """Cloud Dedicated: the rest is stored; the words tell the first hundred lines."""
    if not (bad := numbers(came)):
        return Reply()
    told = "".join(f"\nline {number}: wrong type" for number in bad)
    body = {"code": "invalid", "message": f"errors encountered on line(s):{told}", "line": bad[0]}
    return Reply(400, json.dumps(body), keeps=[line for line in came.lines if not is_bad(line)])


@pytest.mark.parametrize("judge", [core, core_telling_all, dedicated])
def test_lines_that_are_told_by_number_are_set_aside(judge: object) -> None:
    """The others are stored; each answer that names but one costs two more requests."""

    async def main() -> None:
        async with FakeInflux(judge, version="3.4.0") as fake:  # type: ignore[arg-type]
            points = [point(series(), time_ns=at, state="bad" if at in BAD else "on") for at in range(200)]
            outcome = await deliver(fake, points, FakeClock())

            assert [rejection.at for rejection in outcome.rejections] == list(BAD)
            assert all(rejection.detail for rejection in outcome.rejections)
            assert {rejection.reason for rejection in outcome.rejections} <= {Reason.REJECTED, Reason.TYPE_CONFLICT}
            assert len(fake.stored["Farm"]) == 197
            assert len(fake.requests) <= 1 + 2 * len(BAD)

    run(main())


def test_cloud_asks_for_a_wait() -> None:
    """Over the limit of a plan the points are kept for as long as Cloud says."""

    async def main() -> None:
        answers = [Reply(429, '{"code": "too many requests"}', {"Retry-After": "17"}), Reply()]
        async with FakeInflux(lambda _: answers.pop(0)) as fake:
            clock = FakeClock()
            outcome = await deliver(fake, [point()], clock)

            assert (outcome.rejections, outcome.held, clock.waits) == ([], {}, [17.0])
            assert len(fake.stored["Farm"]) == 1

    run(main())


def test_3_tells_that_nothing_was_in_a_request() -> None:
    """For `check` that is as good as a yes."""
    empty = Reply(400, '{"error": "write was empty: no lines were sent"}')

    async def main() -> None:
        async with FakeInflux(lambda _: empty, version="3.4.0") as fake, store_of(fake.url) as store:
            assert await store.check(["Farm"]) == []

    run(main())


def test_the_organisation_may_be_left_out() -> None:
    """1 and 3 have none; every write says its precision."""

    async def main() -> None:
        async with FakeInflux(version="3.4.0") as fake, store_of(fake.url, org=None) as store:
            await store.write([point()])
            (came,) = fake.requests

            assert (came.org, came.bucket, came.precision) == (None, "Farm", "ns")

    run(main())
