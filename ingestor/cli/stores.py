"""`ingestor stores`: where points go, and giving up a store that is no longer wanted."""

from typing import Annotated

import typer

from ingestor import state
from ingestor.cli.datafiles import in_state, no_service_beside
from ingestor.cli.invocation import command
from ingestor.cli.options import AsJson, ConfigFile, load_config
from ingestor.cli.output import fail, say, say_json, say_table
from ingestor.datadir import state_file


def make_group() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(help="See the stores, or give one up.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(forget)
    return group


def list_(config: ConfigFile = None, json: AsJson = False) -> None:
    """List the stores: those of the configuration, and those that the data directory knows."""
    loaded = load_config(config)
    known = in_state(config, state.cursors) if state_file(loaded).exists() else {}
    rows = []
    for name in sorted(loaded.stores.keys() | known.keys()):
        spec, cursor = loaded.stores.get(name), known.get(name)
        rows.append(
            {
                "name": name,
                "kind": spec.kind if spec else None,
                "path": str(loaded.store_path(name)) if spec and spec.kind == "sqlite" else None,
                "url": spec.url if spec else None,
                "configured": spec is not None,
                "position": cursor.position if cursor else None,
            }
        )
    if json:
        say_json(rows)
        return
    say_table(
        ("name", "kind", "where", "position"),
        [
            (
                row["name"],
                row["kind"] or "no longer configured",
                row["path"] or row["url"] or "-",
                "not begun" if row["position"] is None else row["position"],
            )
            for row in rows
        ],
    )


def forget(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The store's name.")],
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Give up a store: its cursor, counters and dead letters go, and the journal is no longer kept for it.

    What it has stored stays where it is. The service must not run; a store that is still configured begins anew.
    """
    loaded = load_config(config)
    if not state_file(loaded).exists():
        fail(f"{loaded.data_dir} knows no stores: no service has run with it yet")
    with no_service_beside(loaded):
        known = in_state(config, lambda connection: state.forget_store(connection, name))
    if not known:
        fail(f"this data directory knows no store {name!r}; see: {command('stores list', config)}")
    if json:
        say_json({"forgotten": name})
    else:
        say(f"{name} is forgotten; what it has stored stays where it is")
