"""What becomes of a message, step by step, without storing anything."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from ingestor.cli.payloads import payload_json
from ingestor.cli.units import readable_time
from ingestor.config import Config
from ingestor.datadir import make_table
from ingestor.encode.line import LineEncoder
from ingestor.ports import IGNORED, RETAIN, UNROUTED, Flaw, Message, Point
from ingestor.routing.table import Taken


class Explanation(NamedTuple):
    """What becomes of a message.

    Attributes:
        message: The message.
        taken: The route that takes it, None where none does.
        points: What would be stored, as line protocol, each with its bucket.
        flaws: What would be set aside.
        ignored: Why it is left out, empty where it is not.
        states: Devices that it says are there, or not.
    """

    message: Message
    taken: Taken | None
    points: list[tuple[str, str]]
    flaws: list[Flaw]
    ignored: str
    states: list[tuple[str, bool]]

    @property
    def fate(self) -> str:
        """What it counts as, in one word: as in the accounts of a store."""
        if self.taken is None:
            return "unrouted"
        if self.ignored:
            return "ignored"
        return "stored" if self.points else "set aside"

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        taken = self.taken
        return {
            "topic": self.message.topic,
            **payload_json(self.message.payload),
            "received_ns": self.message.received_ns,
            "fate": self.fate,
            "route": None if taken is None else taken.where,
            "template": None if taken is None else taken.template,
            "levels": {} if taken is None else dict(taken.captures),
            "points": [{"bucket": bucket, "line": line} for bucket, line in self.points],
            "flaws": [flaw._asdict() for flaw in self.flaws],
            "states": [{"device": device, "online": online} for device, online in self.states],
            "why_ignored": self.ignored,
        }


class Explainer:
    """Explains messages with the routes of a configuration.

    Args:
        config: Its `routes`, `models`, `devices` and `buckets` count.

    Raises:
        ConfigError: They cannot work.
        DataDirError: What devices announced to the service cannot be read.
    """

    def __init__(self, config: Config) -> None:
        self._states: list[tuple[str, bool]] = []
        self._table = make_table(config, devices=self)
        self._lines = LineEncoder()

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """What the service would subscribe to."""
        return (*self._table.subscriptions, *self._table.announced_topics)

    def explain(self, message: Message) -> Explanation:
        """What becomes of the message."""
        self._states.clear()
        taken = self._table.taken_by(message.topic)
        if taken is None:
            return Explanation(message, None, [], [], "", [])
        if message.flags & RETAIN and taken.decoder.skips_retained:
            return Explanation(message, taken, [], [], "the broker had kept it, and the route has retained: skip", [])
        points: list[Point] = []
        flaws = taken.decoder.decode(message, points)
        why = ""
        if flaws is UNROUTED:
            return Explanation(message, None, [], [], "", [])
        if flaws is IGNORED:
            flaws, why = (), "it says whether a device is there" if self._states else "it is no reading"
        written = [(point.series.bucket, self._line(point)) for point in points]
        return Explanation(message, taken, written, list(flaws), why, list(self._states))

    def _line(self, point: Point) -> str:
        encoded = self._lines.encode([point])
        if encoded.rejections:
            return f"InfluxDB would not take it: {encoded.rejections[0].detail}"
        return encoded.lines[0]

    def seen(self, device: str, received_ns: int) -> None:
        """See `DeviceLog`; that a reading came is seen anyway."""

    def state(self, device: str, received_ns: int, *, online: bool) -> None:  # noqa: ARG002 - a DeviceLog's signature
        """See `DeviceLog`."""
        self._states.append((device, online))


def in_words(found: Explanation) -> Iterator[tuple[str, str]]:
    """Each step as a word and what to say of it."""
    message, taken = found.message, found.taken
    yield "topic", message.topic
    yield "received", readable_time(message.received_ns)
    if taken is None:
        yield "unrouted", "no route takes this topic; see: ingestor discover"
        return
    yield "route", f"{taken.where}  {taken.template}"
    if taken.captures:
        yield "levels", ", ".join(f"{name} = {level}" for name, level in taken.captures.items())
    for device, online in found.states:
        yield "state", f"{device} is {'online' if online else 'offline'}"
    if found.ignored:
        yield "ignored", found.ignored
    for bucket, line in found.points:
        yield "point", f"{bucket}: {line}"
    for flaw in found.flaws:
        whose = "" if flaw.point < 0 else f"reading {flaw.point}: " if flaw.point or not flaw.field else ""
        yield "set aside", f"{flaw.reason}: {whose}{flaw.detail}"
