"""One connection to the broker: the session's shell on a socket."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar, cast

from ingestor.errors import BrokerError, BrokerUnavailableError
from ingestor.intake.acks import AckQueue, Share
from ingestor.intake.incoming import Publishes
from ingestor.intake.outgoing import ACK, RECEIVED
from ingestor.intake.oversize import OversizedHead
from ingestor.intake.redelivery import Redelivery
from ingestor.intake.replies import Connack
from ingestor.intake.session import ClosedError, Event, Failed, NoConnackError, Session, Subscribed
from ingestor.ports import Log, Message

_MAX_HEADS = 16
"""Reading stops as well while so many heads of oversized messages wait to be recorded."""
_WIDE_WINDOW = 128
"""A broker that has sent more than this without our acknowledgements does not wait for each of them."""
_GATHER_SECS = 0.01
"""From such a broker no more than one read in this time: a read, its group and its acknowledgements cost as much for
twenty messages as for hundreds. Even one whose window is hardly wide sends 12,800 messages a second that way."""
_PAUSED_TICK_SECS = 0.2
_LEAVE_SECS = 1.0

Answer = TypeVar("Answer")


class Tally(Protocol):
    """Where a link counts what it did not journal because the journal has it."""

    recognised: int


class Link(asyncio.Protocol):
    """Whole socket reads in, messages into the log, one write for the acknowledgements of what became durable.

    Acknowledgements are bound to this connection: what becomes durable after it has ended is not acknowledged, the
    broker sends it again on the next one, and `redelivery` recognises it.

    Args:
        session: The session on it.
        log: Takes the messages.
        tally: Counts what was recognised.
        wall_clock_ns: Asked once for each read.

    Attributes:
        error: Why the connection is over; None while it is not.
        paused: Whether reading stops because the log is behind.
        stirred: Set when something happened that whoever supervises the link may want to look at.
        heads: Of oversized messages: to be recorded, and then given to `recorded`.
        more_heads: Set when there are more of them.
        last_append: Done when all that this link has appended is on disk.
    """

    def __init__(
        self, session: Session, *, log: Log, tally: Tally, wall_clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self.error: BrokerError | None = None
        self.paused = False
        self.stirred = asyncio.Event()
        self.heads: deque[tuple[OversizedHead, Share]] = deque()
        self.more_heads = asyncio.Event()
        self.last_append: asyncio.Future[None] | None = None
        self._session = session
        self._log = log
        self._tally = tally
        self._wall_clock_ns = wall_clock_ns
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._redelivery = Redelivery()
        self._acks = AckQueue()
        self._welcome: asyncio.Future[Connack] = self._loop.create_future()
        self._answer: asyncio.Future[Subscribed] = self._loop.create_future()
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._flushing = False
        self._begun = self._holding = self._leaving = self._stuffed = False
        self._wide_window = self._gathering = False
        self._reading = True

    # What the supervisor calls.

    async def begin(self, redelivery: Redelivery) -> Connack:
        """Send CONNECT and return the broker's answer; `redelivery` compares what it sends again.

        Raises:
            BrokerError: The connection ended, or was refused in words.
        """
        if self.error is not None:
            raise self.error
        self._redelivery = redelivery
        self._begun = True
        self._session.open(self._loop.time())
        self._write()
        self._on_timer()
        self._regulate()
        return await self._unless_lost(self._welcome)

    async def subscribe(self, filters: Sequence[str]) -> Subscribed:
        """Subscribe and return the broker's answers.

        Raises:
            BrokerError: The connection ended before all answers came.
        """
        if self.error is not None:
            raise self.error
        self._answer = self._loop.create_future()
        self._session.subscribe(filters, self._loop.time())
        self._write()
        return await self._unless_lost(self._answer)

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Give up these filters."""
        self._session.unsubscribe(filters, self._loop.time())
        self._write()

    def recorded(self, share: Share) -> None:
        """The head that came with this share of `heads` is on disk."""
        self._done(share)

    @property
    def owes(self) -> bool:
        """Whether something that came is not acknowledged yet."""
        return len(self._acks) > 0

    def hold(self) -> None:
        """Read no more from the socket."""
        self._holding = True
        self._regulate()

    async def leave(self) -> None:
        """Say goodbye and wait, for a second at most, until the broker has closed the connection.

        What still comes is read and thrown away: closing a socket with unread bytes in it resets the connection, and
        the broker would lose what it has not read of our acknowledgements.
        """
        if self.error is None and self._transport is not None:
            self._leaving = True
            self._session.disconnect(self._loop.time())
            self._write()
            if not self._transport.is_reading():
                self._transport.resume_reading()
            await asyncio.wait({self._lost}, timeout=_LEAVE_SECS)
        self.fail(BrokerUnavailableError("we left"))

    def fail(self, error: BrokerError) -> None:
        """End the connection at once; only the first error counts."""
        if self.error is not None:
            return
        self.error = error
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._write()
            self._transport.abort()
        for future in (self._welcome, self._answer):
            future.cancel()
        self.stirred.set()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep quiet until `begin`: what the broker sends again can be compared only from then on."""
        self._transport = cast("asyncio.Transport", transport)
        self._regulate()

    def connection_lost(self, exc: Exception | None) -> None:
        """The broker went away, or we did."""
        if not self._lost.done():
            self._lost.set_result(None)
        if not self._welcome.done():
            self.fail(NoConnackError("the broker closed the connection without an answer to CONNECT"))
        elif exc is None or isinstance(exc, ConnectionResetError):
            self.fail(ClosedError("the broker closed the connection and gave no reason"))
        else:
            self.fail(BrokerUnavailableError(f"the connection to the broker broke: {exc}"))

    def pause_writing(self) -> None:
        """The broker does not read; then nor do we, or what we owe it would grow without bound."""
        self._stuffed = True
        self._regulate()

    def resume_writing(self) -> None:
        """The broker reads again."""
        self._stuffed = False
        self._regulate()

    def data_received(self, data: bytes) -> None:
        """Everything the socket had."""
        if self.error is not None or self._leaving:
            return
        first_ns = self._log.clock.take(0, now_ns=self._wall_clock_ns())
        proven = self._session.ids_in_sequence
        for event in self._session.receive(data, now=self._loop.time(), first_ns=first_ns):
            self._on_event(event)
        if self._session.ids_in_sequence is not proven:
            self.stirred.set()
        if self.error is None:
            self._write()
            self._regulate()

    # Its own business.

    def _on_event(self, event: Event) -> None:
        match event:
            case Publishes():
                self._journal(event)
            case OversizedHead():
                self._log.clock.take(1, now_ns=event.received_ns)
                self.heads.append((event, self._acks.owe(_ack_of(event))))
                self.more_heads.set()
            case Connack():
                if not (event.session_present and self._session.ids_in_sequence):
                    self._redelivery.end()
                _settle(self._welcome, event)
                self._tick_in(0.0)  # from now on it is the keep-alive that says when
            case Subscribed():
                _settle(self._answer, event)
            case Failed():
                self.fail(event.error)

    def _journal(self, publishes: Publishes) -> None:
        messages: Sequence[Message] = publishes.messages
        self._log.clock.take(len(messages), now_ns=messages[0].received_ns)
        share = self._acks.owe(publishes.acks)
        self._gather(publishes)
        if self._redelivery.active:
            messages = self._redelivery.split(messages)
            self._tally.recognised += len(publishes.messages) - len(messages)
        if messages:
            self.last_append = self._log.append(messages)
            self.last_append.add_done_callback(partial(self._on_disk, share))
        else:
            self._done(share)

    def _gather(self, publishes: Publishes) -> None:
        """Where the broker goes on sending meanwhile, let more come together before the next read."""
        self._wide_window = self._wide_window or len(publishes.acks) > _WIDE_WINDOW
        if self._wide_window and not self._gathering:
            self._gathering = True
            self._loop.call_later(_GATHER_SECS, self._gathered)

    def _gathered(self) -> None:
        self._gathering = False
        self._regulate()

    def _on_disk(self, share: Share, written: "asyncio.Future[None]") -> None:
        if not written.cancelled():
            written.result()
            self._done(share)

    def _done(self, share: Share) -> None:
        """Acknowledge soon: a group of the journal ends many appends at once, and they share one write."""
        share.done = True
        if not self._flushing and self.error is None:
            self._flushing = True
            self._loop.call_soon(self._acknowledge)

    def _acknowledge(self) -> None:
        self._flushing = False
        if self.error is None:
            self._session.acknowledge(self._acks.take(), self._loop.time())
            self._write()
            self._regulate()
            if not self._acks:
                self.stirred.set()

    def _on_timer(self) -> None:
        try:
            delay_secs = self._session.tick(self._loop.time(), paused=self.paused)
        except BrokerError as error:
            self.fail(error)
            return
        self._write()
        self._regulate()
        if self.paused:
            delay_secs = min(delay_secs, _PAUSED_TICK_SECS)
        self._tick_in(delay_secs)

    def _tick_in(self, delay_secs: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.error is None:
            self._timer = self._loop.call_later(delay_secs, self._on_timer)

    def _regulate(self) -> None:
        """Read or do not read, as things stand."""
        if self.error is not None or self._leaving or self._transport is None:
            return
        limit = self._log.backlog_limit // 2 if self.paused else self._log.backlog_limit
        was_paused = self.paused
        self.paused = self._log.backlog_bytes > limit or len(self.heads) >= _MAX_HEADS
        if self.paused and not was_paused:
            self._tick_in(_PAUSED_TICK_SECS)
        read = self._begun and not (self.paused or self._stuffed or self._holding or self._gathering)
        if read is self._reading:
            return
        self._reading = read
        if read:
            self._session.resumed(self._loop.time())
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _write(self) -> None:
        output = self._session.take_output()
        if output and self._transport is not None:
            self._transport.write(output)

    async def _unless_lost(self, future: "asyncio.Future[Answer]") -> Answer:
        try:
            return await future
        except asyncio.CancelledError:
            if self.error is not None and future.cancelled():
                raise self.error from None
            raise


def _settle(future: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)


def _ack_of(head: OversizedHead) -> Sequence[int]:
    if not head.packet_id:
        return ()
    return ((ACK if head.flags & 6 == 2 else RECEIVED) | head.packet_id,)
