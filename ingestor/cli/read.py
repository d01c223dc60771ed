"""`ingestor read`: readings on the terminal, as a file, or as a picture."""

import re
import shlex
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, NamedTuple, cast
from zoneinfo import ZoneInfo

import typer

from ingestor.cli.chart import MOST_FIELDS, MOST_SERIES
from ingestor.cli.invocation import command
from ingestor.cli.loop import run_in_loop
from ingestor.cli.modelunits import with_units
from ingestor.cli.options import ConfigFile, load_config, parse_where
from ingestor.cli.output import fail, say, say_table, warn
from ingestor.cli.readfiles import say_text, suffix_for, write, write_whole
from ingestor.cli.readings import Answer, Readings, open_readings
from ingestor.cli.readrows import Newest
from ingestor.cli.readtexts import time_texts
from ingestor.cli.readview import Shown, view
from ingestor.cli.units import counted
from ingestor.config import Config
from ingestor.errors import BucketError
from ingestor.files.table import FileError
from ingestor.plot import page, picture, png
from ingestor.plot.collect import Collector
from ingestor.reader.question import QuestionError
from ingestor.reader.window import length_ns
from ingestor.reader.wish import Asked, Fill, Wish, understand
from ingestor.stores import choose

_DEFAULT_LAST = "24h"
_SECOND = 10**9
_PYTHON_NAME = re.compile(r"\b(last|start|stop|every|zone|fill|function|field|where|measurement)s?=(?P<value>[^ ,]?)")


class Asking(NamedTuple):
    """What was asked: of which bucket and measurement, and what is to become of the answer."""

    config: Config
    store: str
    bucket: str
    measurement: str | None
    asked: Asked
    rows: int


def read(
    bucket: Annotated[str | None, typer.Argument(help="The bucket; without one, what there is is listed.")] = None,
    measurement: Annotated[
        str | None, typer.Option("--measurement", help="Of this kind; needed where there are several.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="TAG=VALUE", help="Only with this tag; may be said again.")
    ] = None,
    field: Annotated[list[str] | None, typer.Option("--field", help="Only this field; may be said again.")] = None,
    last: Annotated[
        str | None, typer.Option("--last", help="So long until now: 30d, 12h, 90m; 24h if not given.")
    ] = None,
    start: Annotated[str | None, typer.Option("--start", help="From then on: 2026-01-31, 2026-01-31T12:00.")] = None,
    stop: Annotated[str | None, typer.Option("--stop", help="Until before then; now, if not given.")] = None,
    every: Annotated[str | None, typer.Option("--every", help="A row for each window so long: 1h, 1d.")] = None,
    function: Annotated[
        list[str] | None,
        typer.Option("--function", help="What is made of a window: mean, max, p95 and so on; may be said again."),
    ] = None,
    fill: Annotated[
        str | None, typer.Option("--fill", help="What empty windows get: none, null, previous, linear, or a number.")
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option("--zone", help="Time zone of windows and times; that of the configuration if not given."),
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=0, help="So many of the newest rows are shown.")] = 20,
    format_: Annotated[
        str | None, typer.Option("--format", help="Give all of it as csv, json (a line each), lp or parquet.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", help="Into this file, not to standard output.")] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw a picture: a file that ends in .png or .html.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="What stands above the picture.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Put it in the place of a file that is there.")] = False,
    store: Annotated[str | None, typer.Option("--store", help="Of this store; needed where there are several.")] = None,
    config: ConfigFile = None,
) -> None:
    """Show readings: a table, a file or a picture."""
    loaded = load_config(config)
    name = choose(loaded, store)
    if bucket is None:
        run_in_loop(_list(loaded, name, config))
        return
    target = plot or output
    if plot and (format_ or output):
        raise typer.BadParameter("--plot draws a picture, --format and --output give a file: ask for one of them")
    suffix = suffix_for(format_, output)
    if target and target.exists() and not force:
        fail(f"{target} is there already: say --force to put this in its place")
    if suffix == ".parquet" and output is None and sys.stdout.isatty():
        fail("Parquet is nothing for a terminal: name a file with --output")
    wish: Wish = {
        "last": _DEFAULT_LAST if last is start is stop is None else last,
        "start": start,
        "stop": stop,
        "zone": zone,
        "where": parse_where(where or []),
        "fields": field or None,
        "every": every,
        "functions": function or None,
        "fill": _fill(fill),
    }
    try:
        asked = understand(bucket, wish, zone=ZoneInfo(str(loaded.timezone)), now_ns=time.time_ns())
        asking = Asking(loaded, name, bucket, measurement, asked, rows)
        if plot:
            run_in_loop(_plot(asking, plot, title))
        elif suffix:
            run_in_loop(_write(asking, suffix, output))
        else:
            run_in_loop(_show(asking))
    except QuestionError as error:
        fail(_PYTHON_NAME.sub(lambda found: f"--{found[1]} {found['value']}".rstrip(), str(error)))
    except OSError as error:
        if target is None:
            raise
        raise FileError(f"{target}: {error.strerror or error}") from None


async def _list(config: Config, store: str, file: Path | None) -> None:
    async with open_readings(config, store) as readings:
        rows = await _what_there_is(readings)
    if not rows:
        say(f"store {store} holds no bucket yet")
        return
    say_table(("bucket", "measurements"), rows, wrapped={"measurements"})
    say(f"read one: {command(f'read {shlex.quote(rows[0][0])} --last 24h', file)}")


async def _what_there_is(readings: Readings) -> Sequence[tuple[str, str]]:
    """Each bucket and its measurements; one that cannot be looked into says so."""
    found = []
    for bucket in await readings.buckets():
        try:
            names = ", ".join(await readings.measurements(bucket)) or "none yet"
        except BucketError as error:
            names = str(error)
        found.append((bucket, names))
    return found


async def _show(asking: Asking) -> None:
    """The table and the charts."""
    question = asking.asked.question
    newest = Newest(asking.rows)
    async with _answer(asking) as (measurement, answer):
        collector = Collector(answer.layout, most_series=MOST_SERIES, most_fields=MOST_FIELDS)
        async for block in answer.blocks:
            collector.add(block)
            newest.add(block)
    if not collector.drawn():
        say(_nothing(asking, measurement, collector.rows))
        return
    shown = Shown(
        f"{measurement} in {asking.bucket}, {_made_of(asking.asked)}",
        _span(asking.asked),
        question.zone,
        question.start_ns,
        question.stop_ns,
        _widest(asking.asked),
    )
    say_text(view(shown, answer.layout, collector, newest.rows()))


async def _write(asking: Asking, suffix: str, output: Path | None) -> None:
    """The file."""
    async with _answer(asking) as (_, answer):
        written = await write(answer, suffix, output)
    if output is not None:
        say(f"{output}: {counted(written.rows, 'row')}")
    if written.refused:
        warn(f"{counted(written.refused, 'value')} could not be written; the first: {written.why}")
        raise typer.Exit(1)


async def _plot(asking: Asking, file: Path, title: str | None) -> None:
    """The picture."""
    question = asking.asked.question
    draw = _drawer(file)
    async with _answer(asking) as (measurement, answer):
        collector = Collector(answer.layout, most_series=picture.MOST_SERIES, most_fields=picture.MOST_PANELS)
        async for block in answer.blocks:
            collector.add(block)
    if not collector.drawn():
        fail(f"nothing to draw: {_nothing(asking, measurement, collector.rows)}")
    titles = picture.Titles(
        title or f"{asking.bucket}: {measurement}", f"{_made_of(asking.asked)}, {_span(asking.asked)}"
    )
    made = picture.make_picture(
        collector,
        titles,
        zone=question.zone,
        start_ns=question.start_ns,
        stop_ns=question.stop_ns,
        widest=_widest(asking.asked),
    )
    write_whole(file, draw(made))
    say(f"{file}: {counted(collector.rows, 'row')} of {measurement} drawn")
    for note in made.notes:
        say(note)


def _drawer(file: Path) -> Callable[[picture.Picture], bytes]:
    """What draws such a file.

    Raises:
        FileError: There is no such picture, or what draws it is not installed.
    """
    if file.suffix == ".png":
        png.require()
        return png.draw_png
    if file.suffix == ".html":
        page.require()
        return page.draw_page
    raise FileError(f"--plot {file}: a picture is a .png, or an .html page")


@asynccontextmanager
async def _answer(asking: Asking) -> AsyncIterator[tuple[str, Answer]]:
    """The measurement that is meant, and what is asked of it."""
    question, grouping = asking.asked
    async with open_readings(asking.config, asking.store) as readings:
        measurement = await _measurement(readings, asking)
        answer = await readings.ask(replace(question, measurement=measurement), grouping)
        async with aclosing(answer.blocks):
            layout = with_units(answer.layout, asking.config, grouping.functions)
            yield measurement, answer._replace(layout=layout)


async def _measurement(readings: Readings, asking: Asking) -> str:
    """The one that is meant; where that is not clear, the command ends with what there is."""
    buckets = await readings.buckets()
    if asking.bucket not in buckets:
        there = [f"  {bucket}: {measurements}" for bucket, measurements in await _what_there_is(readings)]
        told = f"{_near(asking.bucket, buckets)}there is:" if there else "it holds no bucket yet"
        fail(f"store {asking.store} has no bucket {asking.bucket!r}; {told}", *there)
    names = await readings.measurements(asking.bucket)
    listed = ", ".join(names)
    if not names:
        fail(f"bucket {asking.bucket!r} is empty: it holds no measurement yet")
    if asking.measurement is None and len(names) > 1:
        say_which = f"say which: --measurement {shlex.quote(names[0])}"
        fail(f"bucket {asking.bucket!r} has several measurements: {listed}; {say_which}")
    name = asking.measurement or names[0]
    if name not in names:
        fail(f"bucket {asking.bucket!r} has no measurement {name!r}; there is: {listed}")
    return name


def _near(name: str, names: Sequence[str]) -> str:
    """What was meant, where a name is much like it: nobody finds it in a long list."""
    near = {one.casefold(): one for one in names}
    found = get_close_matches(name.casefold(), near, n=1)
    return f"did you mean {near[found[0]]!r}? " if found else ""


def _fill(text: str | None) -> Fill | None:
    """What was meant: a number, or a word, which is checked with all the rest."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return cast("Fill", text)


def _widest(asked: Asked) -> int | None:
    """How far apart rows may be: of windows, half a window more than there should be."""
    every = asked.grouping.every
    return None if every is None else length_ns(every) * 3 // 2


def _made_of(asked: Asked) -> str:
    """What the rows are, for people."""
    every, functions, _ = asked.grouping
    return "readings as they are" if every is None else f"{', '.join(functions)} of every {every}"


def _nothing(asking: Asking, measurement: str, rows: int) -> str:
    """What there is none of; rows without a value come of windows too, the difference of a single one, say."""
    tags = [f"{tag}={' or '.join(values)}" for tag, values in asking.asked.question.where.items()]
    where = f" with {' and '.join(tags)}" if tags else ""
    what = "values" if rows else "readings"
    return f"no {what} of {measurement} in {asking.bucket}{where}, {_span(asking.asked)}"


def _span(asked: Asked) -> str:
    question = asked.question
    start, stop = time_texts(
        [question.start_ns // _SECOND * _SECOND, question.stop_ns // _SECOND * _SECOND], question.zone
    )
    return f"{start} to {stop} ({question.zone})"
