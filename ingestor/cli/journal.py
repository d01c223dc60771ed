"""`ingestor journal`: look into the queue on disk, also while the service writes it, and have it replayed."""

from dataclasses import asdict
from typing import Annotated

import typer

from ingestor.cli.options import AsJson, ConfigFile, TopicFilter, load_config
from ingestor.cli.output import one_line, say, say_json, say_table, warn
from ingestor.cli.payloads import payload_json, payload_text
from ingestor.cli.replay import replay
from ingestor.cli.units import counted, readable_size, readable_time
from ingestor.cli.unrouted import unrouted
from ingestor.datadir import journal_dir, journal_files
from ingestor.journal.files import JournalInfo, SegmentInfo
from ingestor.ports import LossReason, Lost, Message

_SHOWN_BYTES = 200
_WHY = {LossReason.DAMAGED: "damaged on disk", LossReason.DROPPED: "no longer kept"}


def make_group() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(help="Look into the queue on disk, and replay it.", no_args_is_help=True)
    group.command()(info)
    group.command()(dump)
    group.command()(unrouted)
    group.command()(replay)
    return group


def info(
    config: ConfigFile = None,
    verify: Annotated[bool, typer.Option("--verify", help="Read all of it, and name what is damaged.")] = False,
    json: AsJson = False,
) -> None:
    """Show the journal's files: positions, sizes, times of receipt, and damage.

    Finished files are believed what they say of themselves; with --verify every message is read and checked.
    """
    loaded = load_config(config)
    files = journal_files(loaded)
    found = files.info()
    lost = [one for one in files.chunks(found.start) if isinstance(one, Lost)] if verify else None
    if json:
        place = {"directory": str(journal_dir(loaded)), "max_bytes": loaded.journal.max_bytes}
        missing = None if lost is None else [one._asdict() for one in lost]
        say_json({**place, **asdict(found), "lost": missing})
        return
    say(f"directory  {journal_dir(loaded)}")
    say(f"positions  {found.start:,} to {found.end:,}: {counted(found.end - found.start, 'message')} still here")
    say(f"size       {readable_size(found.bytes)} of {readable_size(loaded.journal.max_bytes)}")
    if found.oldest_ns:
        say(f"received   {readable_time(found.oldest_ns)} to {readable_time(found.newest_ns)}")
    _say_segments(found)
    for name in found.set_aside:
        say(f"damaged and set aside: {journal_dir(loaded)}/damaged/{name}")
    if lost is not None:
        say("")
        say("all of it was read: " + ("nothing is missing" if not lost else "this is missing"))
        for one in lost:
            _say_lost(one, json=False)


def _say_segments(found: JournalInfo) -> None:
    if not found.segments:
        return
    say("")
    rows = [
        (segment.first, segment.end, segment.bytes, _moment(segment.newest_ns), _condition(segment), segment.file)
        for segment in found.segments
    ]
    say_table(("first", "end", "bytes", "newest", "condition", "file"), rows, wrapped={"file"})


def dump(
    config: ConfigFile = None,
    start: Annotated[
        int | None, typer.Option("--from", help="Begin at this position; at the oldest if not given.", min=0)
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many messages; 0 for all.", min=0)] = 0,
    topic: TopicFilter = None,
    json: AsJson = False,
) -> None:
    """Print the journal's messages, a line each: position, time of receipt, QoS, topic, payload.

    QoS is followed by r for a message that the broker had kept (retained). In JSON the payload is complete.
    """
    files = journal_files(load_config(config))
    held = files.info()
    position = held.start if start is None else start
    if position >= held.end:
        warn(f"there is nothing at {position:,} or after: the journal ends at {held.end:,}")
    shown = 0
    for found in files.chunks(position):
        if isinstance(found, Lost):
            _say_lost(found, json=json)
            continue
        for at, message in enumerate(found.messages, found.position):
            if topic is not None and message.topic not in topic:
                continue
            _say_message(at, message, json=json)
            shown += 1
            if shown == limit:
                return


def _say_message(position: int, message: Message, *, json: bool) -> None:
    if json:
        plain = message._asdict()
        properties = plain.pop("properties").hex()
        body = payload_json(plain.pop("payload"))
        say_json({"position": position, **plain, "properties_hex": properties, **body})
        return
    kind = f"q{message.qos}{'r' if message.retain else ''}"
    shown = payload_text(message.payload, limit=_SHOWN_BYTES)
    say(one_line(f"{position}  {readable_time(message.received_ns)}  {kind}  {message.topic}  {shown}"))


def _say_lost(lost: Lost, *, json: bool) -> None:
    if json:
        say_json({"position": lost.position, "missing": lost.missing, "why": lost.why})
    else:
        say(f"{lost.position}  ({counted(lost.missing, 'message')} not here: {_WHY[lost.why]})")


def _moment(time_ns: int) -> str:
    return readable_time(time_ns) if time_ns else "-"


def _condition(segment: SegmentInfo) -> str:
    if segment.damaged:
        return "damaged"
    if segment.torn_bytes:
        return f"open, {counted(segment.torn_bytes, 'byte')} not yet whole"
    return "finished" if segment.sealed else "open"
