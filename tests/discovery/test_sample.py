"""What messages say, added up."""

from ingestor.discovery.sample import Manner, Place, Reading, Sample, is_label
from tests.discovery.streams import said

JSON = Manner("json")


def seen(*readings: dict[str, object], kind: Manner = JSON, at: float = 0) -> Sample:
    """Of one message with these readings."""
    found = Sample(kind)
    found.add(said("a", b"", at=at), [Reading({(name,): value for name, value in one.items()}, {}) for one in readings])
    return found


def test_readings_that_nothing_tells_apart_are_noticed() -> None:
    """Of one message: they would replace each other."""
    assert seen({"t": 1}, {"t": 2}).repeats
    assert seen({"t": 1, "n": "a"}, {"t": 2, "n": "a"}).repeats
    assert not seen({"t": 1, "n": "a"}, {"t": 2, "n": "b"}).repeats
    assert not seen({"v": 1, "ts": 1795521600}, {"v": 2, "ts": 1795521601}).repeats
    assert not seen({"t": 1}).repeats


def test_messages_that_cannot_be_read_are_counted() -> None:
    """And what the broker had kept says nothing of how often a device sends."""
    found = seen({"t": 1})
    found.add(said("a", b""), [])
    found.add(said("a", b"", kept=True), [Reading({("t",): 2}, {})])

    assert (found.unread, len(found.received)) == (1, 1)
    assert found.spreads[Place(("t",))].high == 2


def test_topics_are_alike_where_most_of_their_values_are() -> None:
    """And none is of another kind; written in another way they are not."""
    whole = seen({"t": 1, "h": 2, "b": 3})

    assert whole.alike(seen({"t": 5, "h": 6}))
    assert not whole.alike(seen({"t": 1, "x": 2}))
    assert not whole.alike(seen({"t": "1", "h": 2, "b": 3}))
    assert not whole.alike(seen({"t": 1, "h": 2, "b": 3}, kind=Manner("cbor")))


def test_two_become_one() -> None:
    """As if all of it had come on one topic."""
    both = seen({"t": 1, "ts": 5})
    both.merge(seen({"t": 9}, {"t": 10}, at=5))

    assert both.spreads[Place(("t",))].high == 10
    assert both.repeats
    assert len(both.received) == 2
    assert not both.times[Place(("ts",))].is_time


def test_the_number_of_places_is_bounded() -> None:
    """However many keys strangers invent."""
    found = Sample(JSON)
    for at in range(1_000):
        found.add(said("a", b""), [Reading({(f"k{at}",): 1}, {})])

    assert len(found.spreads) == 300


def test_a_place_is_named_by_its_last_key() -> None:
    """Items of lists by the list."""
    assert [Place(steps).name for steps in ((), ("a", "b"), ("a", 0))] == ["", "b", "a"]


def test_names_say_where_a_reading_belongs() -> None:
    """Of whatever they are spelt like."""
    assert [name for name in ("id", "Device-ID", "serial", "temperature", "state") if is_label(name)] == [
        "id",
        "Device-ID",
        "serial",
    ]
