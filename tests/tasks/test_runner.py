"""Runs of one task: when, one at a time, for how long, and what is kept and said of them."""

import asyncio
import logging
import time
from pathlib import Path

import pytest

from ingestor.ports import TaskFault
from ingestor.tasks import results
from ingestor.tasks.job import Fault, JobError, JobResult
from ingestor.tasks.results import Outcome, Record
from tests.support import eventually_async, run
from tests.tasks.rig import Scripted, answer_of, done, kept, runner, running, state

NS = 10**9
NOON_NS = 1_795_521_600 * NS


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, now_ns: int = NOON_NS) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        """The time that it shows."""
        return self.now_ns


def test_it_runs_at_its_turns_and_not_between(tmp_path: Path) -> None:
    """At once where it never ran, and again when its interval is over; what came of it is kept."""
    clock = Clock()
    job = Scripted(done)

    async def main() -> None:
        async with state(tmp_path) as held:
            task = runner(job, held, now_ns=clock)
            async with running(task):
                await eventually_async(lambda: task.stats().next_ns == NOON_NS + 1800 * NS)
                assert len(job.runs) == 1
                clock.now_ns += 1800 * NS
                await eventually_async(lambda: task.stats().next_ns == NOON_NS + 3600 * NS)
            record = await kept(held)

        assert job.runs == [False, False]
        assert (record.outcome, record.words, record.runs, record.failures) == (Outcome.DONE, "did it", 2, 0)
        assert record.succeeded_ns == record.ended_ns == clock.now_ns

    run(main())


def test_a_start_goes_on_where_the_last_one_was(tmp_path: Path) -> None:
    """What ran before the restart does not run again; what was missed meanwhile runs once."""
    clock = Clock()
    job = Scripted(done)

    async def main() -> None:
        async with state(tmp_path) as held:
            record = Record("weather", turn_ns=NOON_NS - 600 * NS)
            task = runner(job, held, record=record, now_ns=clock)
            async with running(task):
                await eventually_async(lambda: task.stats().next_ns == NOON_NS + 1200 * NS)
                assert job.runs == []
            clock.now_ns += 86_400 * NS
            async with running(runner(job, held, record=await kept(held), now_ns=clock)):
                await eventually_async(lambda: len(job.runs) == 1)

    run(main())


def test_a_clock_that_jumps_while_we_wait_is_noticed(tmp_path: Path) -> None:
    """Ahead: the turn has come. Back by years: nobody waits for a time to come again."""
    clock = Clock()
    job = Scripted(done)

    async def main() -> None:
        async with state(tmp_path) as held:
            task = runner(job, held, now_ns=clock)
            async with running(task):
                await eventually_async(lambda: len(job.runs) == 1)
                clock.now_ns += 7 * 86_400 * NS
                await eventually_async(lambda: len(job.runs) == 2)
                clock.now_ns -= 3650 * 86_400 * NS
                await eventually_async(lambda: (task.stats().next_ns or clock.now_ns) < NOON_NS)
                clock.now_ns += 1800 * NS
                await eventually_async(lambda: len(job.runs) == 3)

    run(main())


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    """It failed, in words that tell the key to change."""
    job = Scripted(asyncio.Event().wait)  # type: ignore[arg-type] # it never ends

    async def main() -> Record:
        async with state(tmp_path) as held:
            return await runner(job, held, now_ns=Clock(), time_limit="1s").run_once(by_hand=True)

    record = run(main())

    assert (record.outcome, record.failures, record.faults) == (Outcome.TIMED_OUT, 1, {"time_limit": 1})
    assert "time_limit" in record.words
    assert job.busy == 0


def test_what_does_not_let_itself_be_ended_hangs_alone(tmp_path: Path) -> None:
    """It is said to hang, a second run does not begin beside it, and once it ends things go on."""
    clock, let_go = Clock(), asyncio.Event()

    async def stubborn() -> JobResult:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        return JobResult("at last")

    job = Scripted(stubborn)

    async def main() -> None:
        async with state(tmp_path) as held:
            task = runner(job, held, now_ns=clock, time_limit="1s")
            async with running(task):
                await eventually_async(lambda: task.stats().outcome == "timed_out")
                assert "hangs" in task.stats().words
                clock.now_ns += 3600 * NS
                task.ask(1)
                await asyncio.sleep(0.05)  # in which nothing may happen
                assert len(job.runs) == 1
                let_go.set()
                await eventually_async(lambda: task.stats().outcome == "done")

    run(main())

    assert job.busiest == 1


@pytest.mark.parametrize(
    ("error", "words", "fault"),
    [
        (JobError(Fault(TaskFault.REFUSED, "a wrong key")), "a wrong key", "refused"),
        (KeyError("x"), "a fault of ingestor: KeyError('x')", "other"),
    ],
)
def test_what_fails_is_told_once_and_counted_each_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception, words: str, fault: str
) -> None:
    """One line in the log when it begins, one when it is over."""
    caplog.set_level(logging.INFO, "ingestor")
    clock = Clock()

    async def fail() -> JobResult:
        raise error

    job = Scripted(fail)

    async def main() -> Record:
        async with state(tmp_path) as held:
            task = runner(job, held, now_ns=clock)
            async with running(task):
                for number in range(1, 5):
                    await eventually_async(lambda: task.stats().failures == number)  # noqa: B023 - at once
                    clock.now_ns += 1800 * NS
                assert task.stats().fault == words
                job.act = done
                clock.now_ns += 1800 * NS
                await eventually_async(lambda: task.stats().outcome == "done")
                assert task.stats().fault is None
            return await kept(held)

    record = run(main())

    assert [line.getMessage() for line in caplog.records] == [
        f"task_failed task=weather reason={words}",
        "task_well_again task=weather",
    ]
    assert record.faults[fault] == record.failures


def test_faults_on_the_way_are_told_though_it_was_done(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One of two providers that refuses needs somebody to look; what is met again is not counted again."""

    async def done_so_so() -> JobResult:
        return JobResult("did it", (Fault(TaskFault.REFUSED, "a refuses"), Fault(TaskFault.LIMITED, "b", again=True)))

    async def main() -> Record:
        async with state(tmp_path) as held:
            task = runner(Scripted(done_so_so), held, now_ns=Clock())
            await task.run_once()
            return await task.run_once()

    record = run(main())

    assert [line.getMessage() for line in caplog.records] == ["task_fault task=weather reason=a refuses; b"]
    assert (record.outcome, record.failures, record.faults) == (Outcome.DONE, 0, {"refused": 2})
    assert record.words == "did it; but a refuses; b"


def test_a_stop_ends_a_run_and_the_next_start_makes_up_for_it(tmp_path: Path) -> None:
    """It is told to be interrupted, its turn is not used up."""
    clock = Clock()
    job = Scripted(asyncio.Event().wait)  # type: ignore[arg-type] # it never ends

    async def main() -> None:
        async with state(tmp_path) as held:
            async with running(runner(job, held, record=Record("weather", turn_ns=0), now_ns=clock)):
                await eventually_async(lambda: job.busy == 1)
                assert (await kept(held)).outcome is Outcome.RUNNING
            record = await kept(held)
            assert (record.outcome, record.turn_ns, job.busy) == (Outcome.INTERRUPTED, 0, 0)
            job.act = done
            async with running(runner(job, held, record=record, now_ns=clock)):
                await eventually_async(lambda: len(job.runs) == 2)

    run(main())


def test_what_people_ask_for_is_done_once_and_answered(tmp_path: Path) -> None:
    """Between its turns, which stay as they are; asked for again while it runs it is not run again."""
    clock = Clock()
    job = Scripted(done)

    async def main() -> None:
        async with state(tmp_path) as held:
            task = runner(job, held, record=Record("weather", turn_ns=NOON_NS), now_ns=clock)
            number = await held.run(lambda connection: results.ask(connection, "weather", time.time_ns()))
            async with running(task):
                task.ask(number)
                task.ask(number)
                answer = await answer_of(held, number)
                task.ask(number)
                await eventually_async(lambda: task.stats().next_ns == NOON_NS + 1800 * NS)

        assert job.runs == [True]
        assert answer == (Outcome.DONE, "did it")

    run(main())


def test_turns_that_pass_while_it_runs_are_left_out(tmp_path: Path) -> None:
    """A run of an hour every half an hour is followed by the next regular turn."""
    clock = Clock()

    async def slow() -> JobResult:
        clock.now_ns += 4000 * NS
        return JobResult("slowly")

    async def main() -> Record:
        async with state(tmp_path) as held:
            return await runner(Scripted(slow), held, now_ns=clock).run_once(turn_ns=NOON_NS)

    assert run(main()).turn_ns == NOON_NS + 3600 * NS


def test_a_disk_that_refuses_stops_no_task(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It runs on; that nothing is kept is said once."""
    clock = Clock()
    job = Scripted(done)

    async def main() -> None:
        async with running(runner(job, state(tmp_path), now_ns=clock)):  # which nobody opened
            await eventually_async(lambda: len(job.runs) == 1)
            clock.now_ns += 1800 * NS
            await eventually_async(lambda: len(job.runs) == 2)

    run(main())

    assert len([line for line in caplog.records if "task_result_not_kept" in line.getMessage()]) == 1
