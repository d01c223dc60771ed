"""How a demo shows itself while it runs: a table on a terminal, a line a second in a pipe, JSON for programs."""

from collections.abc import Iterable
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ingestor.cli.bucketview import Reading
from ingestor.cli.output import flush, printable, say, say_json

_SHOWN_RACKS = 12
_SHOWN_READINGS = 3
_TOLD_READINGS = 20


class Moment(NamedTuple):
    """How things stand, in messages, and the newest readings of each rack."""

    secs: float
    published: int
    received: int
    stored: int
    set_aside: int
    newest: list[Reading]


class Screen(Protocol):
    """Entered before the first moment, left after the last; `show` is called about once a second."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, moment: Moment) -> None:
        """Show how things stand now."""


class Lines:
    """A line a second."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end: lines are lines."""

    def show(self, moment: Moment) -> None:
        """Print the counts and a few of the newest readings."""
        newest = ", ".join(_in_words(reading) for reading in moment.newest[:_SHOWN_READINGS])
        say(
            f"{moment.secs:4.0f} s  received {moment.received:<8,} stored {moment.stored:<8,}"
            f" set aside {moment.set_aside:<6,} {newest}".rstrip()
        )
        flush()


class JsonLines(Lines):
    """A JSON object a second."""

    def show(self, moment: Moment) -> None:
        """Print the counts and some of the newest readings."""
        newest = [reading._asdict() for reading in moment.newest[:_TOLD_READINGS]]
        say_json({**moment._asdict(), "secs": round(moment.secs, 1), "newest": newest})
        flush()


class Terminal:
    """A table that stays in its place and shows the newest readings of every rack."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, moment: Moment) -> None:
        """Draw the table anew."""
        self._live.update(_drawn(moment), refresh=True)


def make_screen(*, json: bool) -> Screen:
    """The screen for where standard output goes."""
    console = Console(highlight=False)
    if json:
        return JsonLines()
    return Terminal(console) if console.is_terminal else Lines()


def _drawn(moment: Moment) -> Group:
    head = Text.assemble(
        (f"{moment.secs:.0f} s", "bold"), "   received ", (f"{moment.received:,}", "bold"),
        "   stored ", (f"{moment.stored:,}", "bold green"),
        "   set aside ", (f"{moment.set_aside:,}", "bold yellow"), "   Ctrl-C ends it",
    )  # fmt: skip
    return Group(head, Text(), _table(moment.newest))


def _table(newest: Iterable[Reading]) -> Table:
    """The newest value of each quantity, a row a rack."""
    values: dict[str, dict[str, str]] = {}
    for reading in newest:  # the newest first, so what is there already is newer
        values.setdefault(reading.tags.get("rack", ""), {}).setdefault(reading.field, _value(reading))
    columns = list(dict.fromkeys(field for fields in values.values() for field in sorted(fields)))
    table = Table("newest", box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, justify="right")
    racks = sorted(values, key=lambda rack: (len(rack), rack))
    for rack in racks[:_SHOWN_RACKS]:
        table.add_row(printable(rack), *(printable(values[rack].get(column, "-")) for column in columns))
    if len(racks) > _SHOWN_RACKS:
        table.add_row(f"and {len(racks) - _SHOWN_RACKS:,} more")
    return table


def _in_words(reading: Reading) -> str:
    return f"{reading.tags.get('rack', '')} {reading.field} {_value(reading)}"


def _value(reading: Reading) -> str:
    number = f"{reading.value:g}" if isinstance(reading.value, float) else str(reading.value)
    return f"{number} {reading.unit}".rstrip()
