"""Line protocol, read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.encode.line import LineEncoder
from ingestor.files.lineprotocol import LineError, LineParser
from ingestor.files.table import SeriesBook
from ingestor.files.times import TimeReader
from ingestor.ports import Point, Series, Value, type_of_value
from tests.files.samples import FLOATS, INTS, TEXTS, TIMES

NAMES = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\\,= "'), min_size=1, max_size=8)
VALUES = FLOATS | INTS | TEXTS | st.booleans()


def parser(precision: str | None = "ns") -> LineParser:
    """A parser that has met no line before."""
    return LineParser(SeriesBook("Farm"), TimeReader(precision=precision))


def said(point: Point) -> tuple[object, ...]:
    """What a point says, exactly."""
    of = point.series
    types = {name: of.types[name] for name in point.fields}
    return of.measurement, of.tags, types, point.time_ns, repr(sorted(point.fields.items()))


@given(NAMES, st.dictionaries(NAMES, NAMES, max_size=3), st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), TIMES)
def test_what_the_encoder_writes_is_read(
    measurement: str, tags: dict[str, str], fields: dict[str, Value], time_ns: int
) -> None:
    """All that our encoder lets through comes back as it was, with its types."""
    types = {name: type_of_value[type(value)] for name, value in fields.items()}
    point = Point(Series("Farm", measurement, tags, types=types), time_ns, fields)
    (line,), rejections = LineEncoder().encode([point])
    if not rejections:
        assert said(parser().parse(line)) == said(point)


@given(st.text(st.sampled_from('mf=,. "\\1i\n\té')) | st.text())
def test_any_text_is_a_point_or_refused_with_a_reason(line: str) -> None:
    """Nothing else is ever raised; and what is taken is written and read again as the same."""
    try:
        point = parser().parse(line)
    except LineError:
        return
    (again,), rejections = LineEncoder().encode([point])
    if not rejections:
        assert said(parser().parse(again)) == said(point)


def test_times_in_seconds_are_refused_unless_they_are_said_to_be() -> None:
    """As nanoseconds they would be in January 1970."""
    with pytest.raises(LineError, match="say what it counts"):
        parser(None).parse("m f=1 1700000000")

    assert parser("s").parse("m f=1 1700000000").time_ns == 1_700_000_000_000_000_000


def test_lines_of_the_same_kind_share_a_series() -> None:
    """Other types of the same fields are another series, which the store may refuse."""
    lines = parser()
    first, again, other = (lines.parse(f"m,t=1 f={value} 1").series for value in ("1", "2", "2i"))

    assert first is again
    assert other is not first


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("m f=1", "no time"),
        ("m f=1 9223372036854775808", "further from 1970"),
        ("m,t= f=1 1", "without a name or a value"),
    ],
)
def test_what_is_no_point_is_told(line: str, why: str) -> None:
    """A point has a time that can be stored, and whatever else the grammar asks for."""
    with pytest.raises(LineError, match=why):
        parser().parse(line)
