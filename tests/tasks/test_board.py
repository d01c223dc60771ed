"""All tasks of a service together."""

import asyncio
from pathlib import Path

from ingestor.tasks import results
from ingestor.tasks.board import TaskBoard
from ingestor.tasks.job import JobResult
from ingestor.tasks.results import Outcome, Record
from tests.support import eventually_async, run
from tests.tasks.rig import Scripted, answer_of, done, runner, state


def test_tasks_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """One that hangs keeps nobody from running, and what people ask for reaches the right one."""
    stuck: Scripted = Scripted(asyncio.Event().wait)  # type: ignore[arg-type] # it never ends
    quick = Scripted(done)

    async def main() -> None:
        async with state(tmp_path) as held:
            tasks = [
                runner(stuck, held, now_ns=lambda: 10**18),
                runner(quick, held, record=Record("other", turn_ns=10**18), now_ns=lambda: 10**18),
            ]
            board = TaskBoard(tasks, state=held)
            working = asyncio.create_task(board.run())
            number = await held.run(lambda connection: results.ask(connection, "other", 10**18))
            strange = await held.run(lambda connection: results.ask(connection, "strange", 10**18))
            await answer_of(held, number)
            answer = await answer_of(held, strange)
            outcomes = [task.outcome for task in board.stats()]
            working.cancel()
            await asyncio.wait([working])

        assert (stuck.busiest, quick.runs) == (1, [True])
        assert outcomes == ["running", "done"]
        assert answer[0] is Outcome.FAILED
        assert "no such task" in answer[1]

    run(main())


def test_a_task_that_ends_with_a_fault_of_ours_ends_no_other(tmp_path: Path) -> None:
    """What should never happen is told of that task, and the service goes on."""
    asked = iter([10**18])  # the clock fails when it is asked again
    later = Scripted(done)

    async def main() -> tuple[str, str]:
        async with state(tmp_path) as held:
            broken = runner(Scripted(done), held, record=Record("broken"), now_ns=lambda: next(asked))
            board = TaskBoard([broken, runner(later, held, now_ns=lambda: 10**18)], state=held)
            working = asyncio.create_task(board.run())
            await eventually_async(lambda: "a fault of ingestor" in board.stats()[0].words and later.runs)
            still = not working.done()
            working.cancel()
            await asyncio.wait([working])
            return board.stats()[0].outcome, str(still)

    assert run(main()) == ("failed", "True")


def test_a_board_without_tasks_does_nothing(tmp_path: Path) -> None:
    """It looks for nothing in the state either."""

    async def main() -> JobResult | None:
        async with state(tmp_path) as held:
            await asyncio.wait_for(TaskBoard([], state=held).run(), 5)
        return None

    assert run(main()) is None
