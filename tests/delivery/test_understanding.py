"""What a message comes to, and how that differs between two tables."""

import pytest

from ingestor.delivery.understanding import Difference, Understood, differ, understand
from ingestor.ports import RETAIN, Message, Point
from tests.builders import series
from tests.delivery.fakes import FakeDecoders


@pytest.mark.parametrize(
    ("payload", "topic", "flags", "fate", "points", "left_out"),
    [
        (b"good good", "rack1/climate", 0, "stored", 2, 0),
        (b"good bad", "rack1/climate", 0, "stored", 1, 0),
        (b"half half", "rack1/climate", 0, "stored", 2, 2),
        (b"bad", "rack1/climate", 0, "set_aside", 0, 0),
        (b"", "rack1/climate", 0, "set_aside", 0, 0),
        (b"good", "nobody/climate", 0, "unrouted", 0, 0),
        (b"good", "rack1/climate", RETAIN, "ignored", 0, 0),
        (b"good", "kept", RETAIN, "stored", 1, 0),
    ],
)
def test_a_message_counts_as_it_does_when_it_comes(
    payload: bytes, topic: str, flags: int, fate: str, points: int, left_out: int
) -> None:
    """The same as delivery would count it, where the store refuses nothing."""
    understood = understand(7, Message(topic, payload, 100, flags), FakeDecoders())

    assert (understood.fate, len(understood.points), understood.fields_left_out) == (fate, points, left_out)


def of(*points: Point) -> Understood:
    """A message that gave these."""
    keys = [(one.series.bucket, one.series.measurement, one.series.tags, one.time_ns) for one in points]
    return Understood(dict(zip(keys, points, strict=True)), "stored", 0)


def at(rack: str, **fields: float) -> Point:
    """A point of a rack, of a series of its own each time: what it says counts."""
    return Point(series(tags={"rack": rack}), 5, fields)


def test_points_are_told_apart_by_what_they_say() -> None:
    """The same, another value, another place, a field less, a field more."""
    now = of(at("a", x=1.0), at("b", x=2.0), at("d", x=1.0), at("e", x=1.0, y=1.0))
    before = of(at("a", x=1.0), at("b", x=1.0), at("c", x=1.0), at("d", x=1.0, y=2.0), at("e", x=1.0))
    difference = differ([before], now)

    assert {dict(point.series.tags)["rack"] for point in difference.gone} == {"c", "d"}
    assert difference[1:] == (3, 0, 1)
    assert differ([], now) == Difference(added=4)
    assert differ([now], now) == Difference(same=4)


def test_all_that_a_message_may_have_been_goes() -> None:
    """Where several tables may have been in force, nothing of any of them is left but what is right now."""
    difference = differ([of(at("a", x=1.0)), of(at("b", x=1.0, y=1.0))], of(at("b", x=1.0), at("c", x=1.0)))

    assert [dict(point.series.tags)["rack"] for point in difference.gone] == ["a", "b"]
    assert (difference.changed, difference.added) == (1, 1)
