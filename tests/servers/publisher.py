"""Publishes messages to a real broker, and returns when the broker has acknowledged all of them."""

import threading
from collections.abc import Iterable
from typing import Self

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

_WINDOW = 2_000
_ACK_SECS = 60.0


class Publisher:
    """A publishing client; use it as a context manager.

    Args:
        port: Of a broker on loopback.
        protocol: "5" or "3.1.1".
    """

    def __init__(self, port: int, *, protocol: str = "3.1.1") -> None:
        version = MQTTProtocolVersion.MQTTv5 if protocol == "5" else MQTTProtocolVersion.MQTTv311
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=version)
        self._client.max_inflight_messages_set(_WINDOW)
        self._port = port
        self._acknowledged = 0
        self._more = threading.Condition()
        self._client.on_publish = lambda *_: self._count()

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _count(self) -> None:
        with self._more:
            self._acknowledged += 1
            self._more.notify_all()

    def publish(self, messages: Iterable[tuple[str, bytes]], *, qos: int = 1) -> int:
        """Publish topics with payloads, in order; returns how many, once all are acknowledged (sent, at QoS 0).

        Raises:
            AssertionError: The broker did not acknowledge for a minute.
        """
        begun = self._acknowledged
        sent = 0
        for topic, payload in messages:
            sent += 1
            with self._more:
                self._wait_for(begun + sent - _WINDOW)
            self._client.publish(topic, payload, qos=qos)
        with self._more:
            self._wait_for(begun + sent)
        return sent

    def _wait_for(self, acknowledged: int) -> None:
        assert self._more.wait_for(lambda: self._acknowledged >= acknowledged, _ACK_SECS), "the broker does not answer"
