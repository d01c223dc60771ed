"""`ingestor journal replay`: have a store given once more what the journal still holds, as it is decoded now."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from ingestor import state
from ingestor.cli.datafiles import in_state
from ingestor.cli.options import AsJson, ConfigFile, load_config, moment_ns, with_lines
from ingestor.cli.output import fail, say, say_json, say_table, warn
from ingestor.cli.running import Who, ask_service
from ingestor.cli.units import counted, readable_time
from ingestor.config import Config
from ingestor.datadir import journal_files, make_table, state_file
from ingestor.delivery import replays, routings
from ingestor.delivery.replay import Known
from ingestor.delivery.replayplan import Plan, make_plan
from ingestor.delivery.replays import Phase, Replay
from ingestor.errors import ConfigError
from ingestor.journal import JournalFiles
from ingestor.ports import Decoders
from ingestor.routing import RoutingTable
from ingestor.state import CursorRow, open_state, transact
from ingestor.stores import choose

_TABLES = 4
_DOING = {
    Phase.ASKED: "has not begun",
    Phase.DELETE: "deletes what moves",
    Phase.WRITE: "writes",
    Phase.DONE: "done",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}


class _Meant(NamedTuple):
    """Which messages of which store are meant."""

    store: str
    begin: int
    until: int | None
    has: int


def replay(
    config: ConfigFile = None,
    since: Annotated[
        int | None,
        typer.Option(
            "--since", parser=moment_ns, metavar="TIME", help="Messages received since: a time, or an age (2d)."
        ),
    ] = None,
    until: Annotated[
        int | None, typer.Option("--until", parser=moment_ns, metavar="TIME", help="Only those received before.")
    ] = None,
    store: Annotated[str | None, typer.Option("--store", help="Only this store.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only tell what would change.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Show how far replays are.")] = False,
    cancel: Annotated[int | None, typer.Option("--cancel", metavar="ID", help="Give up this replay.")] = None,
    json: AsJson = False,
) -> None:
    """Have stores given once more what the journal still holds: after routes, models or devices were corrected.

    Points that are not where they belong any more are deleted first. The service does it, beside what comes.
    """
    if status:
        _say_status(in_state(config, replays.all_of), json=json)
    elif cancel is not None:
        _cancel(config, cancel)
    elif since is None:
        raise typer.BadParameter("say from when: --since TIME (or --status, or --cancel ID)")
    else:
        loaded = load_config(config)
        with with_lines(config):
            table = make_table(loaded)
        files = journal_files(loaded)
        meant = _meant(loaded, files, in_state(config, state.cursors), store=store, since=since, until=until)
        if plan:
            _say_plans({one.store: _plan(loaded, files, table, one) for one in meant}, json=json)
        else:
            _ask(config, loaded, meant, json=json)


def _meant(
    config: Config,
    files: JournalFiles,
    cursors: dict[str, CursorRow],
    *,
    store: str | None,
    since: int,
    until: int | None,
) -> Sequence[_Meant]:
    names = [name for name in config.stores if name in cursors] if store is None else [choose(config, store)]
    if not all(name in cursors for name in names):
        fail(f"store {store} has not begun: no service has run with it yet")
    info = files.info()
    if info.oldest_ns and info.start and since < info.oldest_ns:
        keep = "see journal.keep"
        warn(f"the journal holds messages since {readable_time(info.oldest_ns)}; those before are gone ({keep})")
    begin = files.position_at(since)
    end = None if until is None else files.position_at(until)
    if begin >= (info.end if end is None else end):
        fail("the journal holds no message that was received then")
    return [
        _Meant(name, max(begin, cursors[name].began), None if end == info.end else end, cursors[name].position)
        for name in names
    ]


def _ask(path: Path | None, config: Config, meant: Sequence[_Meant], *, json: bool) -> None:
    text = routings.text_of(config)

    def ask(connection: sqlite3.Connection) -> list[tuple[int, bool]]:
        routing = routings.register(connection, text)
        return [
            (
                replays.ask(connection, one.store, one.begin, one.until, routing=routing, now_ns=time.time_ns()),
                routings.in_force(connection, one.store) == routing,
            )
            for one in meant
        ]

    asked = in_state(path, ask)
    running = ask_service(config.web).who is not Who.NOBODY
    if json:
        rows = [{"id": number, "store": one.store} for one, (number, _) in zip(meant, asked, strict=True)]
        say_json({"asked": rows, "running": running, "restart": running and not all(same for _, same in asked)})
        return
    for one, (number, _) in zip(meant, asked, strict=True):
        messages = max(0, (one.has if one.until is None else min(one.until, one.has)) - one.begin)
        say(f"replay {number} of store {one.store}: {counted(messages, 'message')} from position {one.begin:,} on")
    if not running:
        say("no service runs: it begins with the next start")
    elif all(same for _, same in asked):
        say("the service does it beside what comes; see --status")
    else:
        say("the service runs with another configuration: restart it, and it begins")


def _say_status(found: Sequence[Replay], *, json: bool) -> None:
    if json:
        say_json([one._asdict() for one in found])
        return
    if not found:
        say("nothing was replayed yet")
        return
    say_table(
        ("id", "store", "asked for", "state", "at", "messages", "deleted", "written", "lost"),
        [
            (one.id, one.store, readable_time(one.asked_ns), _DOING[one.phase], _progress(one), one.messages,
             one.deleted, one.written, one.lost)
            for one in found
        ],
        wrapped={"state"},
    )  # fmt: skip
    for one in found:
        if one.fault:
            say(f"replay {one.id}: {one.fault}")


def _progress(one: Replay) -> str:
    if one.until is None or one.phase not in replays.UNFINISHED:
        return "-"
    return f"{one.position - one.begin:,} of {one.until - one.begin:,}"


def _cancel(path: Path | None, number: int) -> None:
    given_up = in_state(path, lambda connection: replays.cancel(connection, number))
    if given_up is None:
        fail(f"there is no replay {number} that is not over")
    if given_up.deleted:
        warn(f"{counted(given_up.deleted, 'point')} of it were deleted, and not all are written anew: replay again")
    say(f"replay {number} is given up")


def _plan(config: Config, files: JournalFiles, table: RoutingTable, meant: _Meant) -> Plan:
    path = state_file(config)
    with closing(open_state(path)) as connection:
        table.announced.load(transact(connection, state.announcements, path))
        tables = lru_cache(_TABLES)(partial(_former, connection, path))
        return make_plan(
            files.chunks(meant.begin),
            until=meant.has if meant.until is None else min(meant.until, meant.has),
            known=lambda begin, end: transact(connection, lambda on: Known.load(on, meant.store, begin, end), path),
            tables=tables,
            now=table,
        )


def _former(connection: sqlite3.Connection, path: Path, routing: int) -> Decoders:
    text = transact(connection, lambda on: routings.text_by_number(on, routing), path)
    try:
        table = routings.make_table(text)
    except (ConfigError, ValueError) as error:
        fail(f"how messages were decoded then cannot be worked out any more: {error}")
    table.announced.load(transact(connection, state.announcements, path))
    return table


def _say_plans(plans: dict[str, Plan], *, json: bool) -> None:
    if json:
        say_json({name: plan._asdict() for name, plan in plans.items()})
        return
    for name, plan in plans.items():
        for line in _plan_lines(name, plan):
            say(line)


def _plan_lines(name: str, plan: Plan) -> Iterator[str]:
    lost = f", and {plan.lost:,} that are damaged or gone" if plan.lost else ""
    yield f"store {name}: {counted(plan.messages, 'message')}{lost}"
    yield (
        f"  points: {plan.changed:,} would change, {plan.deleted:,} be deleted from where they are, {plan.added:,} be"
        f" new in their place, {plan.same:,} stay the same"
    )
    if plan.unknown:
        yield (
            f"  of {counted(plan.unknown, 'message')} it is not known how they were decoded: their points are written,"
            " and none are deleted"
        )
