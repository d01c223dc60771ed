"""One export: plans it, writes it in portions of a stretch of time each, and checks it against the store."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

from ingestor.export.formats import Format, format_of, holds_several, suffix_of
from ingestor.export.part import Part
from ingestor.export.rows import Choice, Rows
from ingestor.files.table import Column, FileError, Layout
from ingestor.ports import FieldType

_AIM_ROWS = 100_000  # of a portion: what is done again at most, about
_MOST_ROWS = 4 * _AIM_ROWS
_FIRST_NS = 3_600 * 10**9
_LEAST_NS = 1_000
_GROWTH = 8


class Progress(NamedTuple):
    """How far an export is: the share of the time, from 0 to 1, and the rows written, also by earlier starts."""

    share: float
    rows: int


class Summary(NamedTuple):
    """What an export wrote; values that the format cannot carry were left out, with the reason of the first."""

    rows: int
    values: int
    measurements: Sequence[str]
    refused: int = 0
    why: str = ""


@dataclass(slots=True)
class _Task:
    """One measurement: what of it is written, up to where that is done, and how many values each field has so far."""

    layout: Layout
    start_ns: int
    stop_ns: int
    next_ns: int
    counts: list[int]

    @classmethod
    def of(cls, layout: Layout, start_ns: int, stop_ns: int) -> Self:
        return cls(layout, start_ns, stop_ns, start_ns, [0] * len(layout.fields))

    @classmethod
    def from_notes(cls, notes: Mapping[str, Any]) -> Self:
        measurement, tags, fields = notes["layout"]
        columns = tuple(Column(name, FieldType(kind), unit) for name, kind, unit in fields)
        return cls(**{**notes, "layout": Layout(measurement, tuple(tags), columns)})


@dataclass(slots=True)
class _State:
    """All that must be known to go on after a portion."""

    tasks: list[_Task]
    length_ns: int = _FIRST_NS
    rows: int = 0
    refused: int = 0
    why: str = ""

    @classmethod
    def from_notes(cls, notes: Mapping[str, Any]) -> Self:
        return cls(**{**notes, "tasks": [_Task.from_notes(task) for task in notes["tasks"]]})

    @property
    def progress(self) -> Progress:
        whole = sum(task.stop_ns - task.start_ns for task in self.tasks)
        done = sum(task.next_ns - task.start_ns for task in self.tasks)
        return Progress(done / whole if whole else 1.0, self.rows)


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported, and to where.

    Attributes:
        choice: Which readings.
        target: The file; its name says the format.
        start_ns: From here on; None for the first reading.
        stop_ns: Up to here, not included; None for the last reading, included.
        asked: What a person asked for: an export that was broken off goes on where the same is asked again.
        anew: Whether to forget what was begun before.
    """

    choice: Choice
    target: Path
    start_ns: int | None = None
    stop_ns: int | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    anew: bool = False

    async def run(self, rows: Rows, *, on_progress: Callable[[Progress], None] = lambda _: None) -> Summary:
        """Write the file, from the beginning or from where it was broken off, and check it.

        Args:
            rows: The store.
            on_progress: Called after each portion.

        Raises:
            FileError: There are no such readings, the file cannot hold them, or the store counts others.
            StoreError: The store cannot be read; what is finished stays, and the next start goes on there.
            OSError: The file cannot be written.
        """
        suffix = suffix_of(self.target)
        with Part(self.target, self.asked, anew=self.anew) as part:
            state = _State.from_notes(part.notes) if part.notes else _State(await self._plan(rows, suffix))
            formats = [format_of(suffix, task.layout) for task in state.tasks]
            if not part.notes:
                part.write(formats[0].head)
                part.finish_portion(asdict(state))
            on_progress(state.progress)
            for task, form in zip(state.tasks, formats, strict=True):
                while task.next_ns < task.stop_ns:
                    await self._portion(rows, part, state, task, form)
                    on_progress(state.progress)
            await self._check(rows, part, state)
            await asyncio.to_thread(part.complete, formats[0].convert)
        values = sum(sum(task.counts) for task in state.tasks)
        names = [task.layout.measurement for task in state.tasks]
        return Summary(state.rows, values - state.refused, names, state.refused, state.why)

    async def _portion(self, rows: Rows, part: Part, state: _State, task: _Task, form: Format) -> None:
        """Write the next stretch of a measurement; of its length depends only what the store holds."""
        while True:
            stop_ns = min(task.stop_ns, task.next_ns + state.length_ns)
            most = _MOST_ROWS if state.length_ns > _LEAST_NS else None
            block = await rows.block(self.choice, task.layout, start_ns=task.next_ns, stop_ns=stop_ns, most=most)
            if block is not None:
                break
            state.length_ns = max(_LEAST_NS, state.length_ns // _GROWTH)
        block = block if self.choice.fields is None else block.filled()
        portion = await asyncio.to_thread(form.encode, block)
        task.next_ns = stop_ns
        task.counts = [before + more for before, more in zip(task.counts, block.counts, strict=True)]
        count = len(block.times)
        state.length_ns = _next_length(state.length_ns, count)
        state.rows += count
        state.refused += portion.refused
        state.why = state.why or portion.why
        part.write(portion.data)
        await asyncio.to_thread(part.finish_portion, asdict(state))

    async def _plan(self, rows: Rows, suffix: str) -> list[_Task]:
        choice = self.choice
        names = await rows.measurements(choice.bucket)
        listed = ", ".join(names)
        if not names:
            raise FileError(f"there is nothing in bucket {choice.bucket!r}")
        if choice.measurement is not None and choice.measurement not in names:
            raise FileError(f"bucket {choice.bucket!r} has no measurement {choice.measurement!r}; it has {listed}")
        chosen = names if choice.measurement is None else [choice.measurement]
        if len(chosen) > 1 and not holds_several(suffix):
            raise FileError(
                f"bucket {choice.bucket!r} has several measurements, {listed}, and a {suffix} file holds one: "
                "name it with --measurement, or write .lp.gz, which holds all"
            )
        layouts = [await rows.layout(choice, name) for name in chosen]
        fitting = [layout for layout in layouts if _fits(layout, choice)]
        if not fitting:
            raise FileError(_what_there_is(layouts, choice))
        return [await self._task(rows, layout) for layout in fitting]

    async def _task(self, rows: Rows, layout: Layout) -> _Task:
        first, last = await rows.span(self.choice.bucket, layout.measurement) or (0, -1)
        start_ns = first if self.start_ns is None else max(first, self.start_ns)
        stop_ns = last + 1 if self.stop_ns is None else min(last + 1, self.stop_ns)
        return _Task.of(layout, start_ns, max(start_ns, stop_ns))

    async def _check(self, rows: Rows, part: Part, state: _State) -> None:
        """Compare what was written with what the store counts."""
        for task in state.tasks:
            if task.start_ns == task.stop_ns:
                continue
            held = await rows.counts(self.choice, task.layout, start_ns=task.start_ns, stop_ns=task.stop_ns)
            for column, written, count in zip(task.layout.fields, task.counts, held, strict=True):
                if written != count:
                    part.give_up()
                    raise FileError(
                        f"the store now counts {count:,} values of {column.name} ({task.layout.measurement}), and "
                        f"{written:,} were written: readings came or went meanwhile. What was written is {part.path}; "
                        "start again for a whole file"
                    )


def _next_length(length_ns: int, rows: int) -> int:
    """How long the next stretch is, so that it has about as many rows as a portion should have."""
    wanted = length_ns * _AIM_ROWS // rows if rows else length_ns * _GROWTH
    return max(_LEAST_NS, length_ns // _GROWTH, min(wanted, length_ns * _GROWTH))


def _fits(layout: Layout, choice: Choice) -> bool:
    """Whether a measurement has the fields and tags that are asked for."""
    tags = all(tag in layout.tags or "" in values for tag, values in choice.where.items())
    return tags and len(layout.fields) >= max(1, len(choice.fields or ()))


def _what_there_is(layouts: Sequence[Layout], choice: Choice) -> str:
    asked = ", ".join([*choice.where, *(choice.fields or ())])
    tags = sorted({tag for layout in layouts for tag in layout.tags})
    return f"bucket {choice.bucket!r} has no readings with {asked}; tags are {', '.join(tags) or 'none'}"
