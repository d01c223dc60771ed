"""Points as line protocol."""

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.encode.line import Encoded, LineEncoder
from ingestor.ports import FieldType, Point, Reason, Rejection, Value
from tests.builders import TYPES, point, series
from tests.encode.lineparser import parse


def encode(*points: Point) -> Encoded:
    """The lines of the points, from an encoder that met none before."""
    return LineEncoder().encode(points)


def line(of: Point) -> str:
    """The line of a point of which nothing is refused."""
    (written,), rejections = encode(of)
    assert rejections == []
    return written


def refusal(of: Point) -> Rejection:
    """Why a point is refused, of which nothing is written."""
    (written,), (rejection,) = encode(of)
    assert written == ""
    assert rejection.fields == ()
    return rejection


def test_a_line_says_it_all() -> None:
    """Measurement, tags by their names, fields with their types, and the time in nanoseconds."""
    of = series(tags={"rack": "rack1", "level": "2"})

    assert line(point(of, time_ns=5, temperature=21.5, count=3, state="on", on=True)) == (
        'climate,level=2,rack=rack1 temperature=21.5,count=3i,state="on",on=True 5'
    )
    assert line(point(of, time_ns=-5, temperature=21.5, count=3, on=False)) == (
        "climate,level=2,rack=rack1 temperature=21.5,count=3i,on=False -5"
    )


def test_a_line_without_tags() -> None:
    """A series may have none."""
    assert line(point(series(tags={}), temperature=1.0)) == "climate temperature=1.0 1"


def test_each_line_belongs_to_its_point() -> None:
    """There are as many lines as points; an empty one stands where all of a point is refused."""
    lines, rejections = encode(point(time_ns=1), point(temperature=math.nan), point(time_ns=3))

    assert [text and parse(text).time_ns for text in lines] == [1, "", 3]
    assert [rejection.at for rejection in rejections] == [1]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("temperature", 0.1 + 0.2, "0.30000000000000004"),
        ("temperature", -0.0, "-0.0"),
        ("temperature", 5e-324, "5e-324"),
        ("temperature", 1.7976931348623157e308, "1.7976931348623157e+308"),
        ("temperature", 20, "20.0"),
        ("temperature", 2**63, "9.223372036854776e+18"),
        ("count", -(2**63), "-9223372036854775808i"),
        ("count", 2**63 - 1, "9223372036854775807i"),
        ("state", "", '""'),
        ("state", 'say "a\\b"\n, =\r\0', '"say \\"a\\\\b\\"\n, =\r\0"'),
        ("state", "100 %s %(x)s", '"100 %s %(x)s"'),
    ],
)
def test_values_are_written_as_their_field_declares(name: str, value: Value, text: str) -> None:
    """A whole number in a float field is a float; the edges of a type are no edge; text is quoted."""
    assert line(Point(series(), 1, {name: value})) == f"climate,rack=rack1 {name}={text} 1"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("temperature", math.nan, "'temperature' is nan, which is no finite number"),
        ("temperature", -math.inf, "'temperature' is -inf, which is no finite number"),
        pytest.param("temperature", 10**400, "'temperature' is 10,000,", id="long"),
        pytest.param("temperature", 10**5000, "'temperature' is a number of very many digits", id="endless"),
        ("temperature", True, "'temperature' is bool, and declared as float"),
        ("temperature", "21.5", "'temperature' is text, and declared as float"),
        ("count", 2**63, "'count' is 9,223,372,036,854,775,808: InfluxDB takes integers of 64 bits"),
        ("count", -(2**63) - 1, "'count' is -9,223,372,036,854,775,809: InfluxDB takes"),
        pytest.param("count", 10**400, "'count' is 10,000,", id="long integer"),
        ("count", 3.0, "'count' is float, and declared as int"),
        ("count", True, "'count' is bool, and declared as int"),
        ("state", 5, "'state' is int, and declared as text"),
        ("state", "a\ud800", "'state' is not valid Unicode"),
        pytest.param(
            "state", "ä" * 524_289, "'state' has 1,048,578 bytes; InfluxDB takes texts of 1,048,576", id="long text"
        ),
        ("on", 1, "'on' is int, and declared as bool"),
        ("other", 1.0, "field 'other' is not declared in its series"),
        ("time", 1.0, "field 'time' is the name of a point's time"),
        ("", 1.0, "field '' is empty"),
        ("a\nb", 1.0, r"field 'a\nb' has a line break"),
        ("\ta", 1.0, r"field '\ta' begins with a tab"),
        ("a\\", 1.0, r"field 'a\\' has a backslash at its end"),
        ("\udfff", 1.0, r"field '\udfff' is not valid Unicode"),
    ],
)
def test_a_refused_field_leaves_the_rest(name: str, value: Value, words: str) -> None:
    """What cannot be stored is named and left out, wherever it stands; a point of nothing else is refused."""
    kinds = {**TYPES, "good": FieldType.INT} | ({} if name in {*TYPES, "other"} else {name: FieldType.FLOAT})
    of = series(types=kinds)
    lines, rejections = encode(
        Point(of, 1, {"good": 7, name: value}), Point(of, 1, {name: value, "good": 7}), Point(of, 1, {name: value})
    )

    assert lines == ["climate,rack=rack1 good=7i 1"] * 2 + [""]
    assert [(rejection.at, rejection.fields) for rejection in rejections] == [(0, (name,)), (1, (name,)), (2, ())]
    assert all(rejection.reason is Reason.REJECTED for rejection in rejections)
    assert all(rejection.detail.startswith(words) and len(rejection.detail) < 200 for rejection in rejections)


def test_all_refused_fields_are_named() -> None:
    """Each with its own words."""
    (written,), (rejection,) = encode(point(temperature=math.nan, count=2**63, state="on"))

    assert written == 'climate,rack=rack1 state="on" 1'
    assert rejection.fields == ("temperature", "count")
    assert rejection.detail == (
        "'temperature' is nan, which is no finite number; "
        "'count' is 9,223,372,036,854,775,808: InfluxDB takes integers of 64 bits"
    )


@pytest.mark.parametrize(
    "name",
    ["", "a\nb", "a\\", "a\\,b", "a\\=b", "a\\ b", 'a\\"b', "\ta", "\0a", "a\0", "a\ud800", "\\"],
    ids=repr,
)
@pytest.mark.parametrize("place", ["measurement", "tag"])
def test_names_that_do_not_come_back_are_refused(place: str, name: str) -> None:
    """All points of such a series are, with the name in the words."""
    of = series(measurement=name) if place == "measurement" else series(tags={name: "1"})
    lines, rejections = encode(point(of), point(of, time_ns=2))

    assert lines == ["", ""]
    assert [rejection.at for rejection in rejections] == [0, 1]
    assert {(rejection.reason, rejection.fields) for rejection in rejections} == {(Reason.REJECTED, ())}
    assert all(rejection.detail.startswith(f"{place} {name!r} ") for rejection in rejections)


@pytest.mark.parametrize("name", ["#", "#climate", "# a"])
def test_a_comment_is_no_measurement(name: str) -> None:
    """The server takes a line that begins with # for a comment and says that all is well."""
    assert refusal(point(series(measurement=name))).detail.endswith("begins with #: InfluxDB takes it for a comment")


@pytest.mark.parametrize("name", ["time", "_field", "_measurement", "_time", "_value", "_start", "_stop"])
def test_reserved_tags_are_refused(name: str) -> None:
    """InfluxDB refuses some of these names, and with the others no Flux query works any more."""
    assert refusal(point(series(tags={name: "1"}))) == Rejection(
        0, Reason.REJECTED, f"tag '{name}' has a name that InfluxDB keeps for itself"
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "tag 'rack' is '', which is empty"),
        ("a\nb", r"tag 'rack' is 'a\nb', which has a line break"),
        ("\0", r"tag 'rack' is '\x00', which has a NUL: InfluxDB cuts it off, or takes the point for one of another"),
        ("C:\\dir\\", r"tag 'rack' is 'C:\\dir\\', which has a backslash at its end"),
        ("a\\ b", r"tag 'rack' is 'a\\ b', which has a backslash at its end, or before a comma"),
        ("\ud800", r"tag 'rack' is '\ud800', which is not valid Unicode"),
    ],
)
def test_tags_that_do_not_come_back_are_refused(value: str, words: str) -> None:
    """Their values come from topics and payloads, and have a reason of their own."""
    rejection = refusal(point(series(tags={"rack": value})))

    assert rejection.reason is Reason.TAG
    assert rejection.detail.startswith(words)


@pytest.mark.parametrize("time_ns", [-(2**63) + 2, 2**63 - 2, 0])
def test_times_within_range_are_written(time_ns: int) -> None:
    """Whatever InfluxDB can hold."""
    assert parse(line(point(time_ns=time_ns))).time_ns == time_ns


@pytest.mark.parametrize("time_ns", [-(2**63) + 1, 2**63 - 1, 2**70, 2**2000])
def test_times_out_of_range_are_refused(time_ns: int) -> None:
    """The server would refuse the whole request."""
    assert refusal(point(time_ns=time_ns)).detail.startswith("InfluxDB cannot hold the time ")


def test_series_keys_have_a_limit() -> None:
    """Measurement, tags and field, as they are written, have 65,531 bytes at most; a shorter field may do."""
    other = len("climate,rack=") + len("count")
    longest = series(tags={"rack": "ä," * ((65_531 - other) // 4)})
    longer = series(tags={"rack": "ä," * ((65_531 - other) // 4) + "xyz"})

    assert parse(line(point(longest, count=1))).tags == longest.tags
    (written,), (rejection,) = encode(point(longer, on=True, count=1))
    assert parse(written).fields == {"on": True}
    assert rejection.fields == ("count",)
    assert rejection.detail.startswith("field 'count' has a key of 65,5")


def test_words_stay_short() -> None:
    """A name of any length is shown by its beginning."""
    assert len(refusal(point(series(measurement="\n" * 10_000))).detail) < 500


def test_one_encoder_keeps_series_and_fields_apart() -> None:
    """What it remembers of one series, or of the same fields in another order, it uses for no other."""
    one, other = series(tags={"rack": "1"}), series(tags={"rack": "2"})
    points = [
        point(of, **fields)
        for fields in ({"temperature": 1.5, "count": 2}, {"count": 2, "temperature": 1.5}, {"count": 2}, {"on": True})
        for of in (one, other, one)
    ]
    lines, rejections = LineEncoder().encode(points * 2)

    assert rejections == []
    assert [(parsed.tags, list(parsed.fields.items())) for parsed in map(parse, lines)] == [
        (each.series.tags, list(each.fields.items())) for each in points * 2
    ]


def test_memory_is_bounded() -> None:
    """However many series come by, few are remembered, and all are written."""
    encoder = LineEncoder(max_bytes=20_000)
    many = [point(series(tags={"rack": str(number)})) for number in range(200)]
    lines, _ = encoder.encode(many * 2)

    assert [parse(text).tags[0][1] for text in lines] == [str(number) for number in range(200)] * 2
    assert 0 < len(encoder._plans) <= 20


texts = st.text(st.sampled_from('\\, ="#%\n\t\0\ra') | st.characters(), max_size=8)
values: Mapping[FieldType, st.SearchStrategy[Value]] = {
    FieldType.FLOAT: st.floats() | st.integers(),
    FieldType.INT: st.integers(-(2**63) - 1, 2**63),
    FieldType.TEXT: texts,
    FieldType.BOOL: st.booleans(),
}


@st.composite
def any_points(draw: st.DrawFn) -> Point:
    """Points of any names and values, many of which cannot be written."""
    types = draw(st.dictionaries(texts, st.sampled_from(FieldType), min_size=1, max_size=4))
    fields = {name: draw(values[kind]) for name, kind in types.items()}
    of = series(measurement=draw(texts), tags=draw(st.dictionaries(texts, texts, max_size=3)), types=types)
    return Point(of, draw(st.integers(-(2**63), 2**63)), fields)


@given(st.lists(any_points(), max_size=5))
def test_what_is_written_is_what_was_meant(points: list[Point]) -> None:
    """A reader of the documented grammar gets each point back, less the fields that are named as refused."""
    lines, rejections = encode(*points)
    refused = {rejection.at: rejection.fields for rejection in rejections}

    for at, (of, text) in enumerate(zip(points, lines, strict=True)):
        left_out = refused.get(at, None if text else ())
        if left_out == ():
            assert text == ""
            continue
        kept = {name: value for name, value in of.fields.items() if name not in (left_out or ())}
        parsed = parse(text)
        assert (parsed.measurement, parsed.tags, parsed.time_ns) == (of.series.measurement, of.series.tags, of.time_ns)
        assert parsed.fields == {
            name: float(value) if of.series.types[name] is FieldType.FLOAT else value for name, value in kept.items()
        }
        assert {name: type(value) for name, value in parsed.fields.items()} == {
            name: {"float": float, "int": int, "text": str, "bool": bool}[of.series.types[name]] for name in kept
        }
