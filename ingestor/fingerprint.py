"""What readings are, in 16 bytes: equal wherever they are stored, whatever the order in which they come. Pure.

A fingerprint of a set of values is how many they are, and two sums modulo 2⁶⁴ of a hash of each value. So that
backups, copies and other programs come to the same, this is how, exactly; all arithmetic is modulo 2⁶⁴.

    piece(text)  = the length of its UTF-8 in bytes, as 4 bytes with the lowest first, and the UTF-8
    words(bytes) = the two words of 8 bytes, lowest byte first, of BLAKE2b with a digest of 16 bytes
    mix(x)       = x ^= x >> 30;  x *= 0xbf58476d1ce4e5b9;  x ^= x >> 27;  x *= 0x94d049bb133111eb;  x ^= x >> 31

    series = words("series" piece(measurement) and, for each tag by name, piece(tag) piece(value))
    field  = words("field" piece(name) piece(type)), the type being float, int, text or bool
    value  = twice the 8 bytes of it: a float by IEEE 754, with 0.0 for -0.0, an int in two's complement, a bool
             as 0 or 1; of a text words(UTF-8)
    hash   = mix(mix(series + time) ^ field ^ value), for each of the two words; time in ns since 1970

`mix` gives different words for different words: where one value, time, tag, name or type is another, so is the hash;
only what differs in several places could come to the same sums by chance, which is as likely as guessing 128 bits.
It is made against accidents: who wants to can find other readings that have the same.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa

from ingestor.ports import FieldType

DAY_NS = 86_400 * 10**9

Tags = tuple[tuple[str, str], ...]
"""Names and values of tags, sorted by name."""

_Words = np.ndarray[tuple[int], np.dtype[np.uint64]]
_Ints = np.ndarray[tuple[int], np.dtype[np.int64]]

_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_LANES = (0, 1)


class SeriesDay(NamedTuple):
    """A series of a measurement, and a day of UTC, counted from 1970."""

    tags: Tags
    day: int


class Fingerprint(NamedTuple):
    """How many values there are, and the two sums of their hashes."""

    values: int = 0
    low: int = 0
    high: int = 0

    def __str__(self) -> str:
        return f"{self.high:016x}{self.low:016x}"

    def plus(self, other: "Fingerprint") -> "Fingerprint":
        """The fingerprint of these values and those; none may be among both."""
        return Fingerprint(self.values + other.values, (self.low + other.low) % 2**64, (self.high + other.high) % 2**64)


_NONE = Fingerprint()


class Fingerprints:
    """Takes readings of a measurement in any order, and gives the fingerprints of each series and day.

    What it holds grows with the series and days that it was shown, not with the readings.

    Args:
        measurement: Of which kind they are.
        types: The fields that count, and their types, in the order in which all batches have them.

    Attributes:
        found: What came of it, for each series and day that has a value.
    """

    def __init__(self, measurement: str, types: Mapping[str, FieldType]) -> None:
        self._measurement = measurement
        self._types = types
        self._fields = {name: _words(b"field" + _pieces([name, kind.value])) for name, kind in types.items()}
        self._series: dict[Tags, tuple[int, int]] = {}
        self.found: dict[SeriesDay, Fingerprint] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Take rows that nobody showed before: `time`, the tags as text or dictionaries of it, then the fields."""
        if not batch.num_rows:
            return
        names = batch.schema.names
        tags = names[1 : len(names) - len(self._types)]
        times = _ints(batch.column(0))
        days = times // DAY_NS
        runs = _Runs.of([days, *(_codes(batch.column(1 + at)) for at in range(len(tags)))])
        series = [_tags(tags, row) for row in _rows(batch, len(tags), runs.starts)]
        sums = self._sums(batch, [self._key(one) for one in series], times, runs)
        for one, day, values, low, high in zip(series, days[runs.starts].tolist(), *sums, strict=True):
            if values:
                place = SeriesDay(one, day)
                self.found[place] = self.found.get(place, _NONE).plus(Fingerprint(values, low, high))

    def _sums(
        self, batch: pa.RecordBatch, keys: Sequence[tuple[int, int]], times: _Ints, runs: "_Runs"
    ) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
        """For each run how many values there are, and the sums of both words."""
        count = np.zeros(len(runs.starts), np.int64)
        sums = [np.zeros(len(runs.starts), np.uint64) for _ in _LANES]
        series = np.array(keys, np.uint64)
        rows = [_mixed(np.repeat(series[:, lane], runs.lengths) + times.view(np.uint64)) for lane in _LANES]
        columns = batch.columns[batch.num_columns - len(self._types) :]
        for (name, kind), column in zip(self._types.items(), columns, strict=True):
            there = column.is_valid().to_numpy(zero_copy_only=False)
            count += np.add.reduceat(there, runs.starts, dtype=np.int64)
            for lane, values in zip(_LANES, _values(column, kind), strict=True):
                hashed = _mixed(rows[lane] ^ np.uint64(self._fields[name][lane]) ^ values)
                hashed *= there
                sums[lane] += np.add.reduceat(hashed, runs.starts)
        low, high = sums
        return count.tolist(), low.tolist(), high.tolist()

    def _key(self, tags: Tags) -> tuple[int, int]:
        key = self._series.get(tags)
        if key is None:
            texts = [self._measurement, *(text for tag in tags for text in tag)]
            key = self._series[tags] = _words(b"series" + _pieces(texts))
        return key


class _Runs(NamedTuple):
    """Rows that follow each other and have all of some columns in common."""

    starts: _Ints
    lengths: _Ints

    @classmethod
    def of(cls, columns: Sequence[_Ints]) -> Self:
        new = np.zeros(len(columns[0]), np.bool_)
        new[0] = True
        for column in columns:
            new[1:] |= column[1:] != column[:-1]
        starts = np.flatnonzero(new)
        return cls(starts, np.diff(starts, append=len(new)))


def _values(column: pa.Array, kind: FieldType) -> tuple[_Words, _Words]:
    """Both words of each value; any where there is none."""
    if kind is FieldType.TEXT:
        known = column.dictionary_encode()
        texts = [_words(text.encode()) for text in known.dictionary.to_pylist()] or [(0, 0)]
        words = np.array(texts, np.uint64)[_ints(known.indices.fill_null(0))]
        return words[:, 0], words[:, 1]
    if kind is FieldType.FLOAT:
        numbers = column.fill_null(0.0).to_numpy(zero_copy_only=False) + 0.0  # which makes 0.0 of -0.0
        return (numbers.view(np.uint64),) * 2
    return (_ints(column.cast(pa.int64()).fill_null(0)).view(np.uint64),) * 2


def _mixed(words: _Words) -> _Words:
    words ^= words >> _SHIFTS[0]
    words *= _FACTORS[0]
    words ^= words >> _SHIFTS[1]
    words *= _FACTORS[1]
    words ^= words >> _SHIFTS[2]
    return words


def _words(data: bytes) -> tuple[int, int]:
    digest = hashlib.blake2b(data, digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


def _pieces(texts: Iterable[str]) -> bytes:
    encoded = [text.encode() for text in texts]
    return b"".join(len(piece).to_bytes(4, "little") + piece for piece in encoded)


def _ints(column: pa.Array) -> _Ints:
    """Numbers, times, and truth values as 0 and 1."""
    if pa.types.is_timestamp(column.type):
        column = column.view(pa.int64())
    return column.cast(pa.int64()).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _codes(column: pa.Array) -> _Ints:
    """A number for each text, another for none."""
    known = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return _ints(known.indices.fill_null(-1))


def _rows(batch: pa.RecordBatch, tags: int, starts: _Ints) -> Iterator[tuple[str | None, ...]]:
    """The values of the tags where runs begin."""
    if not tags:
        return iter([()] * len(starts))
    places = pa.array(starts)
    return zip(*(batch.column(1 + at).take(places).to_pylist() for at in range(tags)), strict=True)


def _tags(names: Sequence[str], values: Sequence[str | None]) -> Tags:
    return tuple((name, value) for name, value in zip(names, values, strict=True) if value is not None)
