"""An ordinary MQTT client, as a device is one, made from `mqtt` of the configuration."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiomqtt

from ingestor.config import Mqtt
from ingestor.errors import BrokerRefusedError, BrokerUnavailableError
from ingestor.intake.tls import tls_context

_IN_FLIGHT = 100
_MANY_CALLS = 1_000_000  # the library warns of a few calls at a time, and here many are meant


@asynccontextmanager
async def connected(config: Mqtt) -> AsyncIterator[aiomqtt.Client]:
    """A client with a session of its own, from its entering to its leaving.

    Args:
        config: The broker, and who we are to it; `client_id` is left to the service.

    Raises:
        BrokerRefusedError: The broker said no, in words.
        BrokerUnavailableError: It cannot be reached; or later, in the middle of the work: it is gone.
        ConfigError: A certificate file cannot be used.
    """
    client = aiomqtt.Client(
        config.host,
        config.port,
        username=config.username,
        password=config.password.get_secret_value() if config.password else None,
        tls_context=tls_context(config),
        keepalive=int(config.keep_alive),
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # or many small messages wait for each other
        max_inflight_messages=_IN_FLIGHT,
    )
    client.pending_calls_threshold = _MANY_CALLS
    try:
        async with client:
            yield client
    except aiomqtt.exceptions.MqttConnectError as error:
        raise BrokerRefusedError(f"{config.url} refused the connection: {_words(error)}") from None
    except aiomqtt.MqttError as error:
        raise BrokerUnavailableError(f"{config.url}: {_words(error)}") from None


def _words(error: aiomqtt.MqttError) -> str:
    """What the library says, without its numbers."""
    words = str(error)
    return words.partition("] ")[2] if words.startswith("[") else words
