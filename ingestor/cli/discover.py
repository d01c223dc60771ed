"""`ingestor discover`: what is published on a broker becomes routes, models and devices to paste; nothing is stored."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Final

import aiomqtt
import typer
from rich.console import Console
from rich.text import Text

from ingestor.cli.loop import run_in_loop, stop_on_signals
from ingestor.cli.mqttclient import connected
from ingestor.cli.options import ConfigFile, Topics, load_config, seconds
from ingestor.cli.output import fail, flush, say, warn
from ingestor.cli.units import counted
from ingestor.config import Config, Mqtt
from ingestor.configfile.loader import DEFAULT_FILE
from ingestor.discovery.assembly import discover as propose
from ingestor.discovery.document import write
from ingestor.discovery.recording import Recording, from_line, to_line
from ingestor.errors import BrokerUnavailableError
from ingestor.ports import RETAIN, Message, ReceiptClock

_LISTEN_SECS: Final = 30.0
_TURNS: Final = 20


def discover(
    config: ConfigFile = None,
    listen: Annotated[
        float | None,
        typer.Option(parser=seconds, metavar="TIME", help="How long to listen (20, 90s, 5m); 30s if not given."),
    ] = None,
    topics: Annotated[
        Topics | None,
        typer.Option(
            "--filter", parser=Topics, metavar="FILTER", help="Only topics that this filter matches; # if not given."
        ),
    ] = None,
    bucket: Annotated[str, typer.Option(help="The bucket that the routes name.")] = "Discovered",
    record: Annotated[
        Path | None, typer.Option(help="A new file for what was heard, to be proposed from again.", show_default=False)
    ] = None,
    recording: Annotated[
        Path | None, typer.Option("--from", help="Such a file, instead of listening.", show_default=False)
    ] = None,
) -> None:
    """Propose routes, models and devices for what is published, as YAML on standard output.

    Listens for a while with a client of its own to the broker of the configuration; nothing is stored.
    """
    if not bucket.strip() or not bucket.isprintable() or set(bucket) & set("{}"):
        raise typer.BadParameter("not the name of a bucket", param_hint="--bucket")
    if recording is not None and record is not None:
        raise typer.BadParameter("what comes from a file is recorded already", param_hint="--record")
    loaded = Config() if recording and config is None and not DEFAULT_FILE.exists() else load_config(config)
    wanted = topics or Topics("#")
    heard = Recording()
    if recording is not None:
        _read(recording, wanted, heard)
    else:
        if record is not None and (record.exists() or not record.parent.is_dir()):
            fail(f"{record} is there already, or its folder is not: name a new file; --from proposes from an old one")
        run_in_loop(_listen(loaded.mqtt, wanted, heard, listen or _LISTEN_SECS))
        if record is not None:
            _save(record, heard.messages)
    if not heard.messages:
        fail(f"nothing was heard that {wanted} matches; does anything publish there, and may this user read it?")
    if heard.heard > len(heard.messages):
        warn(f"proposed from the first {len(heard.messages):,} of {counted(heard.heard, 'message')}: the others were "
             "more than is kept of a topic, or than is kept in memory")  # fmt: skip
    for line in write(propose(heard.messages, bucket=bucket, taken=loaded.models)):
        say(line)


async def _listen(mqtt: Mqtt, topics: Topics, heard: Recording, secs: float) -> None:
    """Listen until the time is over, a signal comes or no more can be kept; what was heard counts in any case."""
    stop = asyncio.Event()
    stop_on_signals(stop.set)
    asyncio.get_running_loop().call_later(secs, stop.set)
    try:
        async with connected(mqtt) as client:
            await client.subscribe(str(topics), qos=0)
            warn(f"listening to {topics} at {mqtt.url} for {secs:g} s; Ctrl-C ends it")
            taking = asyncio.create_task(_take_all(client, heard), name="listen")
            stopped = asyncio.create_task(stop.wait(), name="stop")
            with _progress(heard):
                await asyncio.wait((taking, stopped), return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not taking.done():
                await client.unsubscribe(str(topics))  # what the broker sent before its answer is here now
                await _settle(client, heard, taking)
                taking.cancel()
            await asyncio.wait((taking,))
            if not taking.cancelled():
                taking.result()
    except BrokerUnavailableError as error:
        if not heard.messages:
            raise
        warn(f"{error}; proposed from what was heard until then")


async def _take_all(client: aiomqtt.Client, heard: Recording) -> None:
    """Keep what comes, until no more can be kept."""
    clock = ReceiptClock()
    async for message in client.messages:
        received_ns = clock.take(1, now_ns=time.time_ns())
        heard.add(Message(str(message.topic), message.payload, received_ns, RETAIN if message.retain else 0))
        if heard.full:
            return


async def _settle(client: aiomqtt.Client, heard: Recording, taking: asyncio.Task[None]) -> None:
    """Let what has come be kept; the library hands a message over in a few turns of the loop."""
    quiet = 0
    while quiet < _TURNS and not taking.done():
        before = heard.heard
        await asyncio.sleep(0)
        quiet = quiet + 1 if heard.heard == before and not len(client.messages) else 0


def _read(path: Path, topics: Topics, into: Recording) -> None:
    """Take in a recording."""
    try:
        with path.open(encoding="utf-8") as lines:
            for message in _messages(path, lines):
                if message.topic in topics:
                    into.add(message)
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror or error}")
    except UnicodeDecodeError:
        fail(f"{path} is no recording: it is not UTF-8")


def _messages(path: Path, lines: Iterable[str]) -> Iterator[Message]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield from_line(line)
            except ValueError as error:
                fail(f"{path}, line {number:,}: {error}")


def _save(path: Path, messages: Iterable[Message]) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.writelines(f"{to_line(message)}\n" for message in messages)
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror or error}")


class _Count:
    """How much was heard at the moment it is drawn."""

    def __init__(self, heard: Recording) -> None:
        self._heard = heard

    def __rich__(self) -> Text:
        return Text(f"{counted(self._heard.heard, 'message')} on {counted(self._heard.topics, 'topic')}")


def _progress(heard: Recording) -> AbstractContextManager[object]:
    """On a terminal, say how much was heard so far."""
    console = Console(stderr=True)
    flush()
    return console.status(_Count(heard)) if console.is_terminal else nullcontext()
