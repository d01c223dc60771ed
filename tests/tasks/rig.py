"""What tests of tasks share: jobs that do as they are told, and a state."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ingestor.config import TaskSpec
from ingestor.state import State
from ingestor.tasks import results
from ingestor.tasks.job import Job, JobResult
from ingestor.tasks.results import Outcome, Record
from ingestor.tasks.runner import TaskRunner
from ingestor.tasks.schedule import Schedule


class Scripted:
    """A job that does what it was given.

    Attributes:
        runs: Whether each run so far was asked for by hand.
        busy: How many run now.
        busiest: How many ever ran at the same time.
    """

    def __init__(self, act: Callable[[], Awaitable[JobResult]]) -> None:
        self.act = act
        self.runs: list[bool] = []
        self.busy = 0
        self.busiest = 0

    async def run(self, *, by_hand: bool) -> JobResult:
        """See `Job`."""
        self.runs.append(by_hand)
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            return await self.act()
        finally:
            self.busy -= 1


async def done() -> JobResult:
    """A run that ends well."""
    await asyncio.sleep(0)
    return JobResult("did it")


def runner(
    job: Job, state: State, *, record: Record | None = None, now_ns: Callable[[], int], **spec: object
) -> TaskRunner:
    """A runner of task `weather`, every 30 minutes where nothing else is said."""
    fields = {"kind": "weather", "every": "30m", "latitude": 0, "longitude": 0, **spec}
    wanted = TaskSpec.model_validate(fields)
    return TaskRunner(
        record or Record("weather"),
        "weather",
        schedule=Schedule("weather", wanted, zone="UTC"),
        job=job,
        time_limit_secs=wanted.time_limit / 100,
        state=state,
        now_ns=now_ns,
        look_secs=0.01,
        end_secs=0.05,
    )


@asynccontextmanager
async def running(task: TaskRunner) -> AsyncIterator[None]:
    """A runner that runs, and is ended at the end."""
    loop = asyncio.create_task(task.run())
    try:
        yield
    finally:
        loop.cancel()
        await asyncio.wait([loop])


async def kept(state: State) -> Record:
    """What the state holds of the task."""
    return (await state.run(results.records))["weather"]


async def answer_of(held: State, number: int) -> tuple[Outcome, str]:
    """The answer to a request, once there is one."""
    async with asyncio.timeout(10):
        while (found := await held.run(lambda connection: results.answered(connection, number))) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return found


def state(folder: Path) -> State:
    """A state in a folder."""
    return State(folder / "state.db")
