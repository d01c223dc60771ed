"""What the broker's packets other than PUBLISH say. Pure: the body of a packet in, facts out."""

from dataclasses import dataclass

from ingestor.intake.reasons import connack_code
from ingestor.intake.wire import Property, ProtocolError, Version, read_properties, split_properties


@dataclass(frozen=True, slots=True)
class Connack:
    """The answer to CONNECT, and what the broker can do. `code` is 0 or a reason code of MQTT 5.

    `session_expiry_secs` and `keep_alive_secs` are None where the broker took ours. Under 3.1.1 a broker says
    nothing of itself: `receive_maximum` is None then, and the rest is what 3.1.1 asks of every broker.
    """

    code: int
    detail: str = ""
    session_present: bool = False
    session_expiry_secs: int | None = None
    keep_alive_secs: int | None = None
    receive_maximum: int | None = None
    maximum_qos: int = 2
    retain_available: bool = True
    wildcards_available: bool = True
    shared_available: bool = True


@dataclass(frozen=True, slots=True)
class Granted:
    """The answer to SUBSCRIBE or UNSUBSCRIBE: a code for each filter, in the order of the request."""

    packet_id: int
    codes: bytes
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Farewell:
    """Why the broker ends the connection; 3.1.1 has no such packet."""

    code: int
    detail: str = ""


def connack(body: bytes, version: Version) -> Connack:
    """Read CONNACK.

    Raises:
        ProtocolError: It is none.
    """
    if len(body) < 2 or body[0] > 1:
        raise ProtocolError("a CONNACK that is none")
    code = connack_code(body[1], version)
    present = body[0] == 1 and code == 0
    if version is Version.V311 or (code and len(body) == 2):
        return Connack(code, session_present=present)
    found = _properties(body, 2)
    return Connack(
        code,
        str(found.get(Property.REASON, "") or found.get(Property.SERVER_REFERENCE, "")),
        session_present=present,
        session_expiry_secs=_number(found, Property.SESSION_EXPIRY),
        keep_alive_secs=_number(found, Property.SERVER_KEEP_ALIVE),
        receive_maximum=_number(found, Property.RECEIVE_MAXIMUM) or 65_535,
        maximum_qos=int(found.get(Property.MAXIMUM_QOS, 2)),
        retain_available=bool(found.get(Property.RETAIN_AVAILABLE, 1)),
        wildcards_available=bool(found.get(Property.WILDCARD_AVAILABLE, 1)),
        shared_available=bool(found.get(Property.SHARED_AVAILABLE, 1)),
    )


def suback(body: bytes, version: Version) -> Granted:
    """Read SUBACK, or UNSUBACK (which has no codes under 3.1.1).

    Raises:
        ProtocolError: It is none.
    """
    if len(body) < 2:
        raise ProtocolError("a SUBACK that is none")
    packet_id = int.from_bytes(body[:2], "big")
    if version is Version.V311:
        return Granted(packet_id, body[2:])
    block, at = split_properties(body, 2)
    return Granted(packet_id, body[at:], str(dict(read_properties(block)).get(Property.REASON, "")))


def farewell(body: bytes) -> Farewell:
    """Read DISCONNECT of MQTT 5.

    Raises:
        ProtocolError: Its properties cannot be read.
    """
    if len(body) < 2:
        return Farewell(body[0] if body else 0)
    found = _properties(body, 1)
    return Farewell(body[0], str(found.get(Property.REASON, "") or found.get(Property.SERVER_REFERENCE, "")))


def _properties(body: bytes, at: int) -> dict[int, int | str]:
    block, _ = split_properties(body, at)
    return dict(read_properties(block))


def _number(found: dict[int, int | str], name: Property) -> int | None:
    return int(found[name]) if name in found else None
