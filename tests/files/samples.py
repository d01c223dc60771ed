"""Blocks, points and files that tests of formats share."""

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hypothesis import strategies as st

from ingestor.files.table import Block, Column, Layout, Reading, Unreadable
from ingestor.files.textfile import TextFile
from ingestor.ports import FieldType, Point, Value

LAYOUT = Layout(
    "climate",
    ("rack", "room"),
    (
        Column("count", FieldType.INT),
        Column("on", FieldType.BOOL),
        Column("state", FieldType.TEXT),
        Column("temperature", FieldType.FLOAT, "°C"),
    ),
)
"""Two tags, and a field of each type."""

BLOCK = Block(
    [1_700_000_000_000_000_001, 1_700_000_000_000_000_002, -1],
    [["rack1", "rack2", None], ["a, b", None, "Küche"]],
    [[-3, None, 2**63 - 1], [True, False, None], ["", None, 'say "a\\b"\n, ='], [0.1 + 0.2, 20.0, -0.0]],
)
"""Values that are hard to write down."""

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
INTS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TIMES = st.integers(-(2**63) + 2, 2**63 - 2)

SOME_VALUES: Mapping[FieldType, st.SearchStrategy[Value]] = {
    FieldType.FLOAT: FLOATS,
    FieldType.INT: INTS,
    FieldType.TEXT: TEXTS,
    FieldType.BOOL: st.booleans(),
}


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    """Any block of the layout, in which each reading has a value."""
    rows = draw(st.integers(0, 6))
    times = draw(st.lists(TIMES, min_size=rows, max_size=rows))
    tags = [draw(st.lists(st.none() | TEXTS.filter(bool), min_size=rows, max_size=rows)) for _ in LAYOUT.tags]
    fields: list[list[Value | None]] = [
        draw(st.lists(st.none() | SOME_VALUES[column.type], min_size=rows, max_size=rows)) for column in LAYOUT.fields
    ]
    return Block(times, tags, fields).filled()


def plain(points: list[Point]) -> list[tuple[object, ...]]:
    """Points by what they say, exactly: also types, and the sign of zero."""
    return [
        (of.bucket, of.measurement, of.tags, dict(of.units), time_ns, repr(sorted(fields.items())))
        for of, time_ns, fields in points
    ]


def taken(items: Iterator[Reading | Unreadable]) -> tuple[list[Point], list[tuple[int, str]]]:
    """The points of a file; and the lines where something is wrong, with what that is."""
    points, wrong = [], []
    for item in items:
        if isinstance(item, Reading):
            points.append(item.point)
        else:
            wrong.append((item.at, item.reason))
    return points, wrong


@contextmanager
def text_file(folder: Path, text: str | bytes, *, packed: bool = False) -> Iterator[TextFile]:
    """A file with that in it, opened."""
    path = folder / "some.txt"
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data) if packed else data)
    with TextFile(path) as file:
        yield file
