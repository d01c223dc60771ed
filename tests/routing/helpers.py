"""Short ways from a row of a configuration to a point."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from ingestor.config import Config
from ingestor.ports import Decoder, Flaw, Message, Point
from ingestor.routing import RoutingTable

RECEIVED_NS = 1_795_521_600_000_000_000
"""2026-11-24T12:00:00Z."""


def table(*rows: dict[str, Any], **sections: Any) -> RoutingTable:  # noqa: ANN401 - sections of a configuration
    """The routing table of these rows; rows are of model climate into bucket B where they do not say otherwise."""
    routes = [{"topic": "{rack}/climate", "model": "climate", "bucket": "B", **row} for row in rows]
    return RoutingTable(Config.model_validate({"routes": routes, **sections}))


def decoder(topic: str, row: dict[str, Any], **sections: Any) -> Decoder:  # noqa: ANN401 - the same
    """What a table of one row has for a topic."""
    found = table(row, **sections).find(topic)
    assert found is not None
    return found


def decode(
    payload: bytes | str,
    row: dict[str, Any] | None = None,
    *,
    topic: str = "rack1/climate",
    flags: int = 0,
    **sections: Any,  # noqa: ANN401 - the same
) -> tuple[list[Point], Sequence[Flaw]]:
    """The points and the flaws of one message."""
    body = payload.encode() if isinstance(payload, str) else payload
    points: list[Point] = []
    flaws = decoder(topic, row or {}, **sections).decode(Message(topic, body, RECEIVED_NS, flags), points)
    return points, flaws


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
)
"""Whatever JSON can say, and NaN and infinity."""
