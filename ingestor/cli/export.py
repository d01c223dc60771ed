"""`ingestor export`: readings of a bucket as a file."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from ingestor.cli.loop import run_in_loop
from ingestor.cli.options import AsJson, ConfigFile, load_config, parse_where
from ingestor.cli.output import fail, say, say_json, warn
from ingestor.cli.progress import progress_bar
from ingestor.cli.units import counted, readable_size
from ingestor.config import Config
from ingestor.export import Choice, Export, Rows, SourceRows, SqliteRows, Summary, suffix_of
from ingestor.files.table import FileError
from ingestor.reader.question import QuestionError
from ingestor.reader.wish import Wish, understand
from ingestor.stores import choose

NEEDS_ARROW = "reading InfluxDB needs pyarrow: pip install 'ingestor[reader]'"

Measurement = Annotated[
    str | None, typer.Option("--measurement", help="Of this kind; needed for CSV and Parquet where there are several.")
]


def export(
    bucket: Annotated[str, typer.Argument(help="The bucket.")],
    file: Annotated[Path, typer.Argument(help="Ends in .csv, .csv.gz, .parquet, .lp or .lp.gz (line protocol).")],
    measurement: Measurement = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="TAG=VALUE", help="Only with this tag; may be said again.")
    ] = None,
    field: Annotated[list[str] | None, typer.Option("--field", help="Only this field; may be said again.")] = None,
    last: Annotated[str | None, typer.Option("--last", help="So long until now: 30d, 12h, 90m.")] = None,
    start: Annotated[str | None, typer.Option("--start", help="From then on: 2026-01-31, 2026-01-31T12:00.")] = None,
    stop: Annotated[
        str | None, typer.Option("--stop", help="Until before then; now, if only --start is given.")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="From this store; needed where there are several.")
    ] = None,
    config: ConfigFile = None,
    force: Annotated[bool, typer.Option("--force", help="Put it in the place of a file that is there.")] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Forget what was begun before, and begin again.")] = False,
    json: AsJson = False,
) -> None:
    """Write readings into a file, and count them there.

    All of them, or those of a time, with some tags, or some fields. Broken off and started again with the same
    words it goes on where it was. In the end the values that were written are compared with what the store counts.
    Ends 1 when something could not be written.
    """
    loaded = load_config(config)
    name = choose(loaded, store)
    tags = parse_where(where or [])
    wish: Wish = {"last": last, "start": start, "stop": stop, "where": tags, "fields": field or None}
    try:
        zone = ZoneInfo(str(loaded.timezone))
        asked, _ = understand(bucket, wish, zone=zone, now_ns=time.time_ns(), all_time=True)
    except QuestionError as error:
        raise typer.BadParameter(str(error)) from None
    if _is_there(file) and not force:
        fail(f"{file} is there already: say --force to put this in its place")
    job = Export(
        Choice(bucket, measurement, asked.where, asked.fields),
        file,
        start_ns=asked.start_ns,
        stop_ns=asked.stop_ns,
        asked={**wish, "bucket": bucket, "measurement": measurement, "store": name, "file": suffix_of(file)},
        anew=anew,
    )
    try:
        summary = run_in_loop(_run(job, loaded, name))
    except OSError as error:
        raise FileError(f"{file}: {error.strerror or error}") from None
    _tell(summary, file, json=json)
    if summary.refused:
        raise typer.Exit(1)


def _is_there(file: Path) -> bool:
    """Whether there is such a file.

    Raises:
        FileError: There cannot be one of that name.
    """
    try:
        return file.exists()
    except OSError as error:
        raise FileError(f"{file}: {error.strerror or error}") from None


async def _run(job: Export, config: Config, name: str) -> Summary:
    with progress_bar(job.target.name) as move:
        async with _rows(config, name, suffix_of(job.target)) as rows:
            return await job.run(rows, on_progress=lambda progress: move(progress.share, progress.rows))


@asynccontextmanager
async def _rows(config: Config, name: str, suffix: str) -> AsyncIterator[Rows]:
    """Where the readings come from: of the embedded store text is made without Arrow."""
    if config.stores[name].kind == "sqlite" and suffix != ".parquet":
        yield SqliteRows(config.store_path(name))
        return
    if find_spec("pyarrow") is None:
        raise FileError(NEEDS_ARROW)
    from ingestor.reader.sources import make_source  # noqa: PLC0415 - the other road works without Arrow

    async with make_source(config, name) as source:
        yield SourceRows(source)


def _tell(summary: Summary, file: Path, *, json: bool) -> None:
    size = file.stat().st_size
    if json:
        said = {**summary._asdict(), "measurements": list(summary.measurements), "file": str(file), "bytes": size}
        say_json(said)
    else:
        of = ", ".join(summary.measurements)
        say(f"{file}: {counted(summary.rows, 'reading')} of {of}, {readable_size(size)}; the store counts as many")
    if summary.refused:
        warn(f"{counted(summary.refused, 'value')} could not be written as line protocol; the first: {summary.why}")
