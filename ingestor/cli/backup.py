"""`ingestor backup`: copies of all that a store holds, looked at, and restored."""

from pathlib import Path
from shutil import which
from typing import Annotated

import typer

from ingestor.backup.folder import Found, find_backups
from ingestor.backup.job import Outcome, back_up
from ingestor.backup.making import make_of
from ingestor.backup.record import INFLUXDB, LOGICAL, Record, read_record
from ingestor.backup.restoring import restore_into
from ingestor.backup.verify import RESTORED, Verdict
from ingestor.backup.verify import verify as verify_folder
from ingestor.cli.asking import ask
from ingestor.cli.loop import run_in_loop
from ingestor.cli.options import AsJson, ConfigFile, load_config
from ingestor.cli.output import fail, say, say_json, say_table, warn
from ingestor.cli.progress import progress_bar
from ingestor.cli.units import counted, readable_size
from ingestor.config import Config
from ingestor.stores import choose

_DIRECTORY = Path("backups")
_MIB = 2**20
_KEEP = 14

OfStore = Annotated[
    str | None, typer.Option("--store", help="Which store; needed only where there are several that could be meant.")
]


def make_group() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(help="Back a store up, look at backups, restore one.", no_args_is_help=True)
    group.command()(run)
    group.command("list")(list_)
    group.command()(verify)
    group.command()(restore)
    return group


def run(
    store: OfStore = None,
    bucket: Annotated[
        list[str] | None, typer.Option("--bucket", help="Only this bucket; may be said again. All if not given.")
    ] = None,
    to: Annotated[
        Path, typer.Option("--to", metavar="DIRECTORY", help="Where the folder of the backup goes.")
    ] = _DIRECTORY,
    keep: Annotated[
        int, typer.Option("--keep", min=1, help="How many good ones stay; what is older is removed.")
    ] = _KEEP,
    copy_to: Annotated[
        Path | None, typer.Option("--copy-to", metavar="DIRECTORY", help="A second directory, for a copy of it.")
    ] = None,
    logical: Annotated[
        bool, typer.Option("--logical", help="Reading by reading into Parquet, day by day, whatever the store.")
    ] = False,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Back a store up: files of the embedded store, or all of an InfluxDB in the layout of `influx backup`.

    It goes into a new folder, which has its name when it is whole. The service may run. InfluxDB asks for an operator's
    token. Ends 1 when there is no backup, or no copy of it.
    """
    loaded = load_config(config)
    name = choose(loaded, store)
    with progress_bar("backup", "MiB") as move:
        make = make_of(
            loaded, name, bucket or (), logical=logical, on_progress=lambda share, done: move(share, done // _MIB)
        )
        outcome = run_in_loop(back_up(make, to, keep=keep, copy_to=copy_to))
    if json:
        say_json(
            {
                "folder": str(outcome.backup.folder),
                "copy": outcome.copied and str(outcome.copied),
                "removed": [str(folder) for folder in outcome.removed],
                "faults": outcome.faults,
                **_as_json(outcome.backup.record),
            }
        )
    else:
        _tell(outcome)
    for words in (*outcome.backup.record.notes, *outcome.faults):
        warn(words)
    if outcome.faults:
        raise typer.Exit(1)


def list_(
    directory: Annotated[Path, typer.Argument(help="Of the backups.")] = _DIRECTORY, json: AsJson = False
) -> None:
    """List the backups in a directory, newest first."""
    found = find_backups(directory)
    if json:
        say_json(
            [{"folder": str(one.folder), "size": one.size, "fault": one.fault, **_as_json(one.record)} for one in found]
        )
        return
    if not found:
        say(f"there is no backup in {directory}")
        return
    rows = [(_when(one), _what(one), readable_size(one.size), _verified(one), one.folder.name) for one in found]
    say_table(("begun", "what", "size", "verified", "folder"), rows, wrapped={"what", "verified"})


def verify(
    folder: Annotated[Path, typer.Argument(help="Of the backup: one of ours, or of `influx backup`.")],
    influxd: Annotated[
        str | None,
        typer.Option(
            "--influxd",
            metavar="PROGRAM",
            envvar="INFLUXD",
            help="InfluxDB 2's server, for a backup of that; else the `influxd` on the path, where there is one.",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Read all of a backup, and restore it for a look: into a store of its own, which is gone afterwards.

    Compares what comes back with what was recorded. A backup of InfluxDB is restored where its server can be had; else
    its files are looked at, and that is told. What was found is noted in its record. Ends 1 when something is wrong, or
    when --influxd names what is no such server.
    """
    with progress_bar("verify", "MiB") as move:
        verdict = run_in_loop(
            verify_folder(
                folder,
                influxd=influxd or which("influxd"),
                on_progress=lambda share, done: move(share, done // _MIB),
            )
        )
    if json:
        say_json({
            "folder": str(folder), "files": verdict.files, "size": verdict.size, "hashed": verdict.record is not None,
            "problems": list(verdict.problems), "how": verdict.how, "counts": verdict.counts,
            "why_not": verdict.why_not,
        })  # fmt: skip
    elif not verdict.problems:
        _tell_whole(folder, verdict)
    for problem in verdict.problems:
        warn(f"{folder}: {problem}")
    if verdict.why_not and not verdict.problems:
        warn(f"it was not restored: {verdict.why_not}")
    if verdict.problems or (influxd and verdict.why_not):
        raise typer.Exit(1)


def restore(
    folder: Annotated[Path, typer.Argument(help="Of the backup: one of ours, or of `influx backup`.")],
    bucket: Annotated[
        list[str] | None, typer.Option("--bucket", help="Only this bucket; may be said again. All if not given.")
    ] = None,
    new_bucket: Annotated[
        str | None, typer.Option("--new-bucket", metavar="NAME", help="The name of the one bucket from now on.")
    ] = None,
    org: Annotated[
        str | None, typer.Option("--org", help="The organisation that they were in, if there were several.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="All of the server, users and tokens too, in place of what it has now.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    store: OfStore = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Restore the buckets of a backup beside those that are there; one of readings into a store of any kind.

    A bucket that is there already is never touched: give it another name. All that can be known before is looked at
    first; what is refused has changed nothing. InfluxDB asks for an operator's token. Ends 1 when something that came
    back is not as it was.
    """
    if new_bucket is not None and (full or len(bucket or ()) != 1):
        raise typer.BadParameter("--new-bucket is for one --bucket")
    if full and (bucket or org):
        raise typer.BadParameter("--full restores all there is: leave --bucket and --org away")
    loaded = load_config(config)
    record = read_record(folder)
    kind = record.kind if record else INFLUXDB
    name = _target(loaded, store, kind)
    if kind != INFLUXDB and (full or org):
        raise typer.BadParameter("--full and --org are for backups of InfluxDB")
    if full and not yes:
        server = loaded.stores[name].url
        ask([f"All that {server} holds now will be gone: buckets, users, tokens, dashboards."], "Replace it?")
    with progress_bar("restore", "MiB") as move:
        restored = run_in_loop(
            restore_into(
                loaded,
                name,
                folder,
                kind=kind,
                buckets=bucket or (),
                new_bucket=new_bucket,
                org=org,
                full=full,
                on_progress=lambda share, done: move(share, done // _MIB),
            )
        )
    if json:
        say_json([one._asdict() for one in restored])
    else:
        rows = [(one.bucket, one.to, f"{one.amount:,} {one.unit}", readable_size(one.size)) for one in restored]
        say_table(("bucket", "restored as", "", "size"), rows)
        if full:
            say("users and tokens are those of the backup from now on: does the store's token still stand?")
    problems = [f"bucket {one.to}: {problem}" for one in restored for problem in one.problems]
    for problem in problems:
        warn(problem)
    if problems:
        raise typer.Exit(1)


def _target(config: Config, store: str | None, kind: str) -> str:
    """The store that a backup of this kind is restored into."""
    if store is not None and store not in config.stores:
        fail(f"no store is called {store!r}; there is {', '.join(config.stores)}")
    names = [name for name, spec in config.stores.items() if kind in {LOGICAL, spec.kind}]
    if store is not None and store not in names:
        fail(f"store {store} is of kind {config.stores[store].kind}, and the backup is of kind {kind}")
    if store is None and len(names) != 1:
        there = f"there are several, {', '.join(names)}: say which with --store" if names else "there is none"
        fail(f"this goes into a store of kind {'any' if kind == LOGICAL else kind}, and {there}")
    return store or names[0]


def _tell(outcome: Outcome) -> None:
    record = outcome.backup.record
    what = (
        f"{counted(len(record.buckets), 'bucket')}, {counted(len(record.files), 'file')}, {readable_size(record.size)}"
    )
    say(f"store {record.store} is backed up: {what}, in {outcome.backup.folder}")
    if outcome.copied:
        say(f"a copy is in {outcome.copied}")
    for folder in outcome.removed:
        say(f"removed {folder}")


def _tell_whole(folder: Path, verdict: Verdict) -> None:
    what = f"{folder} is whole: {counted(verdict.files, 'file')}, {readable_size(verdict.size)}"
    if verdict.how == RESTORED:
        points = f"{counted(len(verdict.counts), 'bucket')} with {sum(verdict.counts.values()):,}"
        unit = "points" if verdict.record and verdict.record.kind != INFLUXDB else "values"
        say(f"{what}; restored for a look, it has {points} {unit}")
    elif verdict.record:
        say(f"{what}, all as recorded")
    else:
        say(f"{what}, all readable; another program made it, so there are no hashes to compare with")


def _when(found: Found) -> str:
    return f"{found.begun:%Y-%m-%d %H:%M:%SZ}" if found.begun else "-"


def _what(found: Found) -> str:
    if found.record is None:
        return "-"
    what = "all of it" if found.record.whole else ", ".join(found.record.buckets)
    return f"{found.record.store}: {what}{' (logical)' if found.record.kind == LOGICAL else ''}"


def _verified(found: Found) -> str:
    if found.record is None:
        return found.fault or "no record: of another program"
    if not found.looks_good:
        known = found.record.verified
        return f"DAMAGED: {known.problems[0]}" if known and known.problems else "DAMAGED: files are missing or cut off"
    known = found.record.verified
    return f"{known.at:%Y-%m-%d %H:%M:%SZ}, {known.how}" if known else "no"


def _as_json(record: Record | None) -> dict[str, object]:
    """What is known of a backup, for programs; without its files."""
    return record.model_dump(mode="json", exclude={"format", "files"}) if record else {}
