"""What is asked of an InfluxDB in Flux: the text of queries, and of what answers hold. Pure.

Names and values come from people and from topics. They get into a query as string literals only, and only `literal`
writes these.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ingestor.reader.question import Question, QuestionError

FIRST_NS, LAST_NS = -(2**63) + 2, 2**63 - 2
"""The earliest and the latest time that InfluxDB can hold."""

_ESCAPED = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F)},
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    ord("$"): "\\x24",
}
"""A dollar and a brace would begin an expression within the text."""

_TEXT = "text "
"""Stands before the function in the name of a result whose values are texts."""

_ESCAPE = (
    ' |> map(fn: (r) => ({r with _value: strings.replaceAll(t: "\\r", u: "\\\\r",'
    ' v: strings.replaceAll(v: if exists r._value then r._value else "", t: "\\\\", u: "\\\\b"))}))'
)
"""The server makes CR LF of a line feed and drops a lone CR: texts come with names for these.

An empty text that follows another one is null to it.
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Span(NamedTuple):
    """A time: from `start_ns` until before `stop_ns`; where windows are asked for, all of `length_ns`.

    Windows begin at `first_ns` and every `length_ns` later; of the first a part may lie before the time.
    """

    start_ns: int
    stop_ns: int
    first_ns: int = 0
    length_ns: int = 0


class Result(NamedTuple):
    """Which of the results of a query it is: a function ("" for readings as they are), of texts or of other values."""

    function: str = ""
    text: bool = False

    @property
    def name(self) -> str:
        """As the query and its answer call it."""
        return f"{_TEXT if self.text else ''}{self.function or 'raw'}"

    @classmethod
    def parse(cls, name: str) -> "Result":
        """The result of that name."""
        function = name.removeprefix(_TEXT)
        return cls("" if function == "raw" else function, name.startswith(_TEXT))


def literal(text: str) -> str:
    """A text as Flux takes it, whatever is in it.

    Raises:
        QuestionError: It is no text that can be sent.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise QuestionError(f"{text!r} is no valid text") from None
    return f'"{text.translate(_ESCAPED)}"'


def instant(time_ns: int) -> str:
    """A time as Flux takes it; of one that InfluxDB cannot hold, the nearest that it can."""
    secs, nanos = divmod(min(max(time_ns, FIRST_NS), LAST_NS), 10**9)
    return f"{(_EPOCH + timedelta(seconds=secs)):%Y-%m-%dT%H:%M:%S}.{nanos:09d}Z"


def query(question: Question, span: Span, wanted: Sequence[tuple[Result, Sequence[str]]]) -> str:
    """A query whose answer has a named result for each function.

    Args:
        question: Of which bucket, measurement and tags. Tags that the measurement has not may not be in it.
        span: Of which time.
        wanted: The results, and of which fields each.
    """
    parts = ['import "strings"'] if any(result.text for result, _ in wanted) else []
    for result, fields in wanted:
        lines = [_readings(question, span, fields)]
        if result.function:
            lines.append(_windows(span, result.function))
        lines.append('drop(columns: ["_start", "_stop", "_measurement"])')
        escape = _ESCAPE if result.text else ""
        parts.append(f"{' |> '.join(lines)}{escape} |> yield(name: {literal(result.name)})")
    return "\n".join(parts)


def newest(question: Question, wanted: Sequence[tuple[Result, Sequence[str]]]) -> str:
    """A query for the last reading of each field of each series, for the rest like `query`."""
    parts = ['import "strings"'] if any(result.text for result, _ in wanted) else []
    span = Span(question.start_ns, question.stop_ns)
    for result, fields in wanted:
        lines = [_readings(question, span, fields), "last()", 'drop(columns: ["_start", "_stop", "_measurement"])']
        escape = _ESCAPE if result.text else ""
        parts.append(f"{' |> '.join(lines)}{escape} |> yield(name: {literal(result.name)})")
    return "\n".join(parts)


def measurements(bucket: str) -> str:
    """A query for the names of all measurements of a bucket."""
    time = f"start: {instant(FIRST_NS)}, stop: {instant(LAST_NS)}"
    return f'import "influxdata/influxdb/schema"\nschema.measurements(bucket: {literal(bucket)}, {time})'


def ends(bucket: str, measurement: str, span: Span) -> str:
    """A query for the first and the last reading of each field of each series of a measurement, in that time."""
    readings = (
        f"from(bucket: {literal(bucket)}) |> range(start: {instant(span.start_ns)}, stop: {instant(span.stop_ns)})"
        f" |> filter(fn: (r) => r._measurement == {literal(measurement)})"
    )
    return "\n".join(
        f'{readings} |> {function}() |> drop(columns: ["_start", "_stop", "_measurement"]) |> yield(name: "{function}")'
        for function in ("first", "last")
    )


def unescaped(texts: pa.Array) -> pa.Array:
    """The texts that `query` asked for, as they were written. An empty one comes as if it were none."""
    texts = pc.replace_substring(texts.fill_null(""), "\r\n", "\n")
    return pc.replace_substring(pc.replace_substring(texts, "\\r", "\r"), "\\b", "\\")


def _readings(question: Question, span: Span, fields: Iterable[str]) -> str:
    tests = [
        f"r._measurement == {literal(question.measurement)}",
        _any(f"r._field == {literal(name)}" for name in fields),
    ]
    tests += [
        _any(_has(tag, value) for value in dict.fromkeys(values)) for tag, values in sorted(question.where.items())
    ]
    return (
        f"from(bucket: {literal(question.bucket)})"
        f" |> range(start: {instant(span.start_ns)}, stop: {instant(span.stop_ns)})"
        f" |> filter(fn: (r) => {' and '.join(tests)})"
    )


def _windows(span: Span, function: str) -> str:
    offset = span.first_ns % span.length_ns
    return (
        f"aggregateWindow(every: {span.length_ns}ns, offset: {offset}ns, fn: {function}, createEmpty: false,"
        ' timeSrc: "_start")'
    )


def _has(tag: str, value: str) -> str:
    """Comparing a tag with "" brings down InfluxDB 2.8's query."""
    return f"r[{literal(tag)}] == {literal(value)}" if value else f"not exists r[{literal(tag)}]"


def _any(tests: Iterable[str]) -> str:
    return f"({' or '.join(tests)})"
