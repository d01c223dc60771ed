"""`ingestor deadletters`: see what was set aside and why, have it tried again, or delete it."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated

import typer

from ingestor import deadletters
from ingestor.cli.datafiles import in_state
from ingestor.cli.options import AsJson, ConfigFile, TopicFilter, Topics, moment_ns
from ingestor.cli.output import fail, is_narrow, say, say_json, say_table
from ingestor.cli.payloads import payload_json, payload_text
from ingestor.cli.units import readable_time, short_time
from ingestor.deadletters import DeadLetter, Filter
from ingestor.ports import Reason

_SHOWN_BYTES = 40
_WHOLE_TOPIC = 40
_SET_ASIDE = "set aside"
_NO_MATCH = "no dead letter matches"


def _reason(text: str) -> Reason:
    """The reason of that name.

    Raises:
        typer.BadParameter: There is none.
    """
    try:
        return Reason(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(Reason)}") from None


ReasonOption = Annotated[
    Reason | None,
    typer.Option("--reason", parser=_reason, metavar="REASON", help="Only those set aside for this reason."),
]
StoreOption = Annotated[str | None, typer.Option("--store", help="Only those of this store.")]
SinceOption = Annotated[
    int | None,
    typer.Option(
        "--since", parser=moment_ns, metavar="TIME", help="Only those received since: a time, or an age (2h)."
    ),
]
UntilOption = Annotated[
    int | None, typer.Option("--until", parser=moment_ns, metavar="TIME", help="Only those received before.")
]


def make_group() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(help="See what was set aside, and have it tried again.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(show)
    group.command()(replay)
    group.command()(purge)
    return group


def list_(
    config: ConfigFile = None,
    reason: ReasonOption = None,
    topic: TopicFilter = None,
    since: SinceOption = None,
    until: UntilOption = None,
    store: StoreOption = None,
    limit: Annotated[int, typer.Option(help="At most so many, oldest first; 0 for all.", min=0)] = 100,
    json: AsJson = False,
) -> None:
    """List dead letters, oldest first: one line for each point or message that a store was not given."""
    which = _filter(reason=reason, topic=topic, since=since, until=until, store=store)
    one_more = limit + 1 if limit else -1  # to know whether there are more than are shown
    found = in_state(config, lambda connection: list(deadletters.find(connection, which, limit=one_more)))
    letters = found[:limit] if limit else found
    if json:
        for letter in letters:
            say_json(_as_json(letter))
        return
    if not letters:
        say("nothing was set aside" if which == Filter() else _NO_MATCH)
        return
    _say_letters(letters)
    if len(found) > len(letters):
        say(f"the oldest {limit}; more with --limit")


def _say_letters(letters: Sequence[DeadLetter]) -> None:
    """A row each; the store where there are several, the state where it is not the usual one for all.

    A narrow terminal gets no payloads, and times without the date of today.
    """
    narrow, now_ns = is_narrow(), time.time_ns()
    columns: dict[str, Callable[[DeadLetter], object]] = {
        "id": lambda letter: letter.id,
        "received": lambda letter: (
            short_time(letter.received_ns, now_ns=now_ns) if narrow else readable_time(letter.received_ns)
        ),
        "store": lambda letter: letter.store or "-",
        "state": _state,
        "topic": lambda letter: letter.topic,
        "reason": lambda letter: letter.reason,
        "detail": lambda letter: letter.detail,
        "payload": lambda letter: payload_text(letter.payload, limit=_SHOWN_BYTES),
    }
    if len({letter.store for letter in letters}) == 1:
        del columns["store"]
    if narrow:
        del columns["payload"]
    if {_state(letter) for letter in letters} == {_SET_ASIDE}:
        del columns["state"]
    rows = [tuple(column(letter) for column in columns.values()) for letter in letters]
    wrapped = {"detail", "payload"}
    if max(len(letter.topic) for letter in letters) > _WHOLE_TOPIC:
        wrapped.add("topic")
    say_table(tuple(columns), rows, wrapped=wrapped)


def show(
    number: Annotated[int, typer.Argument(metavar="ID", help="The id that `list` shows.")],
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Show one dead letter with all of its payload."""
    letters = in_state(config, lambda connection: list(deadletters.find(connection, Filter(id=number))))
    if not letters:
        fail(f"there is no dead letter {number}")
    letter = letters[0]
    if json:
        say_json(_as_json(letter))
        return
    say(f"received   {readable_time(letter.received_ns)} ({letter.received_ns} ns)")
    say(f"topic      {letter.topic}")
    say(f"store      {letter.store or '(none: it was over the size limit)'}")
    say(f"position   {letter.position if letter.position >= 0 else '(not journaled)'}")
    say(f"reason     {letter.reason}: {letter.detail}")
    say(f"fields     {letter.fields or '(all)'}")
    say(f"state      {_state(letter)}; the message counts as {letter.fate.replace('_', ' ')}")
    say(f"payload    {len(letter.payload)} bytes")
    say(payload_text(letter.payload))


def replay(
    config: ConfigFile = None,
    reason: ReasonOption = None,
    topic: TopicFilter = None,
    since: SinceOption = None,
    until: UntilOption = None,
    store: StoreOption = None,
    number: Annotated[int | None, typer.Option("--id", help="Only this one.")] = None,
    json: AsJson = False,
) -> None:
    """Have dead letters decoded and stored again, at their first time: after a route or model was mended.

    The running service does it within seconds, or the next one that starts. What is still wrong stays set aside,
    under a new id.
    """
    which = _filter(reason=reason, topic=topic, since=since, until=until, store=store, number=number)
    marked = in_state(config, lambda connection: deadletters.mark_for_replay(connection, which))
    if json:
        say_json({"marked": marked})
    else:
        tried = "the service tries them again when it runs; what is still wrong stays, under a new id"
        say(f"{marked} marked: {tried}" if marked else _NO_MATCH)


def purge(
    config: ConfigFile = None,
    reason: ReasonOption = None,
    topic: TopicFilter = None,
    since: SinceOption = None,
    until: UntilOption = None,
    store: StoreOption = None,
    number: Annotated[int | None, typer.Option("--id", help="Only this one.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them, where nothing narrows.")] = False,
    held: Annotated[bool, typer.Option("--held", help="Also those that wait for their bucket: they are lost.")] = False,
    json: AsJson = False,
) -> None:
    """Delete dead letters for good."""
    which = _filter(reason=reason, topic=topic, since=since, until=until, store=store, number=number)
    if which == Filter() and not everything:
        raise typer.BadParameter("say which (--reason, --topic, --since, --until, --store, --id), or --all")
    gone, left = in_state(config, partial(_purge, which=which, held=held))
    if json:
        say_json({"purged": gone})
    elif left:
        say(f"{gone} deleted; {left} that wait for their bucket are left (--held gives them up)")
    else:
        say(f"{gone} deleted" if gone else _NO_MATCH)


def _purge(connection: sqlite3.Connection, *, which: Filter, held: bool) -> tuple[int, int]:
    """How many were deleted, and how many that match are left."""
    gone = deadletters.purge(connection, which, also_held=held)
    return gone, sum(1 for _ in deadletters.find(connection, which))


def _filter(
    *,
    reason: Reason | None,
    topic: Topics | None,
    since: int | None,
    until: int | None,
    store: str | None,
    number: int | None = None,
) -> Filter:
    meant = None if topic is None else topic.__contains__
    return Filter(id=number, store=store, reason=reason, topic=meant, since_ns=since, until_ns=until)


def _state(letter: DeadLetter) -> str:
    if letter.replay:
        return "to be tried again"
    return "held for its bucket" if letter.fate == deadletters.Fate.HELD else _SET_ASIDE


def _as_json(letter: DeadLetter) -> dict[str, object]:
    plain = letter._asdict()
    return {**plain, **payload_json(plain.pop("payload"))}
