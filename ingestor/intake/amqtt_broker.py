"""amqtt as a broker in this process, where no mosquitto is installed: for trying things out."""

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from amqtt.broker import Broker
from amqtt.errors import BrokerError as AmqttError
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from ingestor.errors import ListenError

_log = logging.getLogger(__name__)


class Accounts(BaseAuthPlugin):  # type: ignore[misc]  # amqtt is not typed
    """Lets in whom `users` names, or everybody where it names nobody."""

    @dataclass
    class Config:
        """What the broker hands to the plugin."""

        users: dict[str, str] = field(default_factory=dict, repr=False)

    async def authenticate(self, *, session: Session) -> bool:
        """Whether this client may connect."""
        users: dict[str, str] = self.config.users
        wanted = users.get(session.username or "")
        if not users or wanted is None:
            return not users
        return hmac.compare_digest(wanted.encode(), (session.password or "").encode())


class AmqttBroker:
    """Runs amqtt for as long as it is entered.

    Args:
        host: Listen on this address.
        port: Listen on this port.
        users: Passwords by name. Without any, everybody who reaches the port may connect.

    Raises:
        ListenError: On entering: the port cannot be had.
    """

    def __init__(self, *, host: str, port: int, users: Mapping[str, str]) -> None:
        settings: dict[str, Any] = {
            "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}},
            "plugins": {f"{__name__}.{Accounts.__name__}": {"users": dict(users)}},
        }
        self._port = port
        self._broker = Broker(settings)

    async def __aenter__(self) -> Self:
        for noisy in ("amqtt", "transitions"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        try:
            await self._broker.start()
        except AmqttError as error:
            raise ListenError(f"amqtt does not start on port {self._port}: {error}") from None
        _log.warning(
            "embedded_broker_is_amqtt: for trying things out only. It speaks MQTT 3.1.1, moves about 1,200 messages a "
            "second, keeps nothing over a restart, and never sends again what was under way when a connection broke; "
            "for more install mosquitto"
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._broker.shutdown()
