"""Line protocol, read."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.encode.line import LineEncoder
from ingestor.files.lineprotocol import LineError, LineParser, UnfinishedError
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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("+1.5", 1.5),
        ("-1e-3", -0.001),
        ("1E+300", 1e300),
        ("0.30000000000000004", 0.1 + 0.2),
        ("1" * 300, float("1" * 300)),
        ("5i", 5),
        ("-9223372036854775808i", -(2**63)),
        ("9223372036854775807i", 2**63 - 1),
        ("7u", 7),
        ("t", True),
        ("FALSE", False),
        ('""', ""),
        ('"on"', "on"),
        ('"a, b=c d"', "a, b=c d"),
        (r'"say \"x\" c:\\d \n"', 'say "x" c:\\d \\n'),
        ('"two\nlines"', "two\nlines"),
    ],
)
def test_values(text: str, value: Value) -> None:
    """Numbers are floats without an i; texts are quoted; on the short road and on the long one."""
    for line in (f"m f={text} 1", rf"m,t=\=1 f={text} 1"):
        read = parser().parse(line).fields["f"]

        assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("line", "measurement", "tags", "field"),
    [
        (r"a\,b\ c\=d,t\,\=\ =v\,\=\  f\,\=\ =1 1", r"a,b c\=d", {"t,= ": "v,= "}, "f,= "),
        (r"m\n,t=c:\dir f\x=1 1", r"m\n", {"t": r"c:\dir"}, r"f\x"),
        ('m,t="q" f=1 1', "m", {"t": '"q"'}, "f"),
        (r"m f\"=1 1", "m", {}, 'f"'),
        (" \tm,b=2,a=1   f=1   1  ", "m", {"a": "1", "b": "2"}, "f"),
        ("temp°,räck=1 f=1 1", "temp°", {"räck": "1"}, "f"),
    ],
)
def test_names(line: str, measurement: str, tags: dict[str, str], field: str) -> None:
    """Escapes are taken out; a backslash before anything else is a backslash."""
    point = parser().parse(line)

    assert (point.series.measurement, dict(point.series.tags), list(point.fields)) == (measurement, tags, [field])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "no measurement"),
        (",t=1 f=1 1", "no measurement"),
        ("m", "no field"),
        ("m 1", "no field"),
        ("m f=1", "no time"),
        ("m f=1 1 2", "in place of a time"),
        ("m f=1 1.5", "in place of a time"),
        ("m f=1 x", "in place of a time"),
        ("m f=1,  1", "no field"),
        ("m f=1,=2 1", "no field"),
        ("m f= 1", "neither a number"),
        ("m f=1_0 1", "neither a number"),
        ("m f=nan 1", "neither a number"),
        ("m f=-inf 1", "neither a number"),
        ("m f=1e999 1", "neither a number"),
        ("m f=0x10 1", "neither a number"),
        ("m f=٣ 1", "neither a number"),
        ("m f=1.5i 1", "neither a number"),
        ("m f=9223372036854775808i 1", "neither a number"),
        ("m f=-1u 1", "neither a number"),
        ("m f=yes 1", "neither a number"),
        ("m f=1,f=2 1", "field 'f' twice"),
        ("m,t=1,t=2 f=1 1", "tag 't' twice"),
        ("m,t f=1 1", "without a name or a value"),
        ("m,t= f=1 1", "without a name or a value"),
        ("m,=1 f=1 1", "without a name or a value"),
        ("m,t=1=2 f=1 1", "without a name or a value"),
        ("m, f=1 1", "without a name or a value"),
        ("m f=1 9223372036854775808", "further from 1970"),
    ],
)
def test_what_is_no_point_is_told(line: str, why: str) -> None:
    """With the place in the line."""
    with pytest.raises(LineError, match=why):
        parser().parse(line)


def test_a_text_without_an_end_may_go_on() -> None:
    """The reader of the file then tries the next line too."""
    with pytest.raises(UnfinishedError, match="field 'f' has a text without an end"):
        parser().parse('m f="on')


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
    "line",
    ["m " + "f=1," * 50_000, "m" + ",a=b" * 50_000, 'm f="' + '\\"' * 100_000, "\\" * 200_000, "m f=" + "1" * 200_000],
)
def test_hostile_lines_take_no_time(line: str) -> None:
    """No pattern goes back and forth over what it has read."""
    began = time.process_time()
    with pytest.raises(LineError):
        parser().parse(line)

    assert time.process_time() - began < 5
