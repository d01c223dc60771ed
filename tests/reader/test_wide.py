"""Long tables to wide ones, against a dictionary."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import quantiles
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.errors import BucketError, StoreUnavailableError
from ingestor.ports import FieldType, Value
from ingestor.reader.annotated import AnnotatedParser, Rows
from ingestor.reader.flux import Span
from ingestor.reader.question import Interval, Question
from ingestor.reader.shape import columns, schema
from ingestor.reader.source import FieldInfo
from ingestor.reader.wide import Gathered, TooManyValuesError
from tests.reader.annotatedcsv import Block, written

TYPES = {"battery": FieldType.INT, "on": FieldType.BOOL, "state": FieldType.TEXT, "temperature": FieldType.FLOAT}
DATATYPES = {int: "long", bool: "boolean", str: "string", float: "double"}
TAGS = ("level", "rack")

Series = Mapping[str, str]
Long = Mapping[tuple[str, tuple[tuple[str, str], ...]], Mapping[int, Value]]
"""The values of each field of each series, by time."""

values_of: dict[str, st.SearchStrategy[Value]] = {
    "battery": st.integers(-(2**63), 2**63 - 1),
    "on": st.booleans(),
    "state": st.text(st.sampled_from('ab",\n'), max_size=5),
    "temperature": st.floats(allow_nan=False, allow_infinity=False),
}
some_tags = st.fixed_dictionaries({}, optional={tag: st.sampled_from(["1", "2", "x y"]) for tag in TAGS})
some_tables = st.dictionaries(
    st.tuples(st.sampled_from(list(values_of)), some_tags.map(lambda tags: tuple(sorted(tags.items())))),
    st.sets(st.integers(0, 8), min_size=1),
    max_size=12,
)


def question(*functions: str) -> Question:
    """About everything, with these functions of windows of a second, or as it is."""
    every = Interval(1, "s") if functions else None
    return Question("Farm", "climate", 0, 10**9, ZoneInfo("UTC"), {}, every=every, functions=functions)


def gathered(
    tables: Iterable[Block], *functions: str, types: Mapping[str, FieldType] = TYPES, most: int | None = None
) -> Gathered:
    """What is gathered of an answer with these tables."""
    asked = question(*functions)
    wanted = columns(asked, [FieldInfo(name, kind) for name, kind in types.items()])
    found = Gathered(schema(asked, TAGS, wanted), wanted, bucket="Farm", most=most)
    for rows in parsed(tables):
        found.take(rows)
    return found


def parsed(tables: Iterable[Block]) -> Sequence[Rows]:
    """The rows of tables."""
    parser = AnnotatedParser()
    return [*parser.feed(written(list(tables)).encode()), *parser.close()]


def block(
    field: str, tags: Series, readings: Mapping[int, Value], *, table: int = 0, result: str = "raw", datatype: str = ""
) -> Block:
    """A table as InfluxDB answers with it; times are microseconds."""
    datatype = datatype or DATATYPES[type(next(iter(readings.values())))]
    head = [
        ("result", "string", False, "text " * (datatype == "string") + result), ("table", "long", False, ""),
        ("_time", "dateTime:RFC3339", False, ""), ("_value", datatype, False, ""), ("_field", "string", True, ""),
        *((tag, "string", True, "") for tag in tags),
    ]  # fmt: skip
    rows = [
        [None, str(table), f"1970-01-01T00:00:00.{time:06d}Z", _cell(value), field, *tags.values()]
        for time, value in sorted(readings.items())
    ]
    return Block(head, rows)


def of_two_racks(field: str, windows: Sequence[Sequence[Value]]) -> list[Block]:
    """The same readings of either rack, a µs apart in windows of 100 µs."""
    readings = {100 * at + time: value for at, some in enumerate(windows) for time, value in enumerate(some)}
    return [block(field, {"rack": rack}, readings, table=int(rack)) for rack in ("1", "2")]


def _cell(value: Value) -> str | None:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return value.replace("\n", "\r\n") or None
    return repr(value)


def plain(batches: Iterable[pa.RecordBatch]) -> list[dict[str, object]]:
    """Rows without what is null, with times in microseconds."""
    rows = []
    for batch in batches:
        times = batch.column(0).cast(pa.int64()).to_pylist()
        rest = batch.drop_columns(["time"]).to_pylist()
        rows += [
            {"time": time / 1_000, **{name: value for name, value in row.items() if value is not None}}
            for time, row in zip(times, rest, strict=True)
        ]
    return rows


@given(some_tables, st.data(), st.booleans())
def test_any_tables_become_the_rows_that_a_dictionary_gives(
    tables: Mapping[tuple[str, tuple[tuple[str, str], ...]], set[int]],
    data: st.DataObject,
    shuffled: bool,  # noqa: FBT001
) -> None:
    """Whatever fields and tags a series has, each value stands in the row of its series and time, sorted by these."""
    long = {key: {time: data.draw(values_of[key[0]]) for time in sorted(times)} for key, times in tables.items()}
    order = data.draw(st.permutations(list(long))) if shuffled else sorted(long)
    blocks = [block(field, dict(tags), long[field, tags], table=at) for at, (field, tags) in enumerate(order)]
    batches = gathered(blocks).batches(Span(0, 10**9))

    rows: dict[tuple[object, ...], dict[str, object]] = {}
    for (field, tags), readings in long.items():
        place = tuple((tag not in dict(tags), dict(tags).get(tag, "")) for tag in TAGS)
        for time, value in readings.items():
            rows.setdefault((place, time), {"time": time, **dict(tags)})[field] = value
    assert plain(batches) == [rows[key] for key in sorted(rows)]


def test_a_table_that_comes_in_pieces_is_one() -> None:
    """A series goes on where the piece before ended."""
    times = {time: float(time) for time in range(9)}
    pieces = [block("temperature", {"rack": "1"}, {time: times[time] for time in part}) for part in
              (range(4), range(4, 9))]  # fmt: skip

    assert [row["temperature"] for row in plain(gathered(pieces).batches(Span(0, 1)))] == list(times.values())


def test_no_answer_gives_no_batch() -> None:
    """Nothing gathered, nothing made of it."""
    assert gathered([]).batches(Span(0, 1)) == []


def test_batches_are_of_a_size_that_a_page_can_take() -> None:
    """A long stretch comes in parts, each with the same schema."""
    head, rows = block("temperature", {}, {0: 1.5})
    many = [[None, "0", f"1970-01-01T00:00:01.{at:06d}Z", "1.5", "temperature"] for at in range(100_000)]
    assert len(rows) == 1
    batches = gathered([Block(head, many)]).batches(Span(0, 1))

    assert [batch.num_rows for batch in batches] == [65_536, 34_464]
    assert batches[0].schema == batches[1].schema


def test_windows_are_called_by_their_beginnings() -> None:
    """Also the first, of which InfluxDB knows only the part that was asked for."""
    rows = block("temperature", {}, {3: 1.0, 10: 2.0}, result="mean")
    batches = gathered([rows], "mean").batches(Span(3_000, 20_000, 0, 10_000))

    assert plain(batches) == [{"time": 0, "temperature": 1.0}, {"time": 10, "temperature": 2.0}]


@given(st.lists(st.lists(st.integers(-99, 99), min_size=2, max_size=9), min_size=1, max_size=3))
def test_quantiles_are_exact(windows: list[list[int]]) -> None:
    """They are those of Python's statistics, for each window of each series, ints as floats."""
    rows = plain(gathered(of_two_racks("battery", windows), "p25", "median").batches(Span(0, 10**9, 0, 100_000)))

    expected = [quantiles(some, n=4, method="inclusive")[:2] for some in windows] * 2
    assert [row["time"] for row in rows] == [100 * at for at in range(len(windows))] * 2
    assert [row["battery_p25"] for row in rows] == pytest.approx([low for low, _ in expected])
    assert [row["battery_median"] for row in rows] == pytest.approx([middle for _, middle in expected])


@given(st.lists(st.lists(st.sampled_from(["", "on", "off\n"]), min_size=1, max_size=4), min_size=1, max_size=4))
def test_first_and_last_texts_are_picked_here(windows: list[list[str]]) -> None:
    """Of each window of each series, from all readings: what a server says of them is not asked."""
    rows = plain(gathered(of_two_racks("state", windows), "first", "last").batches(Span(0, 10**9, 0, 100_000)))

    assert [row["time"] for row in rows] == [100 * at for at in range(len(windows))] * 2
    assert [row["state_first"] for row in rows] == [some[0] for some in windows] * 2
    assert [row["state_last"] for row in rows] == [some[-1] for some in windows] * 2


def test_each_function_has_a_column_of_its_own() -> None:
    """Results are told apart by their names, and a function that a field has not leaves its column empty."""
    blocks = [
        block("battery", {}, {0: 7}, result="max"), block("battery", {}, {0: 3}, result="count"),
        block("state", {}, {0: 2}, result="count", datatype="long"),
    ]  # fmt: skip
    (row,) = plain(gathered(blocks, "max", "count").batches(Span(0, 1_000, 0, 1_000)))

    assert row == {"time": 0, "battery_max": 7, "battery_count": 3, "state_count": 2}


def test_integers_of_a_field_that_has_floats_are_floats() -> None:
    """Older readings may be of another type; each keeps its place in time."""
    blocks = [block("temperature", {}, {0: 1.5, 2: 2.5}), block("temperature", {}, {1: 7}, table=1)]

    assert [row["temperature"] for row in plain(gathered(blocks).batches(Span(0, 1)))] == [1.5, 7.0, 2.5]


def test_of_two_values_for_one_time_the_later_table_is_believed() -> None:
    """A time has one row, whatever a server answers."""
    blocks = [block("temperature", {}, {0: 1.5}), block("temperature", {}, {0: 7}, table=1)]

    assert [row["temperature"] for row in plain(gathered(blocks).batches(Span(0, 1)))] == [7.0]


@pytest.mark.parametrize(
    ("field", "value", "datatype", "words"),
    [
        ("temperature", "warm", "string", "'temperature' holds values of two types"),
        ("battery", 1.5, "double", "'battery' holds values of two types"),
        ("battery", 2**63, "unsignedLong", "beyond 64 bits with a sign"),
    ],
)
def test_types_that_do_not_go_together_raise(field: str, value: Value, datatype: str, words: str) -> None:
    """They are told, with the name of the field."""
    with pytest.raises(BucketError, match=words):
        gathered([block(field, {}, {0: value}, datatype=datatype)])


def test_unsigned_integers_are_integers() -> None:
    """As far as they fit."""
    found = gathered([block("battery", {}, {0: 2**63 - 1}, datatype="unsignedLong")])

    assert plain(found.batches(Span(0, 1))) == [{"time": 0, "battery": 2**63 - 1}]


def test_a_tag_that_came_up_meanwhile_asks_for_another_try() -> None:
    """The columns are settled before the first row; series must not be taken for each other."""
    with pytest.raises(StoreUnavailableError, match="'door'"):
        gathered([block("temperature", {"door": "1"}, {0: 1.5})])


def test_too_many_values_end_it() -> None:
    """So that memory is bounded whatever comes."""
    blocks = [block("temperature", {}, {0: 1.5, 1: 2.5})]
    assert gathered(blocks, most=2).values == 2

    with pytest.raises(TooManyValuesError):
        gathered(blocks, most=1)
