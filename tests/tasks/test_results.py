"""What is kept of tasks, and what people ask for."""

from pathlib import Path

from ingestor.tasks import results
from ingestor.tasks.results import Outcome, Record
from tests.support import run
from tests.tasks.rig import state

FULL = Record("weather", 1, 2, 3, 4, 5, Outcome.TIMED_OUT, "too long", 7, 2, {"time_limit": 2})


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    """The newest of each task."""

    async def main() -> dict[str, Record]:
        async with state(tmp_path) as held:
            for record in (FULL._replace(runs=1), FULL, Record("backup")):
                await held.run(lambda connection: results.save(connection, record))  # noqa: B023 - awaited here
            return await held.run(results.records)

    assert run(main()) == {"weather": FULL, "backup": Record("backup")}


def test_tasks_that_are_configured_no_more_are_forgotten(tmp_path: Path) -> None:
    """What ran when the service was killed was interrupted, and who asked for something before it came is told so."""

    async def main() -> tuple[list[tuple[str, Outcome]], object]:
        async with state(tmp_path) as held:
            for name in ("weather", "backup"):
                record = Record(name, outcome=Outcome.RUNNING)
                await held.run(lambda connection: results.save(connection, record))  # noqa: B023 - awaited here
            number = await held.run(lambda connection: results.ask(connection, "backup", 1))
            await held.run(lambda connection: results.begin_anew(connection, ["backup"]))
            answer = await held.run(lambda connection: results.answered(connection, number))
            known = await held.run(results.records)
            return [(name, record.outcome) for name, record in known.items()], answer

    assert run(main()) == ([("backup", Outcome.INTERRUPTED)], (Outcome.INTERRUPTED, "the service began anew"))


def test_requests_are_open_until_they_are_answered(tmp_path: Path) -> None:
    """In their order; what nobody fetched for a day is deleted."""
    day_ns = 86_400 * 10**9

    async def main() -> None:
        async with state(tmp_path) as held:
            old = await held.run(lambda connection: results.ask(connection, "weather", 1))
            first = await held.run(lambda connection: results.ask(connection, "weather", day_ns * 2))
            second = await held.run(lambda connection: results.ask(connection, "backup", day_ns * 2))
            open_ = await held.run(results.requests)
            await held.run(lambda connection: results.answer(connection, [first], Outcome.FAILED, "no"))
            assert [request.task for request in open_] == ["weather", "backup"]
            assert [request.id for request in await held.run(results.requests)] == [second]
            assert await held.run(lambda connection: results.answered(connection, first)) == (Outcome.FAILED, "no")
            assert await held.run(lambda connection: results.answered(connection, second)) is None
            assert await held.run(lambda connection: results.answered(connection, old)) is None
            await held.run(lambda connection: results.withdraw(connection, second))
            assert await held.run(results.requests) == []

    run(main())


def test_only_a_run_that_failed_is_a_fault() -> None:
    """Not one that was interrupted, or just runs."""
    faults = {outcome.value: FULL._replace(outcome=outcome).stats("weather").fault for outcome in Outcome}

    assert {name for name, fault in faults.items() if fault} == {"failed", "timed_out"}
    assert FULL.stats("weather").lasted_secs == 1e-9
