"""The intake: keeps one session with the broker going, whatever happens to the connection."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ingestor.config import Mqtt
from ingestor.errors import BrokerError, BrokerRefusedError, BrokerUnavailableError
from ingestor.intake.idorder import IdOrder
from ingestor.intake.link import Link
from ingestor.intake.outgoing import Hello
from ingestor.intake.oversize import OversizedHead
from ingestor.intake.reasons import unreachable
from ingestor.intake.redelivery import Redelivery
from ingestor.intake.replies import Connack
from ingestor.intake.session import (
    ClosedError,
    NoConnackError,
    Session,
    SessionTakenOverError,
    Subscribed,
    VersionRefusedError,
)
from ingestor.intake.subscriptions import Subscriptions
from ingestor.intake.tls import tls_context
from ingestor.intake.versions import VersionChoice
from ingestor.intake.wire import Version
from ingestor.ports import Log
from ingestor.retry import Backoff

SESSION_EXPIRY_SECS = 7 * 86_400
_KICKS = 3
_KICK_SECS = 10.0
"""So many connections in a row that lasted less than this, closed without a word, are no accident."""

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the intake waits for what, in seconds.

    `connect_secs` for the TCP and TLS connection, `answer_secs` for CONNACK and SUBACK. Between attempts: from
    `first_retry_secs`, doubling, to `last_retry_secs`, drawn by chance; `refused_retry_secs` where the broker said no.
    """

    connect_secs: float = 10.0
    answer_secs: float = 10.0
    first_retry_secs: float = 0.5
    last_retry_secs: float = 30.0
    refused_retry_secs: float = 60.0


async def _forget_order(_proven: bool) -> None:  # noqa: FBT001 - a callback with one argument
    """Nobody wants to know."""


class MqttIntake:
    """Receives, has it journaled, and acknowledges to the broker what is on disk.

    Args:
        config: The broker and how to be its client.
        client_id: Who we are to the broker; the broker keeps what arrives while we are away under this name.
        filters: What to subscribe to; they must not overlap (mosquitto would send such messages twice).
        more: What to subscribe to besides, asked for at each connection and after `changed`; these may be refused.
        log: Takes the messages.
        on_oversize: Awaited for each message over `max_packet`, in order; when it returns, the head is on disk.
        on_subscribed: Awaited when all subscriptions are in force, with the filters as they were subscribed.
        previous_filters: What `on_subscribed` was given last time: what is not wanted any more is unsubscribed.
        ids_in_sequence: What `on_id_order` was given last time.
        on_id_order: Awaited when it turns out that the broker's packet ids count up, or do not; to be kept on
            disk, because only with it redelivery can be recognised after a crash.
        timing: How long to wait for what.

    Attributes:
        recognised: Messages that the broker sent again and that were in the journal already, since the start.
        skipped: Messages over the size limit whose head was recorded, since the start.
        reconnects: Connections after the first, since the start.
        connected: The broker has accepted us.
        subscribed: All subscriptions are in force.
        protocol: The version of MQTT spoken; empty before the first connection.
        session_secs: For how long the broker keeps our session while we are away; None where it does not say.
        fault: What keeps readings from coming, in words; None when nothing does.
    """

    def __init__(
        self,
        config: Mqtt,
        *,
        client_id: str,
        filters: Sequence[str],
        log: Log,
        on_oversize: Callable[[OversizedHead], Awaitable[None]],
        on_subscribed: Callable[[Sequence[str]], Awaitable[None]],
        more: Callable[[], Sequence[str]] = tuple,
        previous_filters: Sequence[str] = (),
        ids_in_sequence: bool = False,
        on_id_order: Callable[[bool], Awaitable[None]] = _forget_order,
        timing: Timing | None = None,
    ) -> None:
        self.recognised = 0
        self.skipped = 0
        self.reconnects = 0
        self.connected = False
        self.subscribed = False
        self.protocol = ""
        self.session_secs: int | None = None
        self.fault: str | None = None
        self._config = config
        self._hello = make_hello(config, client_id)
        self._wanted = Subscriptions(filters, more, group=config.shared_group, in_force=previous_filters)
        self._warned = False
        self._journal = log
        self._on_oversize = on_oversize
        self._on_subscribed = on_subscribed
        self._on_id_order = on_id_order
        self._timing = timing or Timing()
        self._order = IdOrder(proven=ids_in_sequence)
        self._order_on_disk = ids_in_sequence
        self._tls: ssl.SSLContext | None = None
        self._versions = VersionChoice(config.protocol)
        self._backoff = Backoff(self._timing.first_retry_secs, self._timing.last_retry_secs)
        self._link: Link | None = None
        self._accepted = False
        self._connections = 0
        self._welcomed_at = 0.0
        self._kicks = 0
        self._stopping = False
        self._serving = False
        self._scope: asyncio.Timeout | None = None
        self._ended = asyncio.Event()
        self._ended.set()

    @property
    def paused(self) -> bool:
        """Whether nothing is read from the socket because the journal is behind."""
        return self._link is not None and self._link.paused

    async def run(self) -> None:
        """Receive until `stop`; reconnect for as long as it takes.

        Raises:
            BrokerRefusedError: The broker said no before it ever accepted all subscriptions, or another client with
                our client id took over our session.
            ConfigError: A certificate file cannot be used.
        """
        self._ended.clear()
        try:
            async with asyncio.timeout(None) as self._scope:
                self._tls = tls_context(self._config)
                while not self._stopping:
                    await self._attempt()
        except TimeoutError:
            if not self._stopping:
                raise
        finally:
            self._scope = None
            self._ended.set()

    async def stop(self) -> None:
        """End `run` in good order: read no more, acknowledge what comes to be on disk, say goodbye.

        Returns when that is done; it takes as long as the journal does. What is not acknowledged comes again.
        """
        self._stopping = True
        if self._link is not None and self._serving:
            self._link.stirred.set()
        elif self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())
        await self._ended.wait()

    async def _attempt(self) -> None:
        """One connection, and the wait after it."""
        try:
            await self._connect_and_serve()
        except (VersionRefusedError, NoConnackError) as error:
            if self._versions.turn(refused=isinstance(error, VersionRefusedError)):
                _log.info("mqtt_version_turned reason=%s next=%s", error, self._versions.current)
                return
            await self._wait_after(error)
        except BrokerError as error:
            await self._wait_after(self._explained(error))

    def _explained(self, error: BrokerError) -> BrokerError:
        """The likely reason where the broker gives none: mosquitto 2.0.11 does not say that a session is taken over."""
        lasted_secs = asyncio.get_running_loop().time() - self._welcomed_at
        self._kicks = self._kicks + 1 if isinstance(error, ClosedError) and lasted_secs < _KICK_SECS else 0
        if self._kicks < _KICKS:
            return error
        return BrokerRefusedError(
            f"the broker closed {self._kicks} connections in a row soon after it had accepted them, and gave no "
            f"reason: probably another client uses the client id {self._hello.client_id} too, or we lack a right"
        )

    async def _wait_after(self, error: BrokerError) -> None:
        refused = isinstance(error, BrokerRefusedError)
        if isinstance(error, SessionTakenOverError) or (refused and not self._accepted):
            self._set_fault(str(error))
            raise error
        delay_secs = self._timing.refused_retry_secs if refused else self._backoff.next()
        self._set_fault(str(error))
        await asyncio.sleep(delay_secs)

    async def _connect_and_serve(self) -> None:
        if self._link is not None and self._link.last_append is not None:
            await asyncio.wait({self._link.last_append})  # what came before must be in the tail that we compare with
        loop = asyncio.get_running_loop()
        self._link = link = await self._open()
        try:
            answer = await link.begin(await self._load_tail())
            self._welcomed(answer)
            await self._serve(link, session_present=answer.session_present)
        finally:
            if self.subscribed:
                self._backoff.succeeded(loop.time())
            self.connected = self.subscribed = self._serving = False
            link.fail(BrokerUnavailableError("we gave up the connection"))

    async def _open(self) -> Link:
        config, loop = self._config, asyncio.get_running_loop()
        session = Session(
            self._hello,
            self._versions.current,
            max_packet=config.max_packet,
            order=self._order,
            connack_secs=self._timing.answer_secs,
        )
        link = Link(session, log=self._journal, tally=self)
        try:
            async with asyncio.timeout(self._timing.connect_secs):
                await loop.create_connection(lambda: link, config.host, config.port, ssl=self._tls)
        except OSError as error:  # a TimeoutError too
            words = unreachable(error, within_secs=self._timing.connect_secs)
            raise BrokerUnavailableError(f"cannot reach the broker at {config.host}:{config.port}: {words}") from None
        return link

    async def _load_tail(self) -> Redelivery:
        if not self._order.proven:
            return Redelivery()
        return await asyncio.to_thread(lambda: Redelivery(self._journal.unacknowledged()))

    def _welcomed(self, answer: Connack) -> None:
        self.connected = True
        self.protocol = str(self._versions.current)
        self._versions.worked()
        if self._versions.current is Version.V5:
            granted = answer.session_expiry_secs
            self.session_secs = self._hello.expiry_secs if granted is None else granted
        self._welcomed_at = asyncio.get_running_loop().time()
        self._connections += 1
        self.reconnects = self._connections - 1
        _log.info("mqtt_connected protocol=%s session_present=%s", self.protocol, answer.session_present)
        if answer.maximum_qos == 0:
            _log.warning("mqtt_no_promise: this broker allows QoS 0 only, what it sends may be lost on the way")
        if answer.session_expiry_secs is not None and answer.session_expiry_secs < self._hello.expiry_secs:
            _log.warning("mqtt_short_session: this broker keeps our session for %s s only", answer.session_expiry_secs)

    async def _serve(self, link: Link, *, session_present: bool) -> None:
        """Subscribe, and keep the connection until it ends or we stop."""
        # From the first packet on: while heads wait to be recorded nothing is read, no answer to SUBSCRIBE either.
        recording = asyncio.create_task(self._record_heads(link), name="oversized messages")
        recording.add_done_callback(lambda _: link.stirred.set())
        try:
            await self._keep_order()
            if not session_present:
                self._wanted.forgotten()
            await self._subscribe(link)
            self._serving = True
            while not self._stopping:
                await self._look(link, recording)
            link.hold()
            while link.owes and link.error is None and not recording.done():
                await _stirred(link, None)
            await link.leave()
        finally:
            recording.cancel()

    def changed(self) -> None:
        """What `more` gives has changed: subscribe to what is new, and no more to what is gone, within a second."""
        self._wanted.changed()
        if self._link is not None:
            self._link.stirred.set()

    async def _look(self, link: Link, recording: "asyncio.Task[None]") -> None:
        """Wait until something happens, and see to it."""
        happened = await _stirred(link, self._patience_secs())
        if link.error is not None:
            raise link.error
        if recording.done():
            recording.result()
        await self._keep_order()
        if not self.subscribed:
            if not happened:
                await self._subscribe(link)
        elif self._wanted.due_in(asyncio.get_running_loop().time()) == 0:
            await self._subscribe_to_more(link, all_of_it=False)

    def _patience_secs(self) -> float | None:
        """For how long it can wait for something to happen."""
        if not self.subscribed:
            return self._timing.refused_retry_secs
        return self._wanted.due_in(asyncio.get_running_loop().time())

    async def _subscribe(self, link: Link) -> None:
        """Ask for all filters; those that are refused after a first success are an alarm, and the others flow."""
        answer = await self._ask(link, self._wanted.fixed)
        if answer.refused:
            words = "; ".join(answer.refused)
            if not self._accepted:
                raise BrokerRefusedError(words)
            self._set_fault(words)
            return
        self._accepted = self.subscribed = True
        self._set_fault(None)
        self._backoff.succeeded(asyncio.get_running_loop().time())
        await self._subscribe_to_more(link, all_of_it=True)

    async def _subscribe_to_more(self, link: Link, *, all_of_it: bool) -> None:
        """Ask for what `more` gives, and give up what is not wanted any more."""
        change = self._wanted.change(asyncio.get_running_loop().time(), all_of_it=all_of_it)
        refused = (await self._ask(link, change.new)).refused if change.new else ()
        if refused and not self._warned:
            self._warned = True  # anybody may announce what we may not read
            _log.warning("mqtt_announced_refused filters=%d first=%s", len(refused), refused[0])
        if change.gone:
            link.unsubscribe(change.gone)
        self._wanted.done(change)
        await self._on_subscribed(change.in_force)

    async def _ask(self, link: Link, filters: Sequence[str]) -> Subscribed:
        answer = await self._answer(link, asyncio.ensure_future(link.subscribe(filters)))
        if answer.only_qos_0:
            _log.warning("mqtt_no_promise: this broker grants QoS 0 only to %s", ", ".join(answer.only_qos_0))
        return answer

    async def _answer(self, link: Link, asking: "asyncio.Future[Result]") -> Result:
        """The broker's answer, within the time that it has; while we do not read, the silence is ours."""
        try:
            while not asking.done():
                paused = link.paused
                await asyncio.wait([asking], timeout=self._timing.answer_secs)
                if not (asking.done() or paused or link.paused):
                    raise BrokerUnavailableError("the broker did not answer SUBSCRIBE")
            return asking.result()
        finally:
            asking.cancel()

    async def _keep_order(self) -> None:
        if self._order.proven is not self._order_on_disk:
            proven = self._order.proven
            await self._on_id_order(proven)
            self._order_on_disk = proven

    async def _record_heads(self, link: Link) -> None:
        """Have the heads of oversized messages recorded, one after the other."""
        while True:
            while link.heads:
                head, share = link.heads[0]
                await self._on_oversize(head)
                link.heads.popleft()
                self.skipped += 1
                link.recorded(share)
            await link.more_heads.wait()
            link.more_heads.clear()

    def _set_fault(self, words: str | None) -> None:
        if words is not None and words != self.fault:
            _log.warning("mqtt_fault reason=%s", words)
        elif words is None and self.fault is not None:
            _log.info("mqtt_well_again")
        self.fault = words


def make_hello(config: Mqtt, client_id: str, *, clean: bool = False, expiry_secs: int = SESSION_EXPIRY_SECS) -> Hello:
    """What CONNECT says of us."""
    password = config.password.get_secret_value() if config.password is not None else None
    return Hello(
        client_id,
        keep_alive_secs=int(config.keep_alive),
        expiry_secs=expiry_secs,
        clean=clean,
        username=config.username,
        password=password,
    )


async def _stirred(link: Link, timeout_secs: float | None) -> bool:
    """Whether something happened to the link within that time."""
    try:
        async with asyncio.timeout(timeout_secs):
            await link.stirred.wait()
    except TimeoutError:
        return False
    link.stirred.clear()
    return True
