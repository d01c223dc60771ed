"""From messages to points."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import RETAIN, Flaw, Message, Point, Reason
from ingestor.routing.words import DETAIL_LENGTH
from tests.routing.helpers import RECEIVED_NS, decode, decoder

TIMED = {"time": {"field": "ts"}}
VALUE = {"topic": "{rack}/temperature", "model": "temperature", "format": "value"}
MODELS = {
    "pot": {
        "tags": ["plant"],
        "fields": {
            "moisture": {"required": True, "min": 0, "max": 100},
            "pulses": {"type": "int"},
            "wet": {"type": "bool"},
            "state": {"type": "text"},
        },
    }
}
CLEVER = """
from pydantic import field_validator, model_validator
from sensors import Measurement, Tag

class Clever(Measurement):
    plant: Tag | None = None
    moisture: float | None = None

    @field_validator("moisture")
    @classmethod
    def _fails(cls, value: float) -> float:
        if value == 13:
            return 1 / 0
        if value == 14:
            raise RecursionError("deep")
        return value * 2 if value < 100 else "much"
"""


@pytest.fixture
def clever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A route whose model runs code."""
    (tmp_path / "clever_models.py").write_text(CLEVER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "clever_models", raising=False)
    return {"model": "clever_models:Clever", "topic": "{plant}/climate"}


def test_a_reading_becomes_a_point() -> None:
    """Series, time and fields are those of the message."""
    points, flaws = decode('{"temperature": 21.4, "humidity": 60, "ts": 1795521599123}', TIMED)

    assert not flaws
    assert [(point.time_ns, point.fields) for point in points] == [
        (1_795_521_599_123_000_000, {"temperature": 21.4, "humidity": 60.0})
    ]
    assert type(points[0]) is Point
    assert isinstance(points[0].fields["humidity"], float)
    assert (points[0].series.bucket, points[0].series.measurement) == ("B", "climate")
    assert points[0].series.tags == (("rack", "rack1"),)


def test_without_a_time_the_time_of_receipt_counts() -> None:
    """A bare number, and an object without a time, are as old as their message."""
    for payload, row, topic in (("21.4", VALUE, "rack1/temperature"), ('{"temperature": 21.4}', {}, "rack1/climate")):
        points, flaws = decode(payload, row, topic=topic)

        assert not flaws
        assert [(point.time_ns, point.fields) for point in points] == [(RECEIVED_NS, {"temperature": 21.4})]


def test_points_are_added_to_what_is_there() -> None:
    """The list may hold points of other messages; all of one topic have one series."""
    sut = decoder("rack1/climate", {})
    points: list[Point] = []
    for number in (1, 2):
        sut.decode(Message("rack1/climate", b'{"temperature": %d}' % number, number), points)

    assert [point.fields["temperature"] for point in points] == [1.0, 2.0]
    assert points[0].series is points[1].series


def test_null_is_absence() -> None:
    """A field that is null is not there."""
    points, flaws = decode('{"temperature": 21.4, "humidity": null}')

    assert not flaws
    assert points[0].fields == {"temperature": 21.4}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("", Reason.EMPTY),
        ("{}", Reason.EMPTY),
        ('{"temperature": null}', Reason.EMPTY),
        ('{"ts": 1795521599}', Reason.EMPTY),
        ('{"other": 1}', Reason.EMPTY),
        (b"\xff", Reason.NOT_UTF8),
        ("sensor not ready", Reason.NOT_JSON),
        ("[" * 100_000, Reason.NOT_JSON),
        ('{"temperature": "21"}', Reason.TYPE),
        ('{"temperature": NaN}', Reason.TYPE),
        ('{"temperature": 1e999}', Reason.TYPE),
        ('{"temperature": 999}', Reason.RANGE),
        ('{"temperature": 21, "ts": "noon"}', Reason.TIME),
    ],
)
def test_a_message_without_a_reading_is_set_aside(payload: bytes | str, reason: Reason) -> None:
    """One flaw says why there is no point."""
    points, flaws = decode(payload, TIMED)

    assert points == []
    assert [(flaw.point, flaw.reason, flaw.field) for flaw in flaws] == [(-1, reason, "")]


def test_a_wrong_field_is_set_aside_alone() -> None:
    """The rest of the reading is stored."""
    points, flaws = decode('{"temperature": 999, "humidity": 60}')

    assert points[0].fields == {"humidity": 60.0}
    assert list(flaws) == [Flaw(0, Reason.RANGE, "temperature 999 is above 85 °C", "temperature")]


def test_a_wrong_field_can_set_all_aside() -> None:
    """With on_invalid: reading there is no half of one."""
    points, flaws = decode('{"temperature": 999, "humidity": 60}', {"on_invalid": "reading"})

    assert points == []
    assert list(flaws) == [Flaw(-1, Reason.RANGE, "temperature 999 is above 85 °C")]


def test_a_wrong_clock_is_told_beside_the_point() -> None:
    """A time outside of the window, a wrong field, and the rest that is stored at the time of receipt."""
    points, flaws = decode('{"temperature": 999, "humidity": 60, "ts": 12}', TIMED)

    assert [(point.time_ns, point.fields) for point in points] == [(RECEIVED_NS, {"humidity": 60.0})]
    assert [(flaw.point, flaw.reason, flaw.field) for flaw in flaws] == [
        (0, Reason.RANGE, "temperature"),
        (0, Reason.TIME, "ts"),
    ]


def test_an_unreadable_time_is_told_with_all_else() -> None:
    """What sets the reading aside comes first, the rest behind it."""
    points, flaws = decode('{"temperature": 999, "humidity": 60, "ts": "noon"}', TIMED)

    assert points == []
    assert [(flaw.point, flaw.reason) for flaw in flaws] == [(-1, Reason.TIME)]
    assert flaws[0].detail.endswith("temperature 999 is above 85 °C")


def test_a_retained_message_needs_a_time() -> None:
    """What the broker had kept is not as old as its receipt."""
    row = {**TIMED, "retained": "store"}
    old, _ = decode('{"temperature": 20, "ts": 1700000000}', row, flags=RETAIN)
    points, flaws = decode('{"temperature": 20}', row, flags=RETAIN)

    assert old[0].time_ns == 1_700_000_000_000_000_000
    assert points == []
    assert [flaw.reason for flaw in flaws] == [Reason.TIME]


@pytest.mark.parametrize(("retained", "skips"), [("skip", True), ("store", False)])
def test_it_tells_whether_retained_messages_count(retained: str, *, skips: bool) -> None:
    """The delivery asks before it decodes; a topic without a place answers the same."""
    row = {**TIMED, "retained": retained}

    assert decoder("rack1/climate", row).skips_retained is skips
    assert decoder("/climate", row).skips_retained is skips


def test_tags_of_the_payload_count_where_the_topic_has_none() -> None:
    """A captured level fills its tag, whatever the payload says; other tags of the model come with the payload."""
    payload = '{"rack": "payload", "temperature": 20}'
    captured, _ = decode(payload)
    sent, _ = decode(payload, {"topic": "+/climate"})
    absent, _ = decode('{"temperature": 20}', {"topic": "+/climate"})

    assert captured[0].series.tags == (("rack", "rack1"),)
    assert sent[0].series.tags == (("rack", "payload"),)
    assert sent[0].fields == {"temperature": 20.0}
    assert absent[0].series.tags == ()


def test_readings_with_equal_tags_share_a_series() -> None:
    """A store recognises the series of a device by identity."""
    sut = decoder("x/climate", {"topic": "+/climate"})
    points: list[Point] = []
    for rack in ("a", "b", "a"):
        sut.decode(Message("x/climate", b'{"rack": "%s", "light": 1}' % rack.encode(), 1), points)

    assert points[0].series is points[2].series
    assert points[0].series is not points[1].series


@pytest.mark.parametrize("topic", ["/climate", "a\nb/climate"])
def test_a_topic_without_a_place_says_so_each_time(topic: str) -> None:
    """A level that cannot be a tag sets aside each message of its topic."""
    points, flaws = decode('{"temperature": 20}', topic=topic)

    assert points == []
    assert [(flaw.point, flaw.reason) for flaw in flaws] == [(-1, Reason.TAG)]


def test_a_field_that_the_topic_fills_is_in_each_point() -> None:
    """A level may be a value; it is read as the field says."""
    row = {"topic": "{plant}/{pulses}/{wet}", "model": "pot"}
    points, flaws = decode('{"moisture": 5, "pulses": 9, "wet": 1}', row, topic="basil/12/on", models=MODELS)

    assert not flaws
    assert points[0].fields == {"moisture": 5.0, "pulses": 12, "wet": True}
    assert points[0].series.tags == (("plant", "basil"),)


def test_a_model_with_code_decides(clever: dict[str, Any]) -> None:
    """Its validators are asked, for valid and for other payloads, and see what the topic fills."""
    points, flaws = decode('{"moisture": 20, "else": 1}', clever, topic="basil/climate")

    assert not flaws
    assert points[0].fields == {"moisture": 40.0}
    assert points[0].series.tags == (("plant", "basil"),)


@pytest.mark.parametrize(
    ("payload", "reason", "words"),
    [
        ('{"moisture": 13}', Reason.MODEL, "the model failed: ZeroDivisionError: division by zero"),
        ('{"moisture": 14}', Reason.MODEL, "the model failed: RecursionError: deep"),
        ('{"moisture": 100}', Reason.TYPE, "moisture: Input should be a valid number"),
        ('{"moisture": "dry"}', Reason.TYPE, 'moisture is "dry" where a number belongs'),
        ("{", Reason.NOT_JSON, "not JSON"),
    ],
)
def test_code_that_fails_harms_its_message_only(
    clever: dict[str, Any], payload: str, reason: Reason, words: str
) -> None:
    """Whatever it raises, and if it gives what cannot be stored, the message is set aside with the words."""
    points, flaws = decode(payload, clever, topic="basil/climate")

    assert points == []
    assert [(flaw.point, flaw.reason) for flaw in flaws] == [(-1, reason)]
    assert flaws[0].detail.startswith(words)


ROWS: list[tuple[str, dict[str, Any]]] = [
    ("rack1/climate", {}),
    ("rack1/climate", TIMED),
    ("x/climate", {**TIMED, "topic": "+/climate", "on_invalid": "reading"}),
    ("rack1/temperature", VALUE),
    ("basil/1", {"topic": "{plant}/+", "model": "pot"}),
    ("basil/1", {"topic": "{x}/+", "model": "pot", "on_invalid": "reading", "time": {"field": "ts", "unit": "s"}}),
]
DECODERS = [decoder(topic, row, models=MODELS) for topic, row in ROWS]
NAMES = ("temperature", "humidity", "moisture", "pulses", "wet", "state", "plant", "rack", "ts", "else")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.integers(0, 80)
OBJECTS = st.dictionaries(st.sampled_from(NAMES), SCALARS | st.lists(SCALARS, max_size=2)).map(
    lambda fields: json.dumps(fields).encode()
)
PAYLOADS = st.binary() | OBJECTS | SCALARS.map(lambda value: str(value).encode("utf-8", "replace"))


@given(st.sampled_from(DECODERS), PAYLOADS, st.integers(0, 20), st.sampled_from([0, RETAIN]))
def test_whatever_comes_gives_points_or_flaws(sut: Any, payload: bytes, cut: int, flags: int) -> None:  # noqa: ANN401
    """Any bytes, also half a message: nothing is raised, points can be stored, flaws are short, and never neither."""
    points: list[Point] = []
    flaws = sut.decode(Message("t", payload[: len(payload) - cut % 7 if cut < 7 else None], RECEIVED_NS, flags), points)

    assert points or flaws
    assert all(len(flaw.detail) <= DETAIL_LENGTH and flaw.detail.isprintable() for flaw in flaws)
    assert all((flaw.point == 0) == bool(points) for flaw in flaws)
    for point in points:
        assert point.fields
        assert {type(value) for value in point.fields.values()} <= {float, int, str, bool}
        assert all(math.isfinite(value) for value in point.fields.values() if isinstance(value, float))
        assert all(point.series.types[name] == _type_name(value) for name, value in point.fields.items())


def _type_name(value: object) -> str:
    return {float: "float", int: "int", str: "text", bool: "bool"}[type(value)]


@given(st.sampled_from(DECODERS), PAYLOADS)
def test_decoding_again_gives_the_same(sut: Any, payload: bytes) -> None:  # noqa: ANN401 - any decoder
    """Nothing is kept from one message to the next."""
    answers = []
    for _ in range(2):
        points: list[Point] = []
        flaws = sut.decode(Message("t", payload, RECEIVED_NS), points)
        answers.append((points, list(flaws)))

    assert answers[0] == answers[1]


def test_a_payload_of_a_mebibyte_is_read() -> None:
    """What is large but right is stored, what is large and wrong is told in a line."""
    large = json.dumps({"blob": "x" * 2**20, "temperature": 20})
    points, flaws = decode(large)
    nothing, told = decode(json.dumps({"temperature": "x" * 2**20}))

    assert not flaws
    assert points[0].fields == {"temperature": 20.0}
    assert nothing == []
    assert len(told[0].detail) <= DETAIL_LENGTH
