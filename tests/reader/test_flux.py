"""The text of queries: nothing that a name can hold is anything but a name."""

import csv
import io
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestor.reader.flux import Result, Span, instant, literal, newest, query, unescaped
from ingestor.reader.question import Question, QuestionError
from tests.servers.influxdb import InfluxDB

NASTY = (
    '"', "\\", '\\"', "${1 + 1}", "\\${r}", "$", "$${", "\n", "\r\n", '") |> yield()//', 'x" or true or "', "\x00\x7f",
    "\t", "\\x41", "☃ 🌡", "{}", "\u2028", "`'",
)  # fmt: skip

texts = st.text(st.characters(codec="utf-8"), max_size=20) | st.lists(st.sampled_from(NASTY), max_size=4).map("".join)


def question(
    bucket: str = "Farm", measurement: str = "climate", where: Mapping[str, tuple[str, ...]] | None = None
) -> Question:
    """About the first second of 1970."""
    return Question(bucket, measurement, 0, 10**9, ZoneInfo("UTC"), where or {})


def structure(text: str) -> str:
    """A query with `_` in place of each string literal, by the rules of Flux: a literal ends at a bare quote."""
    found, at, inside = [], 0, False
    while at < len(text):
        if inside and text[at] == "\\":
            at += 2
            continue
        if inside:
            assert not text.startswith("${", at)
        if text[at] == '"':
            found.append("" if inside else "_")
            inside = not inside
        elif not inside:
            found.append(text[at])
        at += 1
    assert not inside
    return "".join(found)


@given(texts, texts, texts, texts, texts)
def test_names_change_nothing_of_a_query(bucket: str, measurement: str, tag: str, value: str, field: str) -> None:
    """Whatever the names are, the query outside of its string literals is the same."""
    span = Span(0, 10**9, 0, 10**8)
    wanted = [(Result("mean"), [field]), (Result("first", text=True), [field])]

    def ask(*names: str) -> str:
        asked = question(bucket=names[0], measurement=names[1], where={names[2]: (names[3] or "x",)})
        return query(asked, span, [(result, [names[4]]) for result, _ in wanted])

    assert structure(ask(bucket, measurement, tag, value, field)) == structure(ask("b", "m", "t", "v", "f"))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(texts.filter(bool), min_size=1, max_size=30, unique=True))
def test_a_real_server_reads_each_literal_as_the_text_that_it_is(influxdb: InfluxDB, some: list[str]) -> None:
    """InfluxDB compares each with the numbers of its characters, and finds it right."""
    rows = ", ".join(
        "{same: " + literal(text) + ' == "' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"}'
        for text in (*some, *NASTY)
    )
    answer = influxdb.query(f'import "array"\narray.from(rows: [{rows}])')
    cells = [row[-1] for row in csv.reader(io.StringIO(answer, newline="")) if row]

    assert cells[4:] == ["true"] * (len(some) + len(NASTY))


def test_what_is_no_text_is_refused_before_it_is_sent() -> None:
    """Half of a surrogate pair cannot be sent."""
    with pytest.raises(QuestionError, match="no valid text"):
        literal("\ud83c")


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456789Z"),
        (-(2**63), "1677-09-21T00:12:43.145224194Z"),
        (2**63 - 1, "2262-04-11T23:47:16.854775806Z"),
    ],
)
def test_times_are_written_to_the_nanosecond(time_ns: int, text: str) -> None:
    """Those that InfluxDB cannot hold become the nearest that it can."""
    assert instant(time_ns) == text


def test_windows_are_worked_out_by_the_server() -> None:
    """They begin where they are said to, also where that is no multiple of their length; empty ones give no row."""
    span = Span(1_000, 9_000, 500, 2_000)
    text = query(question(), span, [(Result("mean"), ["a", "b"])])

    assert "range(start: 1970-01-01T00:00:00.000001000Z, stop: 1970-01-01T00:00:00.000009000Z)" in text
    assert '(r._field == "a" or r._field == "b")' in text
    assert 'aggregateWindow(every: 2000ns, offset: 500ns, fn: mean, createEmpty: false, timeSrc: "_start")' in text
    assert text.endswith('yield(name: "mean")')


def test_a_tag_that_may_be_missing() -> None:
    """An empty value means without the tag, which InfluxDB 2.8 cannot be asked by comparing."""
    text = query(question(where={"rack": ("", "rack1")}), Span(0, 1), [(Result(), ["a"])])

    assert '(not exists r["rack"] or r["rack"] == "rack1")' in text


def test_the_newest_readings_are_looked_for_by_the_server() -> None:
    """It knows the last of each field and series without reading the others."""
    text = newest(question(), [(Result(), ["a"]), (Result(text=True), ["b"])])

    assert text.count("|> last()") == 2
    assert text.startswith('import "strings"\n')


@given(st.sampled_from(["", "mean", "first", "p95"]), st.booleans())
def test_results_are_known_by_their_names(function: str, text: bool) -> None:  # noqa: FBT001
    """What a query calls a result is what its answer is told by."""
    result = Result(function, text)

    assert Result.parse(result.name) == result


@given(st.lists(st.text(st.sampled_from('\\rbn\r\n"a'), max_size=12)))
def test_texts_come_back_as_they_were(some: list[str]) -> None:
    """What the query's escaping and the server's line ends make of a text is undone."""
    sent = [text.replace("\\", "\\b").replace("\r", "\\r").replace("\n", "\r\n") or None for text in some]

    assert unescaped(pa.array(sent, pa.string())).to_pylist() == some
