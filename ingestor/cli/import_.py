"""`ingestor import`: the readings of a file into a store."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from ingestor import state
from ingestor.cli.loop import run_in_loop
from ingestor.cli.options import AsJson, ConfigFile, load_config
from ingestor.cli.output import fail, say, say_json, warn
from ingestor.cli.progress import progress_bar
from ingestor.cli.units import counted
from ingestor.config import Config
from ingestor.datadir import state_file
from ingestor.encode.types import FieldKey, Registered, TypeRegistry
from ingestor.errors import DataDirError
from ingestor.files.sheet import Roles
from ingestor.files.times import PRECISIONS, TimeReader
from ingestor.importing import Import, Options, Summary
from ingestor.ports import FieldType
from ingestor.reader.question import QuestionError, parse_zone
from ingestor.retry import Backoff
from ingestor.routing.models import Model, resolve
from ingestor.stores import choose, make_store
from ingestor.writer import BatchWriter, OnFault

_SHOWN = 5  # reasons


def import_(
    file: Annotated[Path, typer.Argument(help="Ends in .lp, .lp.gz, .csv, .csv.gz or .parquet.")],
    bucket: Annotated[str, typer.Option("--bucket", help="The bucket that its readings go to.")],
    measurement: Annotated[
        str | None, typer.Option("--measurement", help="Of this kind, where a CSV or Parquet file does not say it.")
    ] = None,
    time: Annotated[str, typer.Option("--time", metavar="COLUMN", help="The column of the time.")] = "time",
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="COLUMN", help="This column is a tag; may be said again.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="COLUMN[=TYPE]", help="Only this column is a field; may be said again."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Check all against this model of the catalog or the configuration.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option("--precision", help="What times that are numbers count: s, ms, us or ns.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="Of times that name none; timezone of the configuration if not given.")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="Into this store; needed where there are several.")
    ] = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Store the readings of a file.

    Of one that `ingestor export` wrote, or another program. What cannot be stored is written with its reason beside
    the file, into FILE.rejected.csv or .lp. The same file again changes nothing. Ends 1 when something was
    rejected.
    """
    loaded = load_config(config)
    name = choose(loaded, store)
    if precision not in {None, *PRECISIONS}:
        raise typer.BadParameter(f"--precision is one of {', '.join(PRECISIONS)}, not {precision}")
    names, types = _parse_fields(field or [])
    job = Import(
        file,
        Options(
            bucket,
            Roles(time, tuple(tag or ()), names, types, measurement),
            TimeReader(precision=precision, zone=_zone(zone, loaded)),
        ),
        None if model is None else _model(model, loaded),
    )
    summary = run_in_loop(_run(job, loaded, name))
    _tell(summary, file, bucket, json=json)
    if summary.rejected or summary.shortened:
        raise typer.Exit(1)


async def _run(job: Import, config: Config, name: str) -> Summary:
    with progress_bar(job.file.name) as move:
        async with make_store(config, name) as store:
            engine = BatchWriter(
                name,
                store,
                types=TypeRegistry(_registered(config, name)),
                on_fault=OnFault.RAISE,
                backoff=Backoff(first_secs=0.5, cap_secs=5.0),
            )
            return await job.run(engine, on_progress=lambda progress: move(progress.share, progress.stored))


def _registered(config: Config, name: str) -> Mapping[FieldKey, Registered]:
    """What the service on this machine has registered; where there is none, the store's own types do."""
    path = state_file(config)
    try:
        return state.read_field_types(path, name) if path.exists() else {}
    except (DataDirError, OSError) as error:  # a folder that only the service may look into
        warn(f"the types that the service registered cannot be read, those of the store count: {error}")
        return {}


def _parse_fields(words: list[str]) -> tuple[tuple[str, ...] | None, dict[str, FieldType]]:
    """The names of columns, and the types that some were given."""
    types: dict[str, FieldType] = {}
    names = []
    for word in words:
        name, equals, kind = word.rpartition("=") if "=" in word else (word, "", "")
        if equals and kind not in set(FieldType):
            raise typer.BadParameter(f"{word!r}: a type is one of {', '.join(FieldType)}")
        names.append(name)
        if equals:
            types[name] = FieldType(kind)
    return tuple(names) or None, types


def _zone(name: str | None, config: Config) -> ZoneInfo:
    try:
        return parse_zone(name or str(config.timezone))
    except QuestionError as error:
        raise typer.BadParameter(str(error)) from None


def _model(name: str, config: Config) -> Model:
    try:
        return resolve(name, config.models)
    except ValueError as error:
        fail(f"--model {name}: {error}")


def _tell(summary: Summary, file: Path, bucket: str, *, json: bool) -> None:
    if json:
        say_json({**summary._asdict(), "file": None if summary.file is None else str(summary.file)})
        return
    say(f"{file}: {counted(summary.stored, 'reading')} stored in {bucket}")
    if not summary.reasons:
        return
    if summary.rejected:
        warn(f"{counted(summary.rejected, 'line')} could not be stored")
    if summary.shortened:
        warn(f"{counted(summary.shortened, 'reading')} could not be stored in full: wrong fields were left out")
    for reason, count in list(summary.reasons.items())[:_SHOWN]:
        warn(f"  {count:,} x {reason.replace(chr(10), ' ')}")  # names of columns may have line breaks
    if len(summary.reasons) > _SHOWN:
        warn(f"  and {counted(len(summary.reasons) - _SHOWN, 'other reason')}")
    what = "see what they are" if file.suffix == ".parquet" else "mend them there, and import that"
    warn(f"all of them are in {summary.file}: {what}")
