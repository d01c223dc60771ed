"""`ingestor backup`: copies of all that a store holds, looked at, and restored."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingestor.backup.folder import Found, find_backups
from ingestor.backup.job import Backup, Outcome, back_up
from ingestor.backup.record import Record
from ingestor.backup.verify import Verdict
from ingestor.backup.verify import verify as verify_folder
from ingestor.cli.asking import ask
from ingestor.cli.loop import run_in_loop
from ingestor.cli.options import AsJson, ConfigFile, load_config
from ingestor.cli.output import fail, say, say_json, say_table, warn
from ingestor.cli.progress import progress_bar
from ingestor.cli.units import counted, readable_size
from ingestor.config import Config
from ingestor.stores import influx_server
from ingestor.stores.influxdb.server import Server

if TYPE_CHECKING:
    from ingestor.backup.influx import Progress
    from ingestor.backup.influxrestore import Restored

_DIRECTORY = Path("backups")
_MIB = 2**20
_KEEP = 14

OfStore = Annotated[
    str | None, typer.Option("--store", help="Which store; there need be no choice where one is of kind influxdb.")
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
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Back a store of kind influxdb up: all of its server, in the layout of `influx backup`.

    It goes into a new folder, which has its name when it is whole. Takes an operator's token. Ends 1 when there is no
    backup, or no copy of it.
    """
    from ingestor.backup.influx import InfluxBackup  # noqa: PLC0415 - what it needs takes a while to import

    name, server = _server(load_config(config), store)

    async def make(directory: Path) -> Backup:
        with progress_bar("backup", "MiB") as move:

            def tell(seen: "Progress") -> None:
                move(seen.share, seen.done // _MIB)

            return await InfluxBackup(server, name, bucket or (), on_progress=tell).run(directory)

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
    json: AsJson = False,
) -> None:
    """Read all of a backup, and compare it with its record and its manifest.

    What was found is noted in its record. Ends 1 when something is wrong.
    """
    with progress_bar("verify", "MiB") as move:
        verdict = run_in_loop(verify_folder(folder, on_progress=lambda share, done: move(share, done // _MIB)))
    if json:
        say_json({
            "folder": str(folder), "files": verdict.files, "size": verdict.size, "hashed": verdict.record is not None,
            "problems": list(verdict.problems),
        })  # fmt: skip
    elif not verdict.problems:
        _tell_whole(folder, verdict)
    for problem in verdict.problems:
        warn(f"{folder}: {problem}")
    if verdict.problems:
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
    """Restore a backup of InfluxDB into a store of kind influxdb: its buckets, beside those that are there.

    A bucket that is there already is never touched: give it another name. All that can be known before is looked at
    first; what is refused has changed nothing. Takes an operator's token.
    """
    from ingestor.backup.influxrestore import InfluxRestore, Wish  # noqa: PLC0415 - see run

    if new_bucket is not None and (full or len(bucket or ()) != 1):
        raise typer.BadParameter("--new-bucket is for one --bucket")
    if full and (bucket or org):
        raise typer.BadParameter("--full restores all there is: leave --bucket and --org away")
    _, server = _server(load_config(config), store)
    if full and not yes:
        ask([f"All that {server.url} holds now will be gone: buckets, users, tokens, dashboards."], "Replace it?")
    wish = Wish(bucket or (), new_bucket, org, full)
    with progress_bar("restore", "MiB") as move:
        job = InfluxRestore(server, folder, on_progress=lambda share, done: move(share, done // _MIB))
        restored = run_in_loop(job.run(wish))
    if json:
        say_json([{"bucket": one.bucket, "to": one.to, "shards": one.shards, "size": one.size} for one in restored])
        return
    _tell_restored(restored)
    if full:
        say("users and tokens are those of the backup from now on: does the store's token still stand?")


def _server(config: Config, store: str | None) -> tuple[str, Server]:
    """The store that is meant, and where its server is."""
    names = [name for name, spec in config.stores.items() if spec.kind == "influxdb"]
    if store is not None and store not in config.stores:
        fail(f"no store is called {store!r}; there is {', '.join(config.stores)}")
    if store is not None and store not in names:
        fail(f"store {store} is of kind {config.stores[store].kind}: this backs up stores of kind influxdb")
    if store is None and len(names) != 1:
        there = f"there are several, {', '.join(names)}: say which with --store" if names else "there is none"
        fail(f"this backs up a store of kind influxdb, and {there}")
    chosen = store or names[0]
    return chosen, influx_server(config.stores[chosen])


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
    if verdict.record:
        say(f"{what}, all as recorded")
    else:
        say(f"{what}, all readable; another program made it, so there are no hashes to compare with")


def _tell_restored(restored: "Sequence[Restored]") -> None:
    rows = [(one.bucket, one.to, one.shards, readable_size(one.size)) for one in restored]
    say_table(("bucket", "restored as", "shards", "size"), rows)


def _when(found: Found) -> str:
    return f"{found.begun:%Y-%m-%d %H:%M:%SZ}" if found.begun else "-"


def _what(found: Found) -> str:
    if found.record is None:
        return "-"
    if found.record.whole:
        return f"{found.record.store}: all of it"
    return f"{found.record.store}: {', '.join(found.record.buckets)}"


def _verified(found: Found) -> str:
    if found.record is None:
        return found.fault or "no record: of another program"
    if not found.looks_good:
        known = found.record.verified
        return f"DAMAGED: {known.problems[0]}" if known and known.problems else "DAMAGED: files are missing or cut off"
    return f"{found.record.verified.at:%Y-%m-%d %H:%M:%SZ}" if found.record.verified else "no"


def _as_json(record: Record | None) -> dict[str, object]:
    """What is known of a backup, for programs; without its files."""
    return record.model_dump(mode="json", exclude={"format", "files"}) if record else {}
