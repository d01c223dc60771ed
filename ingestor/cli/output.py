"""How commands speak to people and programs."""

import io
import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterable, Sequence
from typing import NoReturn

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingestor.errors import BrokerRefusedError, ConfigError, IngestorError

_PIPE_WIDTH = 100_000  # in a pipe nothing is wrapped or cut: programs read it
_NARROW_COLUMNS = 100
_DRAWN, _DRAWN_IN_ASCII = "▁▂▃▄▅▆▇█…·", "_.-~+*%#~/"
LOGIN_ADVICE = "mend mqtt.username and mqtt.password, or the broker's list"
_WHO_WE_ARE = re.compile("the broker refused the connection: (not authorized|bad user name or password)")


def buffer_output() -> None:
    """Make sure that all of what is printed arrives, also under PYTHONUNBUFFERED, and in any encoding.

    Python then writes straight to the pipe, and does not go on where a write took a part only. A letter that the
    encoding of a terminal does not have is escaped: Python would end with an error.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    raw = getattr(sys.stdout, "buffer", None)
    if isinstance(raw, io.RawIOBase):
        sys.stdout.flush()
        encoding, errors = sys.stdout.encoding, sys.stdout.errors
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=errors, line_buffering=True)


def say(text: str) -> None:
    """A line for people on standard output."""
    _print(printable(text))


def say_json(value: object) -> None:
    """A value for programs on standard output, on one line."""
    _print(json.dumps(value, ensure_ascii=True, default=str))


def say_table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], *, wrapped: Collection[str] = frozenset()
) -> None:
    """A table on standard output; columns of numbers to the right.

    Args:
        headings: Of the columns.
        rows: A cell for each.
        wrapped: The columns that become narrower where a terminal is; nothing is ever cut.
    """
    cells = [tuple(row) for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, heading in enumerate(headings):
        numbers = bool(cells) and all(isinstance(row[at], int) for row in cells)
        widest = max([cell_len(heading), *(cell_len(_cell(row[at])) for row in cells)])
        table.add_column(
            heading,
            justify="right" if numbers else "left",
            overflow="fold",
            no_wrap=heading not in wrapped,
            min_width=None if heading in wrapped else widest,
        )
    for row in cells:
        table.add_row(*(Text(_cell(value)) for value in row))
    console = drawing_console()
    with console.capture() as drawn:
        console.print(table, soft_wrap=True)
    for line in drawn.get().splitlines():
        _print(line.rstrip())  # the last column is filled up with blanks


def terminal_columns() -> int | None:
    """The width of the terminal that standard output is; None where it is none."""
    return shutil.get_terminal_size().columns if Console().is_terminal else None


def drawing_console() -> Console:
    """What tables and charts are drawn with: as wide as the terminal, and without an end in a pipe."""
    # The height is of no meaning, but without it rich takes a terminal that is dumb for 80 columns wide.
    return Console(highlight=False, width=terminal_columns() or _PIPE_WIDTH, height=25)


def is_narrow() -> bool:
    """Whether standard output is a terminal on which a wide table would break its rows."""
    columns = terminal_columns()
    return columns is not None and columns < _NARROW_COLUMNS


def in_its_encoding(text: str) -> str:
    """The text with blocks and dots of ASCII, where the encoding of standard output has no others."""
    try:
        _DRAWN.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return text.translate(str.maketrans(_DRAWN, _DRAWN_IN_ASCII))
    return text


def say_beside(head: str, text: str) -> None:
    """A head and a text beside it; on a terminal its further lines begin below its first word."""
    said = head + printable(text)
    if sys.stdout.isatty():
        width = max(60, shutil.get_terminal_size().columns)
        said = textwrap.fill(said, width, subsequent_indent=" " * len(head), break_on_hyphens=False)
    _print(said)


def say_marked(mark: str, style: str, text: str) -> None:
    """A line that begins with a mark, which has a colour where standard output is a terminal with colours."""
    console = drawing_console()
    with console.capture() as drawn:
        console.print(Text(printable(mark), style=style), end="")
    _print(f"{drawn.get()} {one_line(text)}")


def warn(text: str) -> None:
    """A line for people on standard error: what went another way than was asked."""
    print(f"ingestor: {printable(text)}", file=sys.stderr)


def fail(*lines: str) -> NoReturn:
    """Say on standard error what could not be done, and end with 1."""
    for line in lines:
        warn(line)
    sys.exit(1)


def explain_and_exit(error: Exception) -> NoReturn:
    """End with 1 and a line for each thing that a person can mend; anything else is a fault of ours and is raised."""
    ours = _ours(error)
    if not ours:
        raise error
    fail(*(line for one in ours for line in _lines(one)))


def _ours(error: BaseException) -> list[IngestorError]:
    """The errors for people in a group (task groups raise those) or alone; empty when there is any other in it."""
    if isinstance(error, IngestorError):
        return [error]
    if not isinstance(error, BaseExceptionGroup):
        return []
    inside = [_ours(one) for one in error.exceptions]
    return [one for some in inside for one in some] if all(inside) else []


def _lines(error: IngestorError) -> list[str]:
    if isinstance(error, ConfigError):
        return [str(problem) for problem in error.problems]
    if isinstance(error, BrokerRefusedError) and _WHO_WE_ARE.match(str(error)):
        return [f"{error}; {LOGIN_ADVICE}"]
    return [str(error)]


def printable(text: str) -> str:
    """The text with control characters escaped: topics and payloads come from strangers, terminals obey."""
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1] for character in text
    )


def one_line(text: str) -> str:
    """The text with all control characters escaped, line breaks among them."""
    return printable(text).replace("\n", "\\n")


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else one_line(str(value))


def _print(line: str) -> None:
    try:
        print(line)
    except BrokenPipeError:
        _let_go_of_output()
        sys.exit(0)
    except OSError as error:
        _end_unsaid(error)


def flush() -> None:
    """Send what is said and not yet sent. A reader that has gone away (`| head`) had what it wanted: no error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go_of_output()
    except OSError as error:
        _end_unsaid(error)


def _end_unsaid(error: OSError) -> NoReturn:
    """End with 1: what was to be said cannot be written, on a full disk, say."""
    _let_go_of_output()
    fail(f"standard output cannot be written: {error.strerror or error}")


def _let_go_of_output() -> None:
    """Send what is left nowhere, or Python complains of it once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
