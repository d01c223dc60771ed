"""`ingestor explain`: what would become of a message, step by step; nothing is stored."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from ingestor.cli.explaining import Explainer, in_words
from ingestor.cli.options import AsJson, ConfigFile, load_config, moment_ns, with_lines
from ingestor.cli.output import fail, one_line, say_beside, say_json
from ingestor.ports import FETCHED, RETAIN, Message
from ingestor.routing.weather.rows import ROOT

_WIDEST = 11


def explain(
    topic: Annotated[str, typer.Argument(help="The topic.")],
    payload: Annotated[str | None, typer.Argument(help="The payload; or name a file.")] = None,
    config: ConfigFile = None,
    file: Annotated[
        Path | None, typer.Option(help="A file with the payload, as it is; - for standard input.", show_default=False)
    ] = None,
    received: Annotated[
        int | None,
        typer.Option(parser=moment_ns, metavar="TIME", help="When it is received: a time, or an age (2h); else now."),
    ] = None,
    retained: Annotated[bool, typer.Option("--retained", help="As if the broker had kept it.")] = False,
    json: AsJson = False,
) -> None:
    """Show which route takes a message, and what it comes to; nothing is stored.

    The points are line protocol, behind the bucket that they would go to.
    """
    if (payload is None) == (file is None):
        raise typer.BadParameter("give the payload, or --file with it", param_hint="PAYLOAD")
    if not topic or set(topic) & set("+#\0"):
        raise typer.BadParameter("a message has a topic, without wildcards", param_hint="TOPIC")
    loaded = load_config(config)
    with with_lines(config):
        explainer = Explainer(loaded)
    body = payload.encode("utf-8", "surrogateescape") if payload is not None else _read(file or Path())
    received_ns = time.time_ns() if received is None else received
    fetched = FETCHED if topic.startswith(f"{ROOT}/") else 0
    found = explainer.explain(Message(topic, body, received_ns, fetched | (RETAIN if retained else 0)))
    if json:
        say_json(found.to_json())
        return
    for word, what in in_words(found):
        say_beside(f"{word:{_WIDEST}}", one_line(what))


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == Path("-") else file.read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
