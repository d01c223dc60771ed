"""Format line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.encode.line import LineEncoder
from ingestor.ports import Point, Reason, Series, type_of_value
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.line import LineFormat
from ingestor.routing.unpack import MAX_READINGS, TagText, WholeNumber


def load(text: str) -> list[object]:
    """The readings of a payload; of a line that is none its words."""
    found = LineFormat().load(text.encode())
    return [one.detail if isinstance(one, UnreadableError) else one for one in found]


def test_lines_are_readings() -> None:
    """Tags, fields, the time and the measurement are keys; comments and blank lines are passed over."""
    text = '# two racks\n\nclimate,rack=r\\ 1 t=21.5,n=3i,on=T,say="a\nb" 17\r\n  light lx=7u\n'

    assert load(text) == [
        {"measurement": "climate", "rack": "r 1", "t": 21.5, "n": 3, "on": True, "say": "a\nb", "time": 17},
        {"measurement": "light", "lx": 7},
    ]


def test_what_a_line_tells_apart_stays_apart() -> None:
    """Tags are tags, and whole numbers are whole, although no model says so."""
    (found,) = LineFormat().load(b"m,rack=1 n=3i,x=3,b=t 5")
    assert isinstance(found, dict)

    kinds = {name: type(value) for name, value in found.items()}

    assert kinds == {"measurement": TagText, "rack": TagText, "n": WholeNumber, "x": float, "b": bool, "time": int}


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("m,a=tag a=1", {"measurement": "m", "a": 1}),
        ("m,measurement=own f=1", {"measurement": "own", "f": 1}),
        ("m measurement=5", {"measurement": 5}),
        ("m,time=9 time=7 5", {"measurement": "m", "time": 5}),
    ],
)
def test_of_equal_names_one_counts(text: str, reading: dict[str, object]) -> None:
    """A field before a tag, both before the measurement, and the time of the line before all."""
    assert load(text) == [reading]


def test_a_line_that_is_no_point_harms_itself_alone() -> None:
    """It stands among the readings as its error, with the number of the line that it begins in."""
    assert load('m f="a\nb"\nm f=\nm,t= f=1\nm f="x\nm f=1 x\nm f=2') == [
        {"measurement": "m", "f": "a\nb"},
        "line 3 field 'f' is '': neither a number of 64 bits nor true, false or a text",
        "line 4 has a tag without a name or a value at ',t= f=1'",
        "line 5 field 'f' has a text without an end",
        "line 6 has 'x' in place of a time",
        {"measurement": "m", "f": 2},
    ]


@pytest.mark.parametrize(
    ("payload", "reason", "words"),
    [
        (b"", Reason.EMPTY, "no line with values"),
        (b"\n# m f=1\n", Reason.EMPTY, "no line with values"),
        (b"m f=1\xff", Reason.NOT_UTF8, "byte 5"),
        (b"m f=1\n" * (MAX_READINGS + 1), Reason.FORMAT, "more than 10,000 readings"),
    ],
)
def test_what_has_no_lines_is_told(payload: bytes, reason: Reason, words: str) -> None:
    """With its reason."""
    with pytest.raises(UnreadableError) as caught:
        LineFormat().load(payload)

    assert caught.value.reason is reason
    assert words in caught.value.detail


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\\,= "#'), min_size=1, max_size=8)
FIELDS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.text()


@given(NAMES, NAMES, NAMES, NAMES, st.lists(FIELDS, min_size=1, max_size=5), st.integers(-(2**63) + 2, 2**63 - 2))
def test_what_is_written_is_read(
    measurement: str, tag: str, text: str, field: str, values: list[float | str], time_ns: int
) -> None:
    """Every point that line protocol can carry comes back from the lines of many."""
    points = [
        Point(Series("B", measurement, {tag: text}, types={field: type_of_value[type(value)]}), time_ns, {field: value})
        for value in values
    ]
    lines, rejections = LineEncoder().encode(points)
    refused = {one.at for one in rejections}
    kept = [value for at, value in enumerate(values) if at not in refused]
    if measurement.startswith("#") or not kept:
        return
    found = load("\n".join(line for at, line in enumerate(lines) if at not in refused))

    assert found == [{"measurement": measurement, tag: text, field: value, "time": time_ns} for value in kept]
