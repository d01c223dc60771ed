"""The grammar of line protocol."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.lineprotocol import LineError, UnfinishedError, parse, read_head, rows
from ingestor.ports import Value


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
        read = parse(line).fields["f"]

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
    found = parse(line)

    assert (*read_head(found.head), list(found.fields)) == (measurement, tuple(sorted(tags.items())), [field])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "no measurement"),
        (",t=1 f=1 1", "no measurement"),
        ("m", "no field"),
        ("m 1", "no field"),
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
    ],
)
def test_what_is_no_point_is_told(line: str, why: str) -> None:
    """With the place in the line."""
    with pytest.raises(LineError, match=why):
        read_head(parse(line).head)


def test_a_text_without_an_end_may_go_on() -> None:
    """The reader of the file then tries the next line too."""
    with pytest.raises(UnfinishedError, match="field 'f' has a text without an end"):
        parse('m f="on')


@pytest.mark.parametrize(
    "line",
    ["m " + "f=1," * 50_000, "m" + ",a=b" * 50_000, 'm f="' + '\\"' * 100_000, "\\" * 200_000, "m f=" + "1" * 200_000],
)
def test_hostile_lines_take_no_time(line: str) -> None:
    """No pattern goes back and forth over what it has read."""
    began = time.process_time()
    with pytest.raises(LineError):
        parse(line)

    assert time.process_time() - began < 5


@pytest.mark.parametrize(("line", "said"), [("m f=1 -5", "-5"), ("m f=1", None), ("m f=1 ", None), (r"m f\ =1", None)])
def test_a_time_may_be_absent(line: str, said: str | None) -> None:
    """It is then the time of receipt."""
    assert parse(line).time == said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("m f=1\nm f=2 3\r\n", [(1, "m f=1"), (2, "m f=2 3")]),
        ('# say "x\n\n \t\n  m f="#" 1\n #m f=1', [(4, '  m f="#" 1')]),
        ('m f="a\n\nb",g="\\"\n" 1\nm f=2', [(1, 'm f="a\n\nb",g="\\"\n" 1'), (5, "m f=2")]),
        ('m,t="x f=1\nm f"x=1\nm f="2"', [(1, 'm,t="x f=1'), (2, 'm f"x=1'), (3, 'm f="2"')]),
        ('m f="a\nm f=1', [(1, 'm f="a'), (2, "m f=1")]),
        ('m\\ n,t=\\ \\,="x f=1\nm f="2"', [(1, 'm\\ n,t=\\ \\,="x f=1'), (2, 'm f="2"')]),
        ("m\\\nm f=1\\\nm", [(1, "m\\"), (2, "m f=1\\"), (3, "m")]),
    ],
)
def test_a_text_falls_into_lines(text: str, found: list[tuple[int, str]]) -> None:
    """Texts of fields go over line breaks where they are closed, and quotes elsewhere mean nothing."""
    assert list(rows(text)) == found


@given(st.text(st.sampled_from('mf=, "\\\n#')))
def test_no_line_is_lost(text: str) -> None:
    """All that is neither a comment nor blank is in some line, in order; and a line is found again alone."""
    found = list(rows(text))

    assert "".join("".join(row.split()) for _, row in found) in "".join(text.split()) or "#" in text
    assert all(list(rows(row)) == [(1, row)] for _, row in found)


@pytest.mark.parametrize(
    "part", ['m f="\n', 'm a="\n' + 'm \\"\n' * 9, "\\\n", "\\", " ", '"', '="', 'm f="\\"', "m \\\n", "#"]
)
def test_hostile_texts_fall_into_lines_in_no_time(part: str) -> None:
    """Quotes that are never closed are not looked for again and again."""
    began = time.process_time()
    for _ in rows('m f="\n' + part * 30_000):
        pass

    assert time.process_time() - began < 5
