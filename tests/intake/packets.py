"""Packets as brokers send them."""

from ingestor.intake.wire import Kind, Version, write_text, write_varint


def publish(topic: str, payload: bytes, *, packet_id: int = 0, flags: int = 0, properties: bytes | None = b"") -> bytes:
    """A PUBLISH packet as a broker sends it; without properties (None) one of MQTT 3.1.1."""
    number = packet_id.to_bytes(2, "big") if flags & 6 else b""
    block = b"" if properties is None else write_varint(len(properties)) + properties
    body = write_text(topic) + number + block + payload
    return bytes((0x30 | flags,)) + write_varint(len(body)) + body


def connack(version: Version, *, present: bool = False, code: int = 0, properties: bytes = b"") -> bytes:
    """A CONNACK packet."""
    block = write_varint(len(properties)) + properties if version is Version.V5 else b""
    body = bytes((present, code)) + block
    return bytes((Kind.CONNACK << 4,)) + write_varint(len(body)) + body


def suback(version: Version, packet_id: int, codes: bytes) -> bytes:
    """A SUBACK packet."""
    body = packet_id.to_bytes(2, "big") + (b"\0" if version is Version.V5 else b"") + codes
    return bytes((Kind.SUBACK << 4, len(body))) + body


PINGRESP = b"\xd0\x00"
