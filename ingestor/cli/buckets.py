"""`ingestor buckets`: the buckets of each store, and making them as they were declared."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from ingestor.buckets import Action, plan
from ingestor.cli.loop import run_in_loop
from ingestor.cli.options import AsJson, ConfigFile, load_config
from ingestor.cli.output import fail, say, say_json, say_table, warn
from ingestor.cli.units import readable_span
from ingestor.config import Bucket, Config
from ingestor.configfile.bucketlist import parse_buckets
from ingestor.errors import BucketError, ConfigError, Problem, StoreError
from ingestor.ports import BucketInfo, Buckets
from ingestor.stores import bucket_infos, make_buckets
from ingestor.stores.retention import Expiry

SHORTER = "the store would delete what is older: say --force if it is to"

OfStore = Annotated[str | None, typer.Option("--store", help="Only this store; all of them if not given.")]


class Step(NamedTuple):
    """One action of a plan: whether it was done, or why it was not."""

    action: Action
    done: bool = False
    why_not: str | None = None


class Outcome(NamedTuple):
    """What came of one store; with a `fault` the rest may say less than there is."""

    store: str
    steps: Sequence[Step] = ()
    equal: Sequence[str] = ()
    undeclared: Sequence[str] = ()
    fault: str | None = None


def make_group() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(help="See the buckets of the stores, or make them as declared.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(apply)
    group.command()(expire)
    return group


def list_(config: ConfigFile = None, store: OfStore = None, json: AsJson = False) -> None:
    """List the buckets of the stores, with how long they keep points."""
    loaded = load_config(config)
    faults = False
    rows = []
    for name in _chosen(loaded, store):
        try:
            rows += [{"store": name, **bucket._asdict()} for bucket in run_in_loop(_buckets(loaded, name))]
        except StoreError as error:
            faults = True
            warn(f"store {name}: {error}")
    if json:
        say_json(rows)
    else:
        cells = [(row["store"], row["name"], _span(row["retention_secs"]), row["description"] or "-") for row in rows]
        say_table(("store", "bucket", "retention", "description"), cells, wrapped={"description"})
    if faults:
        raise typer.Exit(1)


async def _buckets(config: Config, name: str) -> Sequence[BucketInfo]:
    async with make_buckets(config, name) as buckets:
        return await buckets.list()


def apply(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A list of buckets in JSON; if not given, buckets of the configuration."),
    ] = None,
    config: ConfigFile = None,
    store: OfStore = None,
    only_plan: Annotated[bool, typer.Option("--plan", help="Only show what would be done.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also shorten how long points are kept: what is older is deleted.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Make the buckets that are declared: what is missing is created, what differs is changed.

    Buckets that nobody declared are left alone. Ends 1 when something could not be done, or would need --force.
    """
    loaded = load_config(config)
    declared = loaded.buckets if file is None else _read(file)
    if not declared:
        fail("no buckets are declared: list them under buckets in the configuration, or name a buckets.json")
    wanted = bucket_infos(declared)
    outcomes = [
        run_in_loop(_apply(loaded, name, wanted, do=not only_plan, force=force)) for name in _chosen(loaded, store)
    ]
    if json:
        say_json([_as_json(outcome) for outcome in outcomes])
    else:
        _tell(outcomes, loaded, wanted)
    for outcome in outcomes:
        if outcome.fault:
            warn(f"store {outcome.store}: {outcome.fault}")
    undone = any(step.why_not for outcome in outcomes for step in outcome.steps) and not only_plan
    if undone or any(outcome.fault for outcome in outcomes):
        raise typer.Exit(1)


def expire(
    bucket: Annotated[
        list[str] | None, typer.Option("--bucket", help="Only this bucket; may be said again. All if not given.")
    ] = None,
    config: ConfigFile = None,
    store: OfStore = None,
    json: AsJson = False,
) -> None:
    """Delete from the embedded store what is older than its buckets keep, now; the service may run.

    How long that is, stands in the bucket: see `ingestor buckets list`. InfluxDB does it by itself. Ends 1 when it
    could not be done in some bucket.
    """
    loaded = load_config(config)
    names = [name for name in _chosen(loaded, store) if loaded.stores[name].kind == "sqlite"]
    if not names:
        fail("there is no embedded store here: InfluxDB deletes by itself what is too old")
    rows: list[tuple[str, str, int]] = []
    faults: list[str] = []
    for name in names:
        deleted, failed = run_in_loop(_expire(loaded, name, bucket or ()))
        rows += [(name, of, count) for of, count in deleted.items()]
        faults += [f"store {name}: bucket {of}: {why}" for of, why in failed.items()]
    if json:
        say_json([{"store": name, "bucket": of, "deleted": count} for name, of, count in rows])
    else:
        say_table(("store", "bucket", "deleted"), [(name, of, f"{count:,}") for name, of, count in rows])
    for fault in faults:
        warn(fault)
    if faults:
        raise typer.Exit(1)


async def _expire(config: Config, name: str, wanted: Sequence[str]) -> tuple[dict[str, int], dict[str, str]]:
    """How many points were deleted from each bucket that has a retention; and why not from others."""
    there = {bucket.name: bucket for bucket in await _buckets(config, name)}
    expired = await Expiry(config.store_path(name)).run([there[of] for of in wanted or there if of in there])
    return expired.deleted, {**expired.faults, **{of: "there is none" for of in wanted if of not in there}}


async def _apply(config: Config, name: str, wanted: Sequence[BucketInfo], *, do: bool, force: bool) -> Outcome:
    """Do what is to be done with one store, or only find out; a bucket that fails is no reason to leave the others."""
    outcome = Outcome(name)
    try:
        async with make_buckets(config, name) as buckets:
            found = plan(wanted, await buckets.list())
            outcome = Outcome(name, [Step(action) for action in found.actions], found.equal, found.undeclared)
            for at, action in enumerate(found.actions):
                steps = [*outcome.steps]
                steps[at] = await _step(buckets, action, do=do, force=force)
                outcome = outcome._replace(steps=steps)
    except StoreError as error:
        outcome = outcome._replace(fault=str(error))
    return outcome


async def _step(buckets: Buckets, action: Action, *, do: bool, force: bool) -> Step:
    """Do one action.

    Raises:
        StoreUnavailableError: The store went away; so for StoreMisconfiguredError, and what it will not be asked.
    """
    if action.deletes and not force:
        return Step(action, why_not=SHORTER)
    if not do:
        return Step(action)
    try:
        if action.before is None:
            await buckets.create(action.bucket)
        else:
            await buckets.change(action.bucket)
    except BucketError as error:
        return Step(action, why_not=str(error))
    return Step(action, done=True)


def _tell(outcomes: Iterable[Outcome], config: Config, wanted: Iterable[BucketInfo]) -> None:
    rows = [row for outcome in outcomes for row in sorted(_rows(outcome), key=lambda row: row[1])]
    say_table(("store", "bucket", "", ""), rows, wrapped={""})
    if any(bucket.retention_secs for bucket in wanted):
        for outcome in outcomes:
            if config.stores[outcome.store].kind == "sqlite":
                say(f"store {outcome.store}: retention is recorded; a task of kind retention deletes what is older")


def _rows(outcome: Outcome) -> Iterator[tuple[str, str, str, str]]:
    for action, done, why_not in outcome.steps:
        verb = "create" if action.before is None else "change"
        told = f"{_difference(action)}{f'; {why_not}' if why_not else ''}"
        yield outcome.store, action.bucket.name, f"{verb}d" if done else f"not {verb}d" if why_not else verb, told
    for name in outcome.equal:
        yield outcome.store, name, "as declared", ""
    for name in outcome.undeclared:
        yield outcome.store, name, "left alone", "it is not declared"


def _difference(action: Action) -> str:
    bucket, before = action
    if before is None:
        described = f', "{bucket.description}"' if bucket.description else ""
        return f"kept {_span(bucket.retention_secs)}{described}"
    told = []
    if bucket.retention_secs != before.retention_secs:
        told.append(f"kept {_span(before.retention_secs)} -> {_span(bucket.retention_secs)}")
    if before.description is not None and bucket.description != before.description:
        told.append(f'"{before.description}" -> "{bucket.description}"')
    return ", ".join(told)


def _span(secs: float | None) -> str:
    return "for ever" if secs is None else readable_span(secs)


def _as_json(outcome: Outcome) -> dict[str, object]:
    return {
        "store": outcome.store,
        "fault": outcome.fault,
        "actions": [
            {
                "action": "create" if action.before is None else "change",
                **action.bucket._asdict(),
                "before": action.before._asdict() if action.before else None,
                "deletes": action.deletes,
                "done": done,
                "why_not": why_not,
            }
            for action, done, why_not in outcome.steps
        ],
        "equal": list(outcome.equal),
        "undeclared": list(outcome.undeclared),
    }


def _chosen(config: Config, store: str | None) -> Sequence[str]:
    if store is not None and store not in config.stores:
        fail(f"no store is called {store!r}; there is {', '.join(config.stores)}")
    return list(config.stores) if store is None else [store]


def _read(file: Path) -> Sequence[Bucket]:
    """The buckets that a file lists.

    Raises:
        ConfigError: With every problem.
    """
    try:
        return parse_buckets(file.read_text(encoding="utf-8-sig"), str(file))
    except UnicodeDecodeError:
        raise ConfigError([Problem("is not UTF-8 text", str(file))]) from None
    except OSError as error:
        raise ConfigError([Problem(f"cannot be read: {error.strerror}", str(file))]) from None
