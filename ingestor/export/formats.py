"""How a file is written, by its name: what it begins with, its portions, and what is made of them in the end."""

import gzip
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from ingestor.files import commas, parquet
from ingestor.files.lines import LineWriter
from ingestor.files.table import Block, FileError, Layout, SeriesBook

SUFFIXES = (".csv", ".csv.gz", ".lp", ".lp.gz", ".parquet")
"""The files that can be written."""

_LEVEL = 6  # higher ones take twice the time for a few percent


class Portion(NamedTuple):
    """Some readings as they stand in a file; how many values could not be written, and why the first could not."""

    data: bytes
    refused: int = 0
    why: str = ""


class Format(NamedTuple):
    """How the readings of one measurement are written.

    Attributes:
        head: How the file begins.
        encode: Makes portions.
        convert: Makes the whole file (second) of the portions (first); None where they are the file.
    """

    head: bytes
    encode: Callable[[Block], Portion]
    convert: Callable[[Path, Path], None] | None = None


def suffix_of(file: Path) -> str:
    """What kind of file that is to be.

    Raises:
        FileError: The name does not tell, or it needs what is not installed.
    """
    found = [suffix for suffix in SUFFIXES if file.name.endswith(suffix)]
    if not found:
        raise FileError(f"{file}: the name says what is written: one of {', '.join(SUFFIXES)}")
    if found[-1] == ".parquet" and find_spec("pyarrow") is None:
        raise FileError(f"{file}: Parquet needs pyarrow: pip install 'ingestor[reader]', or choose .csv.gz or .lp.gz")
    return found[-1]


def holds_several(suffix: str) -> bool:
    """Whether readings of several measurements can be in one file."""
    return suffix.startswith(".lp")


def format_of(suffix: str, layout: Layout) -> Format:
    """How the readings of a measurement are written into such a file.

    Raises:
        FileError: They cannot be.
    """
    if suffix == ".parquet":
        schema = parquet.schema_of(layout)
        return Format(
            b"",
            lambda block: Portion(parquet.stream_of(block, schema)),
            lambda portions, whole: parquet.streams_to_parquet(portions, whole, schema),
        )
    plain = _lines(layout) if suffix.startswith(".lp") else _csv(layout)
    return _packed(plain) if suffix.endswith(".gz") else plain


def _csv(layout: Layout) -> Format:
    return Format(commas.header(layout).encode(), lambda block: Portion(commas.encode(layout, block).encode()))


def _lines(layout: Layout) -> Format:
    writer = LineWriter(layout, SeriesBook(""))

    def encode(block: Block) -> Portion:
        text, refused, why = writer.encode(block)
        return Portion(text.encode(), refused, why)

    return Format(b"", encode)


def _packed(plain: Format) -> Format:
    """A gzip member a portion; without times in it, so that the same readings are the same bytes."""

    def pack(data: bytes) -> bytes:
        return gzip.compress(data, _LEVEL, mtime=0) if data else b""

    def encode(block: Block) -> Portion:
        portion = plain.encode(block)
        return portion._replace(data=pack(portion.data))

    return Format(pack(plain.head), encode)
