"""`ingestor types`: which type each field is stored with, and changing one on purpose."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Annotated

import typer

from ingestor import state
from ingestor.cli.asking import ask
from ingestor.cli.checks.routes import buckets
from ingestor.cli.datafiles import in_state, no_service_beside
from ingestor.cli.invocation import command
from ingestor.cli.loop import run_in_loop
from ingestor.cli.options import AsJson, ConfigFile, load_config
from ingestor.cli.output import fail, say, say_json, say_table, warn
from ingestor.config import Config
from ingestor.datadir import state_file
from ingestor.encode.types import FieldKey, Registered
from ingestor.errors import BucketError
from ingestor.ports import FieldType
from ingestor.stores import make_store
from ingestor.stores.sqlite import SqliteStore

Held = Mapping[FieldKey, AbstractSet[FieldType]]


def make_group() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(help="See the types of fields, or change one.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(change)
    return group


def list_(
    config: ConfigFile = None,
    store: Annotated[str | None, typer.Option("--store", help="Only those of this store.")] = None,
    bucket: Annotated[str | None, typer.Option("--bucket", help="Only those of this bucket.")] = None,
    server: Annotated[bool, typer.Option("--server", help="Also ask the stores what they hold.")] = False,
    json: AsJson = False,
) -> None:
    """List the types that fields are registered with, and whether somebody pinned them.

    With --server, beside them what each store itself holds: several types of one field are marked as mixed.
    """
    loaded = load_config(config)
    rows = []
    for name in loaded.stores if store is None else [_store(loaded, store)]:
        registered = _registered(config, loaded, name)
        held = run_in_loop(_held(loaded, name, registered, bucket)) if server else {}
        rows += [
            _row(name, key, registered.get(key), held.get(key))
            for key in sorted(registered.keys() | held.keys())
            if bucket is None or key[0] == bucket
        ]
    if json:
        say_json(rows)
        return
    headings = ("store", "bucket", "measurement", "field", "type", "pinned", *(("server",) if server else ()))
    say_table(headings, [[_cell(row[heading]) for heading in headings] for row in rows])


def _registered(config: Path | None, loaded: Config, name: str) -> Mapping[FieldKey, Registered]:
    if not state_file(loaded).exists():
        return {}
    return in_state(config, lambda connection: state.field_types(connection, name))


async def _held(config: Config, name: str, registered: Iterable[FieldKey], bucket: str | None) -> Held:
    """What a store itself says of the buckets that it may have."""
    known = {*buckets(config), *(one.name for one in config.buckets), *(key[0] for key in registered)}
    found: dict[FieldKey, AbstractSet[FieldType]] = {}
    async with make_store(config, name) as store:
        for one in sorted(known) if bucket is None else [bucket]:
            try:
                held = await store.field_types(one)
            except BucketError as error:
                warn(f"store {name}, bucket {one}: {error}")
                continue
            if held is None:
                warn(f"store {name}, bucket {one}: the store does not tell its types; may the token read the bucket?")
                continue
            found.update({(one, measurement, field): kinds for (measurement, field), kinds in held.items()})
    return found


def _row(
    store: str, key: FieldKey, registered: Registered | None, held: AbstractSet[FieldType] | None
) -> dict[str, object]:
    bucket, measurement, field = key
    return {
        "store": store,
        "bucket": bucket,
        "measurement": measurement,
        "field": field,
        "type": registered.type if registered else None,
        "pinned": registered.pinned if registered else False,
        "server": sorted(held or ()),
    }


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list):
        return " + ".join(value) + (" (mixed)" if len(value) > 1 else "") or "-"
    return "-" if value is None else str(value)


def change(
    bucket: Annotated[str, typer.Argument(metavar="BUCKET", help="The bucket.")],
    measurement: Annotated[str, typer.Argument(metavar="MEASUREMENT", help="The measurement.")],
    field: Annotated[str, typer.Argument(metavar="FIELD", help="The field.")],
    kind: Annotated[FieldType, typer.Argument(metavar="TYPE", help="float, int, text or bool.")],
    config: ConfigFile = None,
    store: Annotated[str | None, typer.Option("--store", help="The store; not needed where there is only one.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: AsJson = False,
) -> None:
    """Change the type of a field, and pin it: what the store holds does not change it any more.

    Says what that means before it is done. The service must not run; change the model of the route as well.
    """
    loaded = load_config(config)
    name = _store(loaded, store)
    if not state_file(loaded).exists():
        fail(f"{loaded.data_dir} knows no types: no service has run with it yet")
    key = (bucket, measurement, field)
    before = _registered(config, loaded, name).get(key)
    if before == Registered(kind, pinned=True):
        fail(f"{field} of {measurement} in {bucket} is pinned as {kind.value} already: nothing to change")
    meaning = [_what(key, kind, before, name), *_meaning(loaded, name, key, kind, before, config)]
    if not json:
        for line in meaning:
            say(line)
    if not yes:
        ask(meaning if json else (), "Change it?")
    with no_service_beside(loaded):
        kept_as = run_in_loop(_begin_anew(loaded, name, key, kind))
        in_state(config, lambda connection: state.pin_field_type(connection, name, key, kind))
    if json:
        was = before.type if before else None
        changed = _row(name, key, Registered(kind, pinned=True), None)
        del changed["server"]
        say_json({**changed, "was": was, "old_values": kept_as, "meaning": meaning})
        return
    say(f"done: {field} is pinned as {kind.value}" + (f"; its old values are called {kept_as!r}" if kept_as else ""))


def _store(config: Config, store: str | None) -> str:
    names = ", ".join(config.stores)
    if store is None and len(config.stores) > 1:
        fail(f"there are several stores, {names}: say which with --store")
    if store is not None and store not in config.stores:
        fail(f"no store is called {store!r}; there is {names}")
    return store or next(iter(config.stores))


def _what(key: FieldKey, kind: FieldType, before: Registered | None, store: str) -> str:
    bucket, measurement, field = key
    place = f"{field} of {measurement} in bucket {bucket} of store {store}"
    if before is None:
        return f"{place} was not registered yet, and becomes {kind.value}."
    return (
        f"{place} stays {kind.value}."
        if before.type is kind
        else f"{place} is {before.type.value}, and becomes {kind.value}."
    )


def _meaning(
    config: Config, store: str, key: FieldKey, kind: FieldType, before: Registered | None, file: Path | None
) -> Sequence[str]:
    """What a change means, in sentences."""
    field = key[2]
    if before is not None and before.type is kind:
        return ["It is pinned: what the store holds does not change it any more."]
    model = f"Readings of a model that says anything but {kind.value} are set aside from then on."
    if config.stores[store].kind == "sqlite":
        return [
            f"What is there is not converted: it keeps its column, renamed to {field!r} with the old type behind it.",
            f"{field} begins anew, empty. Queries that ask for {field} find only what comes from then on.",
            model,
        ]
    replay = command("deadletters replay --reason type_conflict", file)
    return [
        "InfluxDB keeps the type of a field for each shard, which is a span of 7 days by default.",
        f"Until a new shard begins, readings of the new type are refused and set aside. Try them again then: {replay}",
        "A query over shards of both types shows the values of only one of them; the others are there, and invisible.",
        "Neither happens to a field of another name, or to a field in another bucket: prefer that where you can.",
        model,
    ]


async def _begin_anew(config: Config, name: str, key: FieldKey, kind: FieldType) -> str | None:
    """Have what is stored stay as it is; what the old values are called now, where they have another name."""
    if config.stores[name].kind != "sqlite":
        return None
    async with SqliteStore(config.store_path(name)) as store:
        return await store.begin_column_anew(*key, kind)
