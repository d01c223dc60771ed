"""Recorded streams: `tests/data/discovery`, one a family, and messages made up for tests."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from ingestor.config import Config
from ingestor.discovery.recording import from_line
from ingestor.ports import RETAIN, Message, Point
from ingestor.routing import RoutingTable

FOLDER = Path(__file__).parents[1] / "data" / "discovery"
BEGIN_NS = 1_795_521_600 * 10**9

Stored = tuple[str, str, tuple[tuple[str, str], ...], int, tuple[tuple[str, object], ...]]
"""A point: bucket, measurement, tags, time, fields."""


def stream(name: str) -> list[Message]:
    """The messages of a recording."""
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [from_line(line) for line in lines]


def said(topic: str, payload: object, *, at: float = 0, kept: bool = False) -> Message:
    """A message: of bytes or text as they are, of anything else as JSON, so many seconds after the begin."""
    text = payload if isinstance(payload, str | bytes) else json.dumps(payload)
    raw = text if isinstance(text, bytes) else text.encode()
    return Message(topic, raw, BEGIN_NS + round(at * 1e9), RETAIN if kept else 0)


def stored(config: Config, messages: Iterable[Message]) -> list[Stored]:
    """The points that a configuration makes of messages, each as plain values."""
    table = RoutingTable(config)
    points: list[Point] = []
    for message in messages:
        decoder = table.find(message.topic)
        if decoder is not None and not (message.retain and decoder.skips_retained):
            decoder.decode(message, points)
    return [
        (
            point.series.bucket,
            point.series.measurement,
            point.series.tags,
            point.time_ns,
            tuple(sorted(point.fields.items())),
        )
        for point in points
    ]


def apart(points: Sequence[Stored]) -> int:
    """How many of the points no other one replaces."""
    return len({point[:4] for point in points})
