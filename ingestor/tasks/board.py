"""All tasks of a service, and what people ask of them."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from ingestor.errors import StateError
from ingestor.state import State
from ingestor.stats import TaskStats
from ingestor.tasks import results
from ingestor.tasks.results import Outcome
from ingestor.tasks.runner import TaskRunner

_log = logging.getLogger(__name__)

_LOOK_SECS: Final = 1.0


class TaskBoard:
    """Runs tasks, each for itself, and hands what people ask for to them.

    Args:
        runners: One for each task.
        state: Where people leave what they ask for.
    """

    def __init__(self, runners: Sequence[TaskRunner], *, state: State) -> None:
        self._runners = {runner.name: runner for runner in runners}
        self._state = state

    def stats(self) -> tuple[TaskStats, ...]:
        """How each stands."""
        return tuple(runner.stats() for runner in self._runners.values())

    async def run(self) -> None:
        """Run until cancelled; what then runs is ended."""
        async with asyncio.TaskGroup() as group:
            for runner in self._runners.values():
                group.create_task(runner.run(), name=f"task {runner.name}")
            if self._runners:
                group.create_task(self._watch(), name="asked of tasks")

    async def _watch(self) -> None:
        while True:
            try:
                await self._hand_on()
            except StateError as error:
                _log.debug("requests_not_read reason=%s", error)
            await asyncio.sleep(_LOOK_SECS)

    async def _hand_on(self) -> None:
        strange = []
        for request in await self._state.run(results.requests):
            if runner := self._runners.get(request.task):
                runner.ask(request.id)
            else:
                strange.append(request.id)
        if strange:
            words = "the service that runs has no such task: it was started with another configuration"
            await self._state.run(lambda connection: results.answer(connection, strange, Outcome.FAILED, words))
