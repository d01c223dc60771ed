"""Routes for topics of which only payloads are known."""

import pytest

from ingestor.config import CsvOf, FieldSpec, Route, StateOf, TimeOf
from ingestor.discovery.plain import Plain, propose
from ingestor.discovery.sample import Sample
from ingestor.discovery.topics import Group, grouped
from ingestor.discovery.trial import sample
from ingestor.ports import FieldType, Message
from tests.discovery.streams import BEGIN_NS, apart, said, stored


def proposed(*messages: Message, taken: tuple[str, ...] = ()) -> Plain:
    """For the one group that the messages make."""
    topics: dict[str, list[Message]] = {}
    for message in messages:
        topics.setdefault(message.topic, []).append(message)
    seen = {topic: one for topic, of in topics.items() if (one := sample(of)) is not None}
    (group,) = grouped(seen)
    whole = Sample(seen[group.topics[0]].manner)
    for topic in group.topics:
        whole.merge(seen[topic])
    found = propose(group, whole, bucket="B", taken=taken)
    assert found is not None
    return found


def route(*messages: Message) -> Route:
    """The only one for the messages, which it stores without loss."""
    found = proposed(*messages).proposal
    points = stored(found.config(), messages)

    assert len(points) == apart(points) >= len(messages)
    return found.routes[0].route


def test_a_bare_number_is_named_after_its_topic() -> None:
    """With unit and range as its name lets one suppose, and what was seen."""
    found = proposed(said("a/rack1/temperature", "20.5"), said("a/rack2/temperature", "21.5"))
    model = found.proposal.models[0]

    assert found.proposal.routes[0].route == Route(
        topic="a/{rack}/temperature", model="temperature", format="value", bucket="B", device="{rack}"
    )
    assert model.spec.fields == {"temperature": FieldSpec(unit="°C", min=-100, max=250)}
    assert model.notes == {"temperature": "guess; seen: 20.5 to 21.5"}
    assert found.devices == {"rack1": ["a/rack1/temperature"], "rack2": ["a/rack2/temperature"]}


def test_a_range_that_does_not_fit_is_left_out() -> None:
    """And said."""
    model = proposed(said("a/humidity", "999")).proposal.models[0]

    assert model.spec.fields == {"humidity": FieldSpec()}
    assert model.notes == {"humidity": "guess; seen: 999; not %, as its name says"}


def test_an_object_has_times_tags_and_fields() -> None:
    """Told apart by their names and by what they hold."""
    body = {
        "id": "s1",
        "ts": BEGIN_NS // 10**9,
        "air": {"temp": 20, "n": None},
        "ok": True,
        "note": "fine",
        "list": [5, 6],
    }
    found = proposed(said("a/soil", body)).proposal

    assert found.routes[0].route == Route(
        topic="a/soil",
        model="soil",
        bucket="B",
        device="{id}",
        paths={"temp": "air.temp", "list_0": "list[0]", "list_1": "list[1]"},
        time=TimeOf(field="ts"),
    )
    assert found.models[0].spec.tags == ("id",)
    assert {name: field.type for name, field in found.models[0].spec.fields.items()} == {
        "list_0": FieldType.FLOAT,
        "list_1": FieldType.FLOAT,
        "note": FieldType.TEXT,
        "ok": FieldType.BOOL,
        "temp": FieldType.FLOAT,
    }
    assert stored(found.config(), [said("a/soil", body)])[0][3] == BEGIN_NS


def test_ids_that_are_numbers_are_tags() -> None:
    """Where each is a whole one."""
    found = proposed(said("a/events", {"id": 1776, "t": 5})).proposal

    assert found.models[0].spec.tags == ("id",)
    assert stored(found.config(), [said("a/events", {"id": 1776, "t": 5})])[0][2] == (("id", "1776"),)


def test_lists_of_readings_are_taken_apart() -> None:
    """A tag that the items lack is their number; what is around them is part of each."""
    items = {"gw": {"name": "g"}, "r": [{"t": 1}, {"t": 2}]}

    assert route(said("a/b", items)).each_key == "item"
    assert route(said("a/b", items)).paths == {"name": "$.gw.name"}
    assert route(said("a/b", [{"id": "x", "t": 1}, {"id": "y", "t": 2}])).each == "$"


def test_a_list_of_numbers_is_taken_apart() -> None:
    """Each is a reading, told from the others by its number."""
    found = route(said("a/probes", [20.5, 21]))

    assert (found.each, found.each_key, found.paths) == ("$", "item", {"value": "."})


def test_other_formats_are_proposed_as_they_are() -> None:
    """CSV with its delimiter and names; line protocol with its measurements."""
    rows = route(said("a/rows", "20.5;ok"))
    line = route(said("a/line", f"w,place=x t=1,n=2i {BEGIN_NS}"))

    assert (rows.format, rows.csv) == ("csv", CsvOf(delimiter=";", columns=("column_1", "column_2")))
    assert (line.format, line.measurement, line.time.field) == ("line", "{measurement}", "time")


def test_times_without_a_zone_are_read_in_utc() -> None:
    """Where that fits, and marked as a guess."""
    found = proposed(said("a/b", {"time": "2026-11-24T12:00:00", "t": 1})).proposal

    assert found.routes[0].route.time == TimeOf(field="time", zone="UTC")
    assert "guess: time is the time, in UTC" in found.routes[0].notes


def test_a_field_cannot_be_called_time() -> None:
    """A value that is called so and is none gets another name."""
    assert route(said("a/b", {"time": "noon", "t": 1})).paths == {"time_2": "time"}


def test_states_become_a_row_of_states() -> None:
    """Where nothing else was said; the device is what varies, or stands before."""
    several = proposed(said("a/rack1/lwt", "Online"), said("a/rack2/lwt", "offline")).proposal.routes[0].route
    one = proposed(said("a/pump/lwt", "online")).proposal.routes[0].route

    assert several == Route(
        topic="a/{rack}/lwt", device="{rack}", state=StateOf(online=("online",), offline=("offline",))
    )
    assert one.device == "pump"


@pytest.mark.parametrize(
    ("payloads", "note"),
    [
        (["open", "shut"], 'guess; seen: "open", "shut"'),
        (["on", "off"], "guess; seen: true or false"),
        ([{"t": "20.5"}], 'guess; seen: "20.5"; numbers that are sent as text'),
        ([{"t": 1}, {"t": 2}, {"t": "x"}], "guess; seen: 1 to 2; and values of another type, which are set aside"),
    ],
)
def test_a_field_says_what_was_seen(payloads: list[object], note: str) -> None:
    """In a few words."""
    found = proposed(*(said("a/t", payload) for payload in payloads)).proposal

    assert list(found.models[0].notes.values()) == [note]


def test_lines_that_replace_each_other_are_told() -> None:
    """A route cannot tell them apart."""
    found = proposed(said("a/rows", "t,h\n1,2\n3,4"))

    assert any("the last replaces the others" in note for note in found.proposal.routes[0].notes)


def test_a_model_gets_a_name_that_is_not_taken() -> None:
    """With what stands before it, or a number."""
    names = [
        proposed(said("hall/climate", {"x": 1}), taken=taken).proposal.models[0].name
        for taken in [(), ("climate",), ("climate", "hall_climate")]
    ]

    assert names == ["climate", "hall_climate", "hall_climate_2"]


def test_payloads_that_hold_nothing_give_no_route() -> None:
    """Such as an object without values."""
    one = sample([said("a", "{}")])

    assert one is None or propose(Group.of("a"), one, bucket="B", taken=()) is None
