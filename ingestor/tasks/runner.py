"""Runs one task: when it is due or asked for, one run at a time, never for longer than it may."""

import asyncio
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from ingestor.errors import IngestorError, StateError
from ingestor.ports import TaskFault
from ingestor.state import State
from ingestor.stats import TaskStats
from ingestor.tasks import results
from ingestor.tasks.job import Fault, Job, JobError, JobResult
from ingestor.tasks.results import Outcome, Record
from ingestor.tasks.schedule import Schedule

_log = logging.getLogger(__name__)

_LOOK_SECS: Final = 15.0
"""So often the clock is looked at: it may be set while we wait."""
_END_SECS: Final = 5.0
"""So long a run may take to end when it is cancelled."""
_STOP_SECS: Final = 0.5


class TaskRunner:
    """One task of the service. What goes wrong in it stays in it.

    Args:
        record: What is remembered of it.
        kind: What kind of task it is.
        schedule: When it is due.
        job: What it does.
        time_limit_secs: How long a run may take.
        state: Where what is remembered is kept.
        now_ns: What the clock says.
        look_secs: So often that is asked, at least.
        end_secs: How long a run that is cancelled may take to end before it is said to hang.
    """

    def __init__(
        self,
        record: Record,
        kind: str,
        *,
        schedule: Schedule,
        job: Job,
        time_limit_secs: float,
        state: State,
        now_ns: Callable[[], int] = time.time_ns,
        look_secs: float = _LOOK_SECS,
        end_secs: float = _END_SECS,
    ) -> None:
        self._record = record
        self._kind = kind
        self._schedule = schedule
        self._job = job
        self._time_limit_secs = time_limit_secs
        self._state = state
        self._now_ns = now_ns
        self._look_secs = look_secs
        self._end_secs = end_secs
        self._asked: list[int] = []
        self._known: set[int] = set()
        self._stirred = asyncio.Event()
        self._told = ""
        self._unsaved = False

    @property
    def name(self) -> str:
        """Of the task."""
        return self._record.task

    def stats(self) -> TaskStats:
        """How it stands."""
        return self._record.stats(self._kind)

    def ask(self, request: int) -> None:
        """Run soon for a person, who waits for the answer to the request; more than once is asked once."""
        if request not in self._known:
            self._known.add(request)
            self._asked.append(request)
            self._stirred.set()

    async def run(self) -> None:
        """Run the task for as long as the service runs."""
        try:
            while True:
                await self._step()
        except Exception as error:  # noqa: BLE001 - whatever it is, the service goes on
            _log.exception("task_ended task=%s", self.name)
            words = f"it will not run again before the next start, a fault of ingestor: {error!r}"
            self._record = self._record._replace(outcome=Outcome.FAILED, words=words, next_ns=None)

    async def _step(self) -> None:
        """Wait a while, or run."""
        now_ns = self._now_ns()
        last_ns = self._schedule.recall(self._record.turn_ns, now_ns)
        turn = self._schedule.next(last_ns, now_ns)
        if self._asked:
            await self.run_once(by_hand=True)
        elif turn.due_ns <= now_ns:
            await self.run_once(turn_ns=turn.turn_ns)
        else:
            await self._note(self._record._replace(turn_ns=last_ns, next_ns=turn.due_ns))
            self._stirred.clear()
            try:
                async with asyncio.timeout(min((turn.due_ns - now_ns) / 1e9, self._look_secs)):
                    await self._stirred.wait()
            except TimeoutError:
                return

    async def run_once(self, *, turn_ns: int | None = None, by_hand: bool = False) -> Record:
        """One run, for a turn or for a person; returns what is remembered of the task after it."""
        before, asked = self._record, self._asked
        self._asked = []
        began = before._replace(
            began_ns=self._now_ns(),
            ended_ns=None,
            outcome=Outcome.RUNNING,
            words="",
            runs=before.runs + 1,
            turn_ns=before.turn_ns if turn_ns is None else turn_ns,
        )
        await self._note(began)
        running = asyncio.create_task(self._job.run(by_hand=by_hand), name=f"task {self.name}")
        try:
            await asyncio.wait({running}, timeout=self._time_limit_secs)
            on_time = running.done()
            if not on_time:
                running.cancel()
                await asyncio.wait({running}, timeout=self._end_secs)
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.wait({running}, timeout=_STOP_SECS)
            # The turn is not used up: the next start makes up for it.
            await self._end(began._replace(turn_ns=before.turn_ns), Outcome.INTERRUPTED, "the service stopped", asked)
            raise
        await self._settle(began, running, asked, on_time=on_time)
        if not running.done():
            await asyncio.wait({running})  # nothing else can be done, and there is one run at a time
        return self._record

    async def _settle(
        self, began: Record, running: "asyncio.Task[JobResult]", asked: list[int], *, on_time: bool
    ) -> None:
        outcome, words = Outcome.FAILED, ""
        faults: tuple[Fault, ...] = ()
        if not on_time:
            words = f"ended because it took longer than its time_limit of {self._time_limit_secs:g} s"
            if not running.done():
                words = f"hangs: it took longer than its time_limit of {self._time_limit_secs:g} s, and does not end"
            outcome, faults = Outcome.TIMED_OUT, (Fault(TaskFault.TIME_LIMIT, words),)
        elif running.cancelled():
            outcome, words = Outcome.INTERRUPTED, "the service stopped"
        elif (error := running.exception()) is None:
            outcome, (words, faults) = Outcome.DONE, running.result()
            if faults:
                words = f"{words}; but {'; '.join(fault.words for fault in faults)}"
        elif isinstance(error, JobError):
            words, faults = str(error), error.faults
        else:
            words = str(error) if isinstance(error, IngestorError) else f"a fault of ingestor: {error!r}"
            faults = (Fault(TaskFault.OTHER, words),)
        self._tell("; ".join(fault.words for fault in faults), failed=outcome is not Outcome.DONE)
        counts = Counter(began.faults)
        counts.update(fault.kind.value for fault in faults if not fault.again)
        await self._end(began._replace(faults=dict(counts)), outcome, words, asked)

    def _tell(self, fault: str, *, failed: bool) -> None:
        """One line for what goes wrong, however often it does, and one when it is over."""
        if fault == self._told:
            return
        self._told = fault
        if fault:
            _log.warning("%s task=%s reason=%s", "task_failed" if failed else "task_fault", self.name, fault)
        else:
            _log.info("task_well_again task=%s", self.name)

    async def _end(self, record: Record, outcome: Outcome, words: str, asked: list[int]) -> None:
        now_ns = self._now_ns()
        done = outcome is Outcome.DONE
        turn_ns = record.turn_ns
        if turn_ns is not None and outcome is not Outcome.INTERRUPTED:
            turn_ns = self._schedule.passed(turn_ns, now_ns)
        await self._note(
            record._replace(
                turn_ns=turn_ns,
                ended_ns=now_ns,
                succeeded_ns=now_ns if done else record.succeeded_ns,
                outcome=outcome,
                words=words,
                failures=record.failures + (outcome in {Outcome.FAILED, Outcome.TIMED_OUT}),
            ),
            asked,
        )

    async def _note(self, record: Record, asked: list[int] | None = None) -> None:
        """Remember; where the disk refuses, only for now: the task goes on."""
        if record == self._record and not self._unsaved:
            return
        self._record = record

        def keep(connection: sqlite3.Connection) -> None:
            results.save(connection, record)
            results.answer(connection, asked or (), record.outcome, record.words)

        try:
            await self._state.run(keep)
            self._unsaved = False
        except StateError as error:
            if not self._unsaved:
                _log.warning("task_result_not_kept task=%s reason=%s", self.name, error)
            self._unsaved = True
