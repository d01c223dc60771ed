"""The few MQTT 3.1.1 packets that the load and the bare subscriber need, as bytes.

Deliberately not the product's codec: what measures must not share faults, or speed, with what is measured.
"""

import socket
import struct

CONNACK_BYTES = 4
PUBACK_BYTES = 4


def _length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | 0x80 if size else low)
        if not size:
            return bytes(out)


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def connect(client_id: str) -> bytes:
    """A CONNECT packet: clean session, no keep-alive."""
    body = _text("MQTT") + b"\x04\x02\x00\x00" + _text(client_id)
    return b"\x10" + _length(len(body)) + body


def subscribe(topic_filter: str) -> bytes:
    """A SUBSCRIBE packet for one filter at QoS 1."""
    body = b"\x00\x01" + _text(topic_filter) + b"\x01"
    return b"\x82" + _length(len(body)) + body


def publish(topic: str, payload: bytes, *, packet_id: int) -> bytes:
    """A PUBLISH packet, at QoS 1 with a packet id, at QoS 0 when that is 0."""
    body = _text(topic) + (struct.pack(">H", packet_id) if packet_id else b"") + payload
    return (b"\x32" if packet_id else b"\x30") + _length(len(body)) + body


DISCONNECT = b"\xe0\x00"


def open_session(port: int, client_id: str) -> socket.socket:
    """A connected socket whose CONNECT was accepted.

    Raises:
        ConnectionError: The broker refused.
    """
    link = socket.create_connection(("127.0.0.1", port))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.sendall(connect(client_id))
    if link.recv(CONNACK_BYTES, socket.MSG_WAITALL) != b"\x20\x02\x00\x00":
        link.close()
        raise ConnectionError("the broker refused the connection")
    return link
