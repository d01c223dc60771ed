"""The weather of one place: asked of one service after the other, and put into the journal as it came."""

import asyncio
import hashlib
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ingestor import state
from ingestor.config import Provider, TaskSpec
from ingestor.intake.oversize import HEAD_BYTES, OversizedHead
from ingestor.ports import FETCHED, Log, Message, TaskFault
from ingestor.retry import Backoff
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.json import JsonFormat
from ingestor.routing.weather.rows import UNPACKS, What, asked, weather_topic
from ingestor.state import State
from ingestor.tasks.job import Fault, JobError, JobResult
from ingestor.tasks.weather.catalog import SERVICES
from ingestor.tasks.weather.fetch import Fetcher, FetchError

_MEND: Final = "; mend tasks.{task}.api_key, latitude or longitude"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long is waited for what, in seconds.

    `answer_secs` for an answer. A service that refuses is left alone for `refused_secs`, one that is asked too often
    for as long as it says, or `limited_secs`, but never longer than `longest_secs`. Where none is well, they are asked
    again up to `rounds` times, with waits from `first_retry_secs` on.
    """

    answer_secs: float = 30.0
    refused_secs: float = 3_600.0
    limited_secs: float = 600.0
    longest_secs: float = 86_400.0
    rounds: int = 3
    first_retry_secs: float = 15.0
    last_retry_secs: float = 60.0


class WeatherJob:
    """See `Job`.

    Args:
        name: Of the task.
        spec: What it is to do.
        log: The journal.
        state: Where is kept what came last, so that the same observation is journaled once.
        max_bytes: Longer answers are not kept, but for their head.
        on_oversize: Keeps that.
        timing: How long to wait for what.
        clock: Monotonic, in seconds.
        now_ns: What the clock says.
    """

    def __init__(
        self,
        name: str,
        spec: TaskSpec,
        *,
        log: Log,
        state: State,
        max_bytes: int,
        on_oversize: Callable[[OversizedHead], Awaitable[None]],
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._name = name
        self._spec = spec
        self._log = log
        self._state = state
        self._max_bytes = max_bytes
        self._on_oversize = on_oversize
        self._timing = timing or Timing()
        self._clock = clock
        self._now_ns = now_ns
        self._resting: dict[Provider, tuple[float, Fault]] = {}
        self._secret = "" if spec.api_key is None else spec.api_key.get_secret_value()

    async def run(self, *, by_hand: bool) -> JobResult:
        """See `Job`."""
        if self._log.backlog_bytes > self._log.backlog_limit:
            raise JobError(Fault(TaskFault.OTHER, "the journal takes nothing more at the moment"))
        told: list[str] = []
        faults: dict[str, Fault] = {}
        failed = False
        async with Fetcher(secs=self._timing.answer_secs, max_bytes=self._max_bytes) as fetcher:
            for what in What:
                if not (providers := asked(self._spec, what)):
                    continue
                words, met = await self._told(fetcher, what, providers, by_hand=by_hand)
                for fault in met:
                    faults.setdefault(fault.words, fault)
                failed = failed or words is None
                told += [words] if words else []
        if failed:
            raise JobError(*faults.values())
        return JobResult("; ".join(told), tuple(faults.values()))

    async def _told(
        self, fetcher: Fetcher, what: What, providers: Sequence[Provider], *, by_hand: bool
    ) -> tuple[str | None, Sequence[Fault]]:
        """What the first service told that tells anything, None where none does; and what went wrong with others."""
        backoff = Backoff(self._timing.first_retry_secs, self._timing.last_retry_secs)
        met: dict[Provider, Fault] = {}
        for number in range(1 if by_hand else self._timing.rounds):
            if number:
                await asyncio.sleep(backoff.next())
            for provider in providers:
                fault = None if by_hand else self._rests(provider)
                if fault is None:
                    outcome = await self._ask(fetcher, what, provider)
                    if isinstance(outcome, str):
                        return outcome, tuple(met.values())
                    fault = outcome
                if not fault.again or provider not in met:
                    met[provider] = fault
            if not any(fault.kind is TaskFault.UNAVAILABLE and not self._rests(one) for one, fault in met.items()):
                break
        return None, tuple(met.values())

    def _rests(self, provider: Provider) -> Fault | None:
        """Why a service is not asked again yet."""
        until, fault = self._resting.get(provider, (0.0, None))
        return None if fault is None or self._clock() >= until else fault._replace(again=True)

    async def _ask(self, fetcher: Fetcher, what: What, provider: Provider) -> str | Fault:
        """Have a service tell, and the journal take it; in words, or what went wrong."""
        service = SERVICES[provider]
        address = self._spec.addresses.get(provider, service.address)
        question = service.ask(what, self._spec)
        self._resting.pop(provider, None)
        try:
            answer = await fetcher.fetch(address, question, complaint=service.complaint, secret=self._secret)
        except FetchError as error:
            return self._fault(provider, error)
        topic = weather_topic(self._name, provider, what)
        if not answer.whole:
            await self._skip(topic, answer.body)
            return Fault(TaskFault.NONSENSE, f"{provider} answers with more than {self._max_bytes:,} bytes")
        try:
            mark = await asyncio.to_thread(_mark, answer.body, provider, what)
        except UnreadableError as error:
            # Decoding it sets it aside for the same reason, with all of it.
            await self._journal(topic, answer.body, f"? {hashlib.sha256(answer.body).hexdigest()}")
            return Fault(TaskFault.NONSENSE, f"{provider} answers in another way than documented: {error.detail}")
        new = await self._journal(topic, answer.body, mark)
        kind = "observation" if what is What.CURRENT else "forecast"
        return f"{provider}: {kind} {'journaled' if new else 'unchanged'}"

    def _fault(self, provider: Provider, error: FetchError) -> Fault:
        words = f"{provider} {error}"
        if error.kind is TaskFault.REFUSED:
            words += _MEND.format(task=self._name)
        fault = Fault(error.kind, words)
        wait_secs = error.wait_secs
        if error.kind is TaskFault.REFUSED:
            wait_secs = self._timing.refused_secs
        elif error.kind is TaskFault.LIMITED and wait_secs is None:
            wait_secs = self._timing.limited_secs
        if wait_secs is not None:
            self._resting[provider] = (self._clock() + min(wait_secs, self._timing.longest_secs), fault)
        return fault

    async def _journal(self, topic: str, body: bytes, mark: str) -> bool:
        """Put an answer into the journal, and return when it is on disk; False for what is there already."""
        fact = f"weather {topic}"
        if await self._state.run(lambda connection: state.fact(connection, fact)) == mark:
            return False
        received_ns = self._log.clock.take(1, now_ns=self._now_ns())
        # What is queued is written, also when our time is over meanwhile.
        await asyncio.shield(self._log.append([Message(topic, body, received_ns, FETCHED)]))

        def remember(connection: sqlite3.Connection) -> None:
            state.set_fact(connection, fact, mark)

        await self._state.run(remember)
        return True

    async def _skip(self, topic: str, body: bytes) -> None:
        received_ns = self._log.clock.take(1, now_ns=self._now_ns())
        await self._on_oversize(OversizedHead(topic, body[:HEAD_BYTES], len(body), received_ns, FETCHED, 0))


def _mark(body: bytes, provider: Provider, what: What) -> str:
    """What is the same for the same observation: its time; of a forecast, all that it says.

    Raises:
        UnreadableError: The answer is not what is documented.
    """
    readings = UNPACKS[provider, what](JsonFormat().load(body))
    if what is What.CURRENT:
        return json.dumps([reading["time"] for reading in readings if not isinstance(reading, UnreadableError)])
    said = json.dumps(readings, sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()
