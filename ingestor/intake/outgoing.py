"""The packets that we send, for both versions of MQTT. Pure: arguments in, bytes out."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingestor.intake.wire import Kind, Property, Version, write_text, write_varint

PINGREQ = b"\xc0\x00"

ACK = Kind.PUBACK << 28 | 2 << 16
"""A PUBACK is this number, with the packet id added, in four bytes; so a group is acknowledged by one `pack`."""
RECEIVED = Kind.PUBREC << 28 | 2 << 16
"""The same for PUBREC, the first half of acknowledging QoS 2."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What CONNECT says of us.

    `expiry_secs` is how long the broker keeps our session while we are away. `clean` asks to forget one that it has;
    under 3.1.1 the new one then ends with the connection too. `receive_maximum` and `alias_maximum` are said under
    MQTT 5 only.
    """

    client_id: str
    keep_alive_secs: int = 30
    expiry_secs: int = 7 * 86_400
    clean: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    receive_maximum: int = 8_192
    alias_maximum: int = 64


def packet(kind: Kind, body: bytes, *, flags: int = 0) -> bytes:
    """A whole packet with its fixed header."""
    return bytes((kind << 4 | flags,)) + write_varint(len(body)) + body


def connect(hello: Hello, version: Version) -> bytes:
    """CONNECT. No maximum packet size is named: mosquitto 2.0 loses quota on each packet that it then drops."""
    flags = hello.clean << 1 | (hello.username is not None) << 7 | (hello.password is not None) << 6
    body = write_text("MQTT") + bytes((version, flags)) + hello.keep_alive_secs.to_bytes(2, "big")
    if version is Version.V5:
        properties = bytes((Property.SESSION_EXPIRY,)) + hello.expiry_secs.to_bytes(4, "big")
        properties += bytes((Property.RECEIVE_MAXIMUM,)) + hello.receive_maximum.to_bytes(2, "big")
        properties += bytes((Property.TOPIC_ALIAS_MAXIMUM,)) + hello.alias_maximum.to_bytes(2, "big")
        body += write_varint(len(properties)) + properties
    body += write_text(hello.client_id)
    for secret in (hello.username, hello.password):
        if secret is not None:
            body += write_text(secret)
    return packet(Kind.CONNECT, body)


def subscribe(packet_id: int, filters: Sequence[str], version: Version) -> bytes:
    """SUBSCRIBE at QoS 1; under MQTT 5 kept messages are sent only where the subscription is new."""
    options = 0x11 if version is Version.V5 else 0x01
    entries = b"".join(write_text(name) + bytes((options,)) for name in filters)
    return packet(Kind.SUBSCRIBE, _numbered(packet_id, version) + entries, flags=2)


def unsubscribe(packet_id: int, filters: Sequence[str], version: Version) -> bytes:
    """UNSUBSCRIBE."""
    entries = b"".join(write_text(name) for name in filters)
    return packet(Kind.UNSUBSCRIBE, _numbered(packet_id, version) + entries, flags=2)


def acks(words: Sequence[int]) -> bytes:
    """PUBACK and PUBREC packets, one a word, in order (see `ACK`)."""
    return struct.pack(f">{len(words)}I", *words)


def release_done(packet_id: int) -> bytes:
    """PUBCOMP, the second half of acknowledging QoS 2."""
    return packet(Kind.PUBCOMP, packet_id.to_bytes(2, "big"))


def disconnect(version: Version, *, reason: int = 0) -> bytes:
    """DISCONNECT; the session stays for as long as CONNECT said. Only MQTT 5 can tell a reason."""
    return packet(Kind.DISCONNECT, bytes((reason,)) if reason and version is Version.V5 else b"")


def forget(version: Version) -> bytes:
    """DISCONNECT that ends the session with the connection; under 3.1.1 one that began clean ends anyhow."""
    expire_now = bytes((0, 5, Property.SESSION_EXPIRY, 0, 0, 0, 0))
    return packet(Kind.DISCONNECT, expire_now if version is Version.V5 else b"")


def _numbered(packet_id: int, version: Version) -> bytes:
    return packet_id.to_bytes(2, "big") + (b"\0" if version is Version.V5 else b"")
