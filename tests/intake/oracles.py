"""Two other implementations of MQTT, to hold ours against: `mqtt5` (MQTT 5) and paho (3.1.1)."""

from collections.abc import Callable
from typing import Any

import mqtt5
import paho.mqtt.client as paho
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

TOPICS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="+#"), min_size=1, max_size=40)
PAYLOADS = st.binary(max_size=400)
IDS = st.integers(1, 65_535)


class PahoWire:
    """A paho client without a socket: what it would send, and what it makes of what a broker sends."""

    def __init__(self, client_id: str, *, username: str | None = None, password: str | None = None) -> None:
        self.messages: list[tuple[str, bytes, int, bool, int]] = []
        client: Any = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=paho.MQTTv311,
            manual_ack=True,
        )
        self._client: Any = client
        client.username_pw_set(username, password)
        client.on_message = self._on_message
        self._incoming = _Incoming()
        client._sock = self._incoming

    def sent(self, method: str, *arguments: object) -> bytes:
        """The packet that a method of the client queues."""
        getattr(self._client, method)(*arguments)
        return bytes(self._client._out_packet.popleft()["packet"])

    def receive(self, data: bytes) -> None:
        """Feed it what a broker sent."""
        self._incoming.data += data
        while self._incoming.data:
            self._client.loop_read()

    def _on_message(self, _client: object, _userdata: object, message: paho.MQTTMessage) -> None:
        self.messages.append((message.topic, bytes(message.payload), message.qos, message.retain, message.mid))


class _Incoming:
    """As much of a socket as paho's reader and writer ask for."""

    def __init__(self) -> None:
        self.data = b""

    def recv(self, size: int) -> bytes:
        if not self.data:
            raise BlockingIOError
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def send(self, _data: bytes) -> int:
        raise BlockingIOError

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        """Nothing is open."""


def read_mqtt5(data: bytes) -> list[Any]:
    """All packets in the bytes, as `mqtt5` reads them."""
    packets = []
    view = memoryview(data)
    while view:
        packet, size = mqtt5.read(view)
        packets.append(packet)
        view = view[size:]
    return packets


@st.composite
def mqtt5_publishes(draw: Callable[[st.SearchStrategy[Any]], Any]) -> mqtt5.PublishPacket:
    """PUBLISH packets of MQTT 5 with any properties, without topic aliases."""
    acknowledged = draw(st.booleans())
    return mqtt5.PublishPacket(
        draw(TOPICS),
        draw(PAYLOADS),
        qos=mqtt5.QoS.AT_LEAST_ONCE if acknowledged else mqtt5.QoS.AT_MOST_ONCE,
        packet_id=draw(IDS) if acknowledged else None,
        retain=draw(st.booleans()),
        duplicate=acknowledged and draw(st.booleans()),
        message_expiry_interval=draw(st.none() | st.integers(0, 2**32 - 1)),
        content_type=draw(st.none() | st.just("text/#plain")),
        correlation_data=draw(st.none() | st.binary(max_size=50)),
        subscription_ids=draw(st.just([]) | st.just([1, 268_435_455])),
        user_properties=draw(st.lists(st.tuples(st.just("key"), st.text("ab#", max_size=200)), max_size=3)),
    )
