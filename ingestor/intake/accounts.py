"""What intake must remember over restarts: who it is at the broker, what it subscribed to, what it did not journal."""

import asyncio
import json
import logging
import secrets
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple, Protocol, Self

from ingestor import deadletters, state
from ingestor.deadletters import NEVER_JOURNALED, WHOLE_MESSAGE, Fate, Letter
from ingestor.errors import StateError
from ingestor.intake.oversize import OversizedHead
from ingestor.ports import Message, Reason
from ingestor.state import INTAKE, State, Work
from ingestor.stats import IntakeStats

_log = logging.getLogger(__name__)

_RETRY_SECS = 2.0


class Counted(Protocol):
    """What is read of the intake to fill `IntakeStats`; counts since this start."""

    recognised: int
    reconnects: int
    connected: bool
    subscribed: bool
    protocol: str
    session_secs: int | None
    fault: str | None

    @property
    def paused(self) -> bool:
        """Whether it does not read from its socket at the moment."""


class _Loaded(NamedTuple):
    client_id: str
    subscriptions: tuple[str, ...]
    ids_in_sequence: bool
    totals: dict[str, int]


class IntakeAccounts:
    """Identity and accounts of the intake in `state.db`.

    Attributes:
        client_id: That of this data directory, made once: no two directories take over each other's session.
        subscriptions: The filters that were in force last time.
        ids_in_sequence: Whether it was proven that the broker's packet ids count up in our session.
    """

    def __init__(self, store: State, loaded: _Loaded, *, max_letter_bytes: int) -> None:
        self.client_id, self.subscriptions, self.ids_in_sequence, self._totals = loaded
        self._state = store
        self._max_letter_bytes = max_letter_bytes
        self._recognised_before = self._totals.get("recognised", 0)

    @classmethod
    async def load(cls, store: State, *, max_letter_bytes: int) -> Self:
        """Read them; a new data directory gets its client id here.

        Raises:
            StateError: The client id of a new directory could not be kept.
        """
        return cls(store, await store.run(_load), max_letter_bytes=max_letter_bytes)

    @property
    def dead_letter_bytes(self) -> int:
        """About how many bytes all dead letters take, as of the last few seconds."""
        return self._totals.get("dead_letter_bytes", 0)

    @property
    def dead_letters_put_out(self) -> int:
        """How many messages were put out of the dead letters because they were full, oldest first."""
        return self._totals.get("dead_letters_put_out", 0)

    async def subscribed(self, filters: Sequence[str]) -> None:
        """These filters are in force from now on."""
        self.subscriptions = tuple(filters)
        await self._run_until_done(
            lambda connection: state.set_fact(connection, "subscriptions", json.dumps(list(filters)))
        )

    async def id_order(self, in_sequence: bool) -> None:  # noqa: FBT001 - the intake calls it with this alone
        """It turned out that the broker's packet ids count up in our session, or do not."""
        self.ids_in_sequence = in_sequence
        words = "yes" if in_sequence else "no"
        await self._run_until_done(lambda connection: state.set_fact(connection, "ids_in_sequence", words))

    async def skip(self, head: OversizedHead) -> None:
        """Keep the head of a message over the size limit; on disk when this returns, so it may be acknowledged."""
        message = Message(head.topic, head.payload_head, head.received_ns, head.flags, head.packet_id)
        detail = f"{head.size:,} bytes are over mqtt.max_packet; here are the first {len(head.payload_head):,}"
        letter = Letter(NEVER_JOURNALED, message, WHOLE_MESSAGE, Reason.TOO_LARGE, detail, (), Fate.SET_ASIDE)

        def keep(connection: sqlite3.Connection) -> None:
            deadletters.add(connection, INTAKE, [letter])
            state.count(connection, INTAKE, {"skipped": 1})
            deadletters.make_room(connection, self._max_letter_bytes)

        await self._run_until_done(keep)

    async def save(self, recognised: int) -> None:
        """Put on disk how many messages were recognised since the start; when the disk refuses, next time.

        Without news it writes nothing: an SD card lives from that.
        """
        total = self._recognised_before + recognised
        try:
            await self._run(lambda connection: state.set_count(connection, INTAKE, "recognised", total))
        except StateError as error:
            _log.warning("accounts_not_saved reason=%s", error)

    def stats(self, intake: Counted, *, journaled: int) -> IntakeStats:
        """The accounts as they stand."""
        recognised = self._recognised_before + intake.recognised
        skipped = self._totals.get("skipped", 0)
        return IntakeStats(
            received=journaled + recognised + skipped,
            journaled=journaled,
            recognised=recognised,
            skipped=skipped,
            connected=intake.connected,
            subscribed=intake.subscribed,
            paused=intake.paused,
            protocol=intake.protocol,
            reconnects=intake.reconnects,
            session_secs=intake.session_secs,
            fault=intake.fault,
        )

    async def _run(self, work: Work[None]) -> None:
        def work_and_look(connection: sqlite3.Connection) -> dict[str, int]:
            work(connection)
            return state.counters(connection, INTAKE)

        self._totals = await self._state.run(work_and_look)

    async def _run_until_done(self, work: Work[None]) -> None:
        while True:
            try:
                return await self._run(work)
            except StateError as error:
                _log.warning("accounts_not_saved reason=%s", error)
                await asyncio.sleep(_RETRY_SECS)


def _load(connection: sqlite3.Connection) -> _Loaded:
    client_id = state.fact(connection, "client_id")
    if client_id is None:
        client_id = f"ingestor-{secrets.token_hex(6)}"
        state.set_fact(connection, "client_id", client_id)
    subscriptions = json.loads(state.fact(connection, "subscriptions") or "[]")
    ids_in_sequence = state.fact(connection, "ids_in_sequence") == "yes"
    return _Loaded(client_id, tuple(subscriptions), ids_in_sequence, state.counters(connection, INTAKE))
