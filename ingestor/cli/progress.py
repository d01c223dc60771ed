"""A bar that tells how far something is: on a terminal; in a pipe nothing is said."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

_STEPS = 10_000


@contextmanager
def progress_bar(what: str, unit: str = "readings") -> Iterator[Callable[[float, int], None]]:
    """A bar on standard error, and what moves it: the share that is done, from 0 to 1, and how many so far."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn(f"{{task.fields[rows]:,}} {unit}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=_STEPS, rows=0)

        def move(share: float, rows: int) -> None:
            bar.update(task, completed=round(share * _STEPS), rows=rows)

        yield move
