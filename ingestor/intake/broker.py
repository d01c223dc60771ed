"""The embedded broker: a mosquitto of our own where one is installed, else amqtt in this process."""

import logging
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ingestor.config import Mqtt
from ingestor.errors import ListenError
from ingestor.intake.mosquitto import MosquittoBroker, find_mosquitto

LOOPBACK = "127.0.0.1"

_log = logging.getLogger(__name__)


class EmbeddedBroker:
    """Runs a broker for as long as it is entered, on the port of `mqtt.url`.

    It listens on loopback only, unless `embedded_users` names who may connect; then on every address.

    Args:
        config: `mqtt` of the configuration.
        folder: For its files; it is made.
        any_port: Take a free port where that of the url is taken.

    Raises:
        ListenError: On entering: the port is taken, or there is neither mosquitto nor amqtt.

    Attributes:
        client_settings: `mqtt` for a client in this process: the address, and a user where there are users.
    """

    client_settings: Mqtt

    def __init__(self, config: Mqtt, folder: Path, *, any_port: bool = False) -> None:
        self._config = config
        self._folder = folder
        self._any_port = any_port
        self._running = AsyncExitStack()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self.client_settings.port

    async def __aenter__(self) -> Self:
        users = {name: secret.get_secret_value() for name, secret in self._config.embedded_users.items()}
        host = "" if users else LOOPBACK
        port = self._claim_port(host)
        program = find_mosquitto()
        if program is not None:
            broker = MosquittoBroker(program, self._folder, host=host, port=port, users=users)
            await self._running.enter_async_context(broker)
        else:
            await self._running.enter_async_context(_amqtt(host, port, users))
        self.client_settings = self._settings(port, spoken=self._config.protocol if program else "3.1.1")
        _log.info("embedded_broker_started kind=%s port=%s", "mosquitto" if program else "amqtt", port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._running.aclose()

    def _claim_port(self, host: str) -> int:
        """The port to listen on. The broker cannot be asked: it would not say clearly why it does not start."""
        port = self._config.port
        for wanted in (port, 0) if self._any_port else (port,):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, wanted))
                except OSError as error:
                    reason = error.strerror
                else:
                    claimed: int = probe.getsockname()[1]
                    return claimed
        raise ListenError(f"the embedded broker cannot listen on port {port}: {reason}; change mqtt.url")

    def _settings(self, port: int, *, spoken: str) -> Mqtt:
        changed: dict[str, Any] = {"url": f"mqtt://{LOOPBACK}:{port}", "protocol": spoken}
        users = self._config.embedded_users
        if users:
            name = self._config.username if self._config.username in users else next(iter(users))
            changed |= {"username": name, "password": users[name]}
        return self._config.model_copy(update=changed)


def _amqtt(host: str, port: int, users: dict[str, str]) -> Any:  # noqa: ANN401 - typed where amqtt is installed
    try:
        from ingestor.intake.amqtt_broker import AmqttBroker  # noqa: PLC0415 - an extra, imported only where used
    except ImportError:
        raise ListenError(
            "there is no broker to embed: install mosquitto (apt-get install mosquitto), or for trying things out: "
            "pip install 'ingestor[broker]'"
        ) from None
    return AmqttBroker(host=host or "0.0.0.0", port=port, users=users)  # noqa: S104 - the users were named for this
