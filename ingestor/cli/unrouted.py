"""`ingestor journal unrouted`: the topics that no route takes, with the newest payload of each."""

from collections.abc import Sequence
from typing import NamedTuple

from ingestor.cli.options import AsJson, ConfigFile, load_config, with_lines
from ingestor.cli.output import is_narrow, say, say_json, say_table
from ingestor.cli.payloads import payload_json, payload_text
from ingestor.cli.units import counted, readable_time
from ingestor.datadir import journal_files, make_table
from ingestor.ports import Lost, Message

_SHOWN_BYTES = 40
_MAX_TOPICS = 1_000
_HEADINGS = ("topic", "messages", "newest", "payload")


class _Topic(NamedTuple):
    """How many messages of it the journal holds, and the newest of them."""

    messages: int
    newest: Message


def unrouted(config: ConfigFile = None, json: AsJson = False) -> None:
    """Show the topics that no route takes, as far as the journal still holds messages of them.

    With the newest payload of each, the newest topic first. `ingestor discover` proposes routes for them.
    """
    loaded = load_config(config)
    with with_lines(config):
        table = make_table(loaded)
    found: dict[str, _Topic] = {}
    beyond = 0
    files = journal_files(loaded)
    for chunk in files.chunks(files.info().start):
        if isinstance(chunk, Lost):
            continue
        for message in chunk.messages:
            if table.find(message.topic) is not None:
                continue
            before = found.pop(message.topic, None)
            if before is None and len(found) == _MAX_TOPICS:
                del found[next(iter(found))]  # the one that was silent for longest
                beyond += 1
            found[message.topic] = _Topic(1 if before is None else before.messages + 1, message)
    _say(list(found.values())[::-1], beyond=beyond, json=json)


def _say(topics: list[_Topic], *, beyond: int, json: bool) -> None:
    if json:
        for topic, newest in ((one, one.newest) for one in topics):
            body = {"received_ns": newest.received_ns, **payload_json(newest.payload)}
            say_json({"topic": newest.topic, "messages": topic.messages, **body})
        return
    if not topics:
        say("the journal holds no message that no route takes")
        return
    rows: list[Sequence[object]] = [
        (
            one.newest.topic,
            one.messages,
            readable_time(one.newest.received_ns),
            payload_text(one.newest.payload, limit=_SHOWN_BYTES),
        )
        for one in topics
    ]
    shown = slice(3 if is_narrow() else 4)
    say_table(_HEADINGS[shown], [row[shown] for row in rows], wrapped={"topic", "payload"})
    if beyond:
        say(f"and {counted(beyond, 'topic')} before them; programs that invent topics make many")
