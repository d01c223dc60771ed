"""`ingestor tail`: what becomes of the messages that come just now; nothing is stored, and no service is touched."""

import asyncio
import time
from collections.abc import Iterator
from typing import Annotated

import typer

from ingestor.cli.explaining import Explainer, Explanation
from ingestor.cli.loop import run_in_loop, stop_on_signals
from ingestor.cli.mqttclient import connected
from ingestor.cli.options import AsJson, ConfigFile, TopicFilter, load_config, seconds, with_lines
from ingestor.cli.output import fail, flush, say_json, say_marked, warn
from ingestor.cli.payloads import payload_text
from ingestor.cli.units import counted
from ingestor.config import Mqtt
from ingestor.ports import RETAIN, Message, ReceiptClock

_SET_ASIDE = "set aside"
_STYLES = {"stored": "green", _SET_ASIDE: "red", "unrouted": "yellow", "ignored": "dim"}
_SHOWN_BYTES = 100
_WIDEST = max(map(len, _STYLES))


def _fate(text: str) -> str:
    """A fate as a person writes it.

    Raises:
        typer.BadParameter: There is none of that name.
    """
    fate = text.replace("_", " ").replace("-", " ")
    if fate not in _STYLES:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(_STYLES)}")
    return fate


def tail(
    config: ConfigFile = None,
    topic: TopicFilter = None,
    only: Annotated[
        str | None,
        typer.Option(
            parser=_fate,
            metavar="FATE",
            help="Only messages that are this: stored, set-aside (of which something is), unrouted, ignored.",
        ),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(parser=seconds, metavar="TIME", help="End after this time (20, 90s, 5m); else Ctrl-C ends it."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Show what becomes of the messages that come just now; nothing is stored.

    Listens with a client of its own to what the routes take, or with --topic to all that this filter matches.
    """
    loaded = load_config(config)
    with with_lines(config):
        explainer = Explainer(loaded)
    filters = explainer.subscriptions if topic is None else (str(topic),)
    if not filters:
        fail("there are no routes, so nothing is listened to: name at least one, or a filter with --topic")
    run_in_loop(_listen(loaded.mqtt, filters, _Printer(explainer, only=only, json=json), duration))


class _Printer:
    """Prints what becomes of each message.

    Args:
        explainer: Knows it.
        only: The fate that is asked for; None for all.
        json: Whether for programs.
    """

    def __init__(self, explainer: Explainer, *, only: str | None, json: bool) -> None:
        self._explainer = explainer
        self._only = only
        self._json = json
        self._clock = ReceiptClock()

    def take(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Print one."""
        received_ns = self._clock.take(1, now_ns=time.time_ns())
        found = self._explainer.explain(Message(topic, payload, received_ns, RETAIN if retained else 0))
        if self._only not in {None, found.fate} and not (self._only == _SET_ASIDE and found.flaws):
            return
        if self._json:
            say_json(found.to_json())
        else:
            for mark, line in _lines(found):
                say_marked(f"{mark:{_WIDEST}}", _STYLES[mark], line)
        flush()


def _lines(found: Explanation) -> Iterator[tuple[str, str]]:
    """What is stored and what is set aside, a line each with its mark; the payload where that alone would not tell."""
    topic = found.message.topic
    for bucket, line in found.points:
        yield "stored", f"{topic}  {bucket}: {line}"
    payload = payload_text(found.message.payload, limit=_SHOWN_BYTES)
    for flaw in found.flaws:
        yield _SET_ASIDE, f"{topic}  {flaw.reason}: {flaw.detail}  in {payload}"
    for device, online in found.states:
        yield found.fate, f"{topic}  {device} is {'online' if online else 'offline'}"
    if not (found.points or found.flaws or found.states):
        why = f"  ({found.ignored})" if found.ignored else ""
        yield found.fate, f"{topic}  {payload}{why}"


async def _listen(mqtt: Mqtt, filters: tuple[str, ...], printer: _Printer, duration: float | None) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop.set)
    async with connected(mqtt) as client:
        await client.subscribe([(pattern, 0) for pattern in filters])
        warn(f"listening to {counted(len(filters), 'filter')} at {mqtt.url}; Ctrl-C ends it")

        async def take_all() -> None:
            async for message in client.messages:
                printer.take(str(message.topic), message.payload, retained=message.retain)

        task = asyncio.create_task(take_all(), name="tail")
        stopped = asyncio.create_task(stop.wait(), name="stop")
        done, _ = await asyncio.wait({task, stopped}, timeout=duration, return_when=asyncio.FIRST_COMPLETED)
        for unfinished in (task, stopped):
            unfinished.cancel()
        if task in done:
            task.result()
