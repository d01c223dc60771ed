"""What readings are, in 16 bytes."""

import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.fingerprint import DAY_NS, Fingerprint, Fingerprints, SeriesDay
from ingestor.ports import FieldType, Value

MASK = 2**64 - 1
TYPES = {"bright": FieldType.BOOL, "count": FieldType.INT, "state": FieldType.TEXT, "°C": FieldType.FLOAT}
ARROW = {
    FieldType.BOOL: pa.bool_(),
    FieldType.INT: pa.int64(),
    FieldType.TEXT: pa.string(),
    FieldType.FLOAT: pa.float64(),
}
TAGS = ("rack", "zone")
INT64 = st.integers(-(2**63), 2**63 - 1)
VALUES: Mapping[FieldType, st.SearchStrategy[Value]] = {
    FieldType.BOOL: st.booleans(),
    FieldType.INT: INT64,
    FieldType.TEXT: st.text(max_size=5),
    FieldType.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
}


class Row(NamedTuple):
    """A reading as a batch has it."""

    time_ns: int
    tags: tuple[str | None, ...]
    fields: Mapping[str, Value | None]


rows = st.builds(
    Row,
    st.integers(-3 * DAY_NS, 3 * DAY_NS),
    st.tuples(*[st.sampled_from([None, "", "a", "ä=b,c"])] * len(TAGS)),
    st.fixed_dictionaries({name: st.none() | VALUES[kind] for name, kind in TYPES.items()}),
)
some_rows = st.lists(rows, max_size=12, unique_by=lambda row: (row.time_ns, row.tags))


def batch(of: Sequence[Row], *, dictionaries: bool = False) -> pa.RecordBatch:
    """The rows as a source gives them."""
    tags = [pa.array([row.tags[at] for row in of], pa.string()) for at in range(len(TAGS))]
    columns = {
        "time": pa.array([row.time_ns for row in of], pa.timestamp("ns", "UTC")),
        **{tag: column.dictionary_encode() if dictionaries else column for tag, column in zip(TAGS, tags, strict=True)},
        **{name: pa.array([row.fields[name] for row in of], ARROW[kind]) for name, kind in TYPES.items()},
    }
    return pa.RecordBatch.from_pydict(columns)


def taken(*batches: pa.RecordBatch, measurement: str = "climate") -> dict[SeriesDay, Fingerprint]:
    """What comes of these batches."""
    prints = Fingerprints(measurement, TYPES)
    for one in batches:
        prints.add(one)
    return prints.found


def mix(x: int) -> int:
    """As the module describes it, with Python's own numbers."""
    x ^= x >> 30
    x = x * 0xBF58476D1CE4E5B9 & MASK
    x ^= x >> 27
    x = x * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def words(data: bytes) -> Sequence[int]:
    """Two words of a text."""
    return struct.unpack("<QQ", hashlib.blake2b(data, digest_size=16).digest())


def pieces(texts: Iterable[str]) -> bytes:
    """Each with its length before it."""
    return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)


def bits(value: Value) -> Sequence[int]:
    """Two words of a value."""
    if isinstance(value, str):
        return words(value.encode())
    if isinstance(value, float):
        return struct.unpack("<Q", struct.pack("<d", value or 0.0)) * 2
    return (int(value) & MASK,) * 2


def described(of: Sequence[Row], measurement: str = "climate") -> dict[SeriesDay, Fingerprint]:
    """The same by the description, value by value."""
    found: dict[SeriesDay, Fingerprint] = {}
    for time_ns, tag_values, fields in of:
        tags = tuple((tag, value) for tag, value in zip(TAGS, tag_values, strict=True) if value is not None)
        place = SeriesDay(tags, time_ns // DAY_NS)
        series = words(b"series" + pieces([measurement, *(text for tag in tags for text in tag)]))
        for name, value in fields.items():
            if value is not None:
                field = words(b"field" + pieces([name, TYPES[name].value]))
                low, high = (
                    mix(mix(series[lane] + time_ns & MASK) ^ field[lane] ^ bits(value)[lane]) for lane in (0, 1)
                )
                found[place] = found.get(place, Fingerprint()).plus(Fingerprint(1, low, high))
    return found


@given(some_rows, st.booleans())
def test_it_is_what_the_description_says(of: Sequence[Row], dictionaries: bool) -> None:  # noqa: FBT001
    """The fast way over columns gives what the description of the hash gives value by value."""
    assert taken(batch(of, dictionaries=dictionaries)) == described(of)


@given(some_rows, st.randoms(), st.integers(0, 12))
def test_order_and_batches_do_not_matter(of: Sequence[Row], chance: Random, cut: int) -> None:
    """The same rows in another order, in two batches, have the same fingerprints."""
    mixed = list(of)
    chance.shuffle(mixed)

    assert taken(batch(mixed[:cut]), batch(mixed[cut:])) == taken(batch(of))


@given(some_rows.filter(bool), st.data())
def test_one_other_value_is_another_fingerprint(of: Sequence[Row], data: st.DataObject) -> None:
    """Where one value is changed, its series and day have another fingerprint, and all others keep theirs."""
    at = data.draw(st.integers(0, len(of) - 1))
    name = data.draw(st.sampled_from(sorted(TYPES)))
    value = data.draw(VALUES[TYPES[name]].filter(lambda value: value != of[at].fields[name]))
    other = [*of]
    other[at] = of[at]._replace(fields={**of[at].fields, name: value})

    before, after = taken(batch(of)), taken(batch(other))

    tags = tuple((tag, value) for tag, value in zip(TAGS, of[at].tags, strict=True) if value is not None)
    assert {place for place in {**before, **after} if before.get(place) != after.get(place)} == {
        SeriesDay(tags, of[at].time_ns // DAY_NS)
    }


ONE = Row(1, ("a", None), {"bright": True, "count": 1, "state": "1", "°C": 1.0})


@pytest.mark.parametrize(
    "other",
    [
        ONE._replace(time_ns=2),
        ONE._replace(tags=("b", None)),
        ONE._replace(tags=(None, "a")),
        ONE._replace(fields={**ONE.fields, "count": None}),
        ONE._replace(fields={**ONE.fields, "bright": False}),
    ],
)
def test_all_of_a_value_counts(other: Row) -> None:
    """Its time, its tags, its field and whether it is there are in the hash."""
    assert [*taken(batch([other])).values()] != [*taken(batch([ONE])).values()]


def test_the_measurement_and_the_type_count() -> None:
    """Equal numbers of another measurement, or stored as another type, are not the same."""
    number = pa.record_batch({"time": pa.array([1], pa.timestamp("ns", "UTC")), "n": pa.array([1], pa.int64())})
    truth = number.set_column(1, "n", pa.array([True]))
    as_int, as_bool = Fingerprints("climate", {"n": FieldType.INT}), Fingerprints("climate", {"n": FieldType.BOOL})
    as_int.add(number)
    as_bool.add(truth)

    assert as_int.found != as_bool.found
    assert taken(batch([ONE])) != taken(batch([ONE]), measurement="power")


def test_negative_zero_is_zero() -> None:
    """SQLite keeps no sign of a zero, so a zero is a zero."""
    fields = {**ONE.fields, "°C": 0.0}

    assert taken(batch([ONE._replace(fields={**fields, "°C": -0.0})])) == taken(batch([ONE._replace(fields=fields)]))


def test_the_words_of_a_fixed_reading_stay() -> None:
    """What was written down by an earlier version is still comparable: a known reading has its known fingerprint."""
    assert [str(found) for found in taken(batch([ONE])).values()] == ["439d944abd90943d31ba21df98e903d5"]


def test_values_are_counted() -> None:
    """The count is one of values, not of rows."""
    sparse = ONE._replace(time_ns=2, fields={**dict.fromkeys(TYPES), "state": ""})

    assert [found.values for found in taken(batch([ONE, sparse])).values()] == [5]
