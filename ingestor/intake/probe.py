"""Tries the broker out, for `ingestor check`: credentials, version, subscriptions, and what it says of itself."""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from ingestor.config import Mqtt
from ingestor.errors import BrokerUnavailableError
from ingestor.intake.idorder import IdOrder
from ingestor.intake.mqtt import SESSION_EXPIRY_SECS, make_hello
from ingestor.intake.outgoing import Hello
from ingestor.intake.reasons import unreachable
from ingestor.intake.replies import Connack
from ingestor.intake.session import Failed, NoConnackError, Session, Subscribed, VersionRefusedError
from ingestor.intake.subscriptions import shared
from ingestor.intake.tls import tls_context
from ingestor.intake.versions import VersionChoice
from ingestor.intake.wire import Version

_READ_BYTES = 65_536
_LEAVE_SECS = 1.0

Answer = TypeVar("Answer", Connack, Subscribed)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the broker said.

    A broker that speaks 3.1.1 says nothing of its limits: they are None then.

    Attributes:
        protocol: The version that it speaks with us.
        receive_maximum: How many of our own QoS 1 messages it takes before it acknowledges.
        session_expiry_secs: For how long it keeps what arrives while we are away.
        maximum_qos: The highest quality of service that it allows.
        retain_available: Whether it keeps retained messages.
        refused: Which subscriptions it refuses, in words.
        only_qos_0: Filters that it grants without any promise of delivery.
    """

    protocol: str
    receive_maximum: int | None
    session_expiry_secs: int | None
    maximum_qos: int | None
    retain_available: bool | None
    refused: tuple[str, ...]
    only_qos_0: tuple[str, ...]


async def probe(config: Mqtt, *, client_id: str, filters: Sequence[str], answer_secs: float = 10.0) -> Finding:
    """Connect as a client of its own, subscribe to each filter, and leave; nobody is deprived of a message.

    Args:
        config: The broker.
        client_id: Not that of the service: its session would be taken over. It leaves no session behind.
        filters: What the service would subscribe to. A shared group is tried under another name, because members
            of one group take messages from each other.
        answer_secs: How long to wait for each answer.

    Raises:
        BrokerUnavailableError: It cannot be reached or does not answer.
        BrokerRefusedError: It refuses us, in words.
        ConfigError: A certificate file cannot be used.
    """
    group = f"{config.shared_group}-check" if config.shared_group else None
    versions = VersionChoice(config.protocol)
    tls = tls_context(config)
    while True:
        keeping = make_hello(config, client_id, clean=True)
        trying = make_hello(config, client_id, clean=True, expiry_secs=0)
        visit = _Visit(config, versions.current, tls=tls, answer_secs=answer_secs)
        try:
            # Twice, so that a session with subscriptions is never left behind, not even when we are killed here.
            answer, _ = await visit.make(keeping, ())
            _, granted = await visit.make(trying, shared(filters, group))
        except (VersionRefusedError, NoConnackError) as error:
            if not versions.turn(refused=isinstance(error, VersionRefusedError)):
                raise
        else:
            return _finding(versions.current, answer, granted)


class _Visit:
    """Connections that speak one version."""

    def __init__(self, config: Mqtt, version: Version, *, tls: ssl.SSLContext | None, answer_secs: float) -> None:
        self._config = config
        self._version = version
        self._tls = tls
        self._answer_secs = answer_secs

    async def make(self, hello: Hello, filters: Sequence[str]) -> tuple[Connack, Subscribed]:
        """Connect, subscribe, leave; what the broker answered."""
        config, now = self._config, asyncio.get_running_loop().time
        session = Session(hello, self._version, max_packet=config.max_packet, order=IdOrder())
        reader, writer = await self._connect()
        try:
            session.open(now())
            answer = await self._answer(session, reader, writer, Connack)
            granted = Subscribed()
            if filters:
                session.subscribe(filters, now())
                granted = await self._answer(session, reader, writer, Subscribed)
            session.forget(now())
            writer.write(session.take_output())
            await self._until_closed(reader)
        finally:
            writer.close()
        return answer, granted

    async def _until_closed(self, reader: asyncio.StreamReader) -> None:
        """Read what still comes: closing with unread bytes could keep our goodbye from being read."""
        with suppress(OSError):  # a TimeoutError too
            async with asyncio.timeout(_LEAVE_SECS):
                while await reader.read(_READ_BYTES):
                    pass

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._config.host, self._config.port
        try:
            async with asyncio.timeout(self._answer_secs):
                return await asyncio.open_connection(host, port, ssl=self._tls)
        except OSError as error:  # a TimeoutError too
            words = unreachable(error, within_secs=self._answer_secs)
            raise BrokerUnavailableError(f"cannot reach the broker at {host}:{port}: {words}") from None

    async def _answer(
        self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wanted: type[Answer]
    ) -> Answer:
        """The next event of this kind; messages that come meanwhile are copies, and nobody's loss."""
        try:
            async with asyncio.timeout(self._answer_secs):
                while True:
                    writer.write(session.take_output())
                    data = await reader.read(_READ_BYTES)
                    for event in session.receive(data, now=asyncio.get_running_loop().time(), first_ns=0):
                        if isinstance(event, Failed):
                            raise event.error
                        if isinstance(event, wanted):
                            return event
                    if not data:
                        raise NoConnackError("the broker closed the connection without an answer")
        except TimeoutError:
            raise NoConnackError(f"the broker did not answer within {self._answer_secs:g} s") from None
        except OSError as error:
            raise BrokerUnavailableError(f"the connection to the broker broke: {error}") from None


def _finding(version: Version, answer: Connack, granted: Subscribed) -> Finding:
    tells = version is Version.V5
    expiry_secs = SESSION_EXPIRY_SECS if answer.session_expiry_secs is None else answer.session_expiry_secs
    return Finding(
        protocol=str(version),
        receive_maximum=answer.receive_maximum,
        session_expiry_secs=expiry_secs if tells else None,
        maximum_qos=answer.maximum_qos if tells else None,
        retain_available=answer.retain_available if tells else None,
        refused=granted.refused,
        only_qos_0=granted.only_qos_0,
    )
