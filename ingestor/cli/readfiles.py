"""The answer of `ingestor read` as CSV, JSON, line protocol or Parquet, into a file or to standard output."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import BinaryIO, NamedTuple, cast

import typer

from ingestor.cli.output import printable
from ingestor.cli.readings import Answer
from ingestor.export.formats import SUFFIXES, Format, Portion, format_of, suffix_of
from ingestor.files.table import Block, FileError, Layout
from ingestor.files.times import iso_times

FORMATS = ("csv", "json", "lp", "parquet")
_JSON = ".json"


class Written(NamedTuple):
    """How many rows were written; how many values the format cannot carry, and why it cannot the first."""

    rows: int
    refused: int
    why: str


def suffix_for(format_: str | None, output: Path | None) -> str | None:
    """How an answer is written, as the ending of a file's name; None where nobody asked for a file.

    Raises:
        FileError: There is no such format, or the name of the file does not tell one, or it cannot be made here.
    """
    if format_ is not None:
        if format_ not in FORMATS:
            raise FileError(f"--format {format_!r}: it is one of {', '.join(FORMATS)}")
        name = f"answer.{format_}"
        if output is not None and output.suffix == ".gz":
            name += ".gz"
    elif output is not None:
        name = output.name
    else:
        return None
    if name.endswith(_JSON):
        return _JSON
    if not name.endswith(SUFFIXES):
        raise FileError(f"{output}: --format is one of {', '.join(FORMATS)}; compressed (.gz) csv and lp alone")
    return suffix_of(Path(name))


async def write(answer: Answer, suffix: str, target: Path | None) -> Written:
    """Write all of an answer; a file is there when it is whole.

    Args:
        answer: What to write.
        suffix: In which format.
        target: The file, in the place of one that is there; None for standard output.

    Raises:
        FileError: The format cannot hold it.
        OSError: The file cannot be written.
        StoreError: The store went away.
    """
    form = _json_format(answer.layout) if suffix == _JSON else format_of(suffix, answer.layout)
    with _opened(target) as out:
        if form.convert is None:
            return await _write_portions(answer, form, out)
        with TemporaryDirectory(prefix="ingestor-read-") as folder:
            portions, whole = Path(folder) / "portions", Path(folder) / "whole"
            with portions.open("wb") as file:
                written = await _write_portions(answer, form, file)
            form.convert(portions, whole)
            with whole.open("rb") as file:
                copyfileobj(file, out)
            return written


def say_text(text: str) -> None:
    """Text as it is on standard output; a reader that goes away ends it, and is no error."""
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        raise typer.Exit from None


def write_whole(target: Path, data: bytes) -> None:
    """A file with this in it, in the place of one that is there.

    Raises:
        OSError: It cannot be written.
    """
    with _opened(target) as file:
        file.write(data)


async def _write_portions(answer: Answer, form: Format, out: BinaryIO) -> Written:
    rows = refused = 0
    why = ""
    out.write(form.head)
    async for block in answer.blocks:
        portion = form.encode(block)
        out.write(portion.data)
        rows += len(block.times)
        refused += portion.refused
        why = why or portion.why
    return Written(rows, refused, why)


class _Screen:
    """Standard output where that is a terminal: control characters of strangers are shown, where it would obey them."""

    def write(self, data: bytes) -> int:
        """Take whole lines."""
        return sys.stdout.write(printable(data.decode()))


@contextmanager
def _opened(target: Path | None) -> Iterator[BinaryIO]:
    if target is None:
        sys.stdout.flush()
        try:
            yield cast("BinaryIO", _Screen()) if sys.stdout.isatty() else sys.stdout.buffer
        except BrokenPipeError:
            raise typer.Exit from None
        return
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _json_format(layout: Layout) -> Format:
    """An object a line."""
    names = [column.name for column in layout.fields]

    def encode(block: Block) -> Portion:
        tags = zip(*block.tags, strict=True) if block.tags else repeat((), len(block.times))
        rows = zip(iso_times(block.times), tags, zip(*block.fields, strict=True), strict=True)
        lines = [
            json.dumps(
                {
                    "time": time,
                    "measurement": layout.measurement,
                    "tags": _there(zip(layout.tags, of, strict=True)),
                    "fields": _there(zip(names, values, strict=True)),
                }
            )
            for time, of, values in rows
        ]
        return Portion("".join(f"{line}\n" for line in lines).encode())

    return Format(b"", encode)


def _there(pairs: Iterator[tuple[str, object]]) -> dict[str, object]:
    return {name: value for name, value in pairs if value is not None}
