"""Payloads of real devices beside what becomes of them, as files of `tests/data` say it.

A file has one document or several. Each has `source` (the documentation that it is from), `routes` and `models` as in a
configuration (without `routes`: the preset that the file is named after), and `messages`; each of these has `topic`,
`payload` or `payload_hex`, and `received` where it matters. Of all of them together come, in order, `points` (written
as in the reference, without buckets), their `units`, `states` of devices, what is `set_aside`, and the topics that are
`ignored` or `unrouted`.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import yaml

from ingestor.config import Config
from ingestor.ports import IGNORED, Message, Point, Value
from ingestor.routing import RoutingTable
from tests.routing.helpers import RECEIVED_NS

DATA: Final = Path(__file__).parents[1] / "data"
_AT: Final = re.compile(r" at (\d{4}-\S+)$")


class Outcome(NamedTuple):
    """What became of messages; or what is to become of them."""

    points: list[str]
    units: dict[str, dict[str, str]]
    states: list[dict[str, Any]]
    set_aside: list[str]
    ignored: list[str]
    unrouted: list[str]

    @classmethod
    def expected(cls, sample: dict[str, Any]) -> Self:
        """What the file says."""
        listed = {name: sample.get(name, []) for name in cls._fields if name != "units"}
        listed["points"] = [_AT.sub(lambda at: f" at {nanoseconds(at[1])}", line) for line in listed["points"]]
        return cls(units=sample.get("units", {}), **listed)

    @classmethod
    def found(cls, sample: dict[str, Any], *, preset: str = "") -> Self:
        """What the routing table does with the messages of the file."""
        outcome = cls([], {}, [], [], [], [])
        routes = sample.get("routes", [{"preset": preset, "bucket": "B"}])
        config = Config.model_validate({"routes": routes, "models": sample.get("models", {})})
        table = RoutingTable(config, devices=_States(outcome.states))
        for said in sample["messages"]:
            outcome._take(table, _message(said))
        return outcome

    def _take(self, table: RoutingTable, message: Message) -> None:
        decoder = table.find(message.topic)
        if decoder is None:
            self.unrouted.append(message.topic)
            return
        points: list[Point] = []
        told = len(self.states)
        flaws = decoder.decode(message, points)
        if flaws is IGNORED:
            self.ignored.extend([message.topic] if told == len(self.states) else [])
            return
        self.points.extend(written(point, message.received_ns) for point in points)
        self.set_aside.extend(f"{flaw.reason} {flaw.field}".strip() + f": {flaw.detail}" for flaw in flaws)
        for series, _, fields in points:
            if units := {name: unit for name, unit in series.units.items() if name in fields}:
                self.units.setdefault(series.measurement, {}).update(units)


class _States:
    """Writes down what is said of devices."""

    def __init__(self, into: list[dict[str, Any]]) -> None:
        self._into = into

    def seen(self, device: str, received_ns: int) -> None:
        """See `DeviceLog`."""

    def state(self, device: str, received_ns: int, *, online: bool) -> None:  # noqa: ARG002 - a DeviceLog's signature
        """See `DeviceLog`."""
        self._into.append({"device": device, "online": online})


def samples(folder: str) -> list[tuple[str, dict[str, Any]]]:
    """The documents of a folder of `tests/data`: the name of the file of each, and what it says."""
    files = sorted((DATA / folder).glob("*.yaml"))
    return [(path.stem, part) for path in files for part in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def _message(said: dict[str, Any]) -> Message:
    payload = bytes.fromhex(said["payload_hex"]) if "payload_hex" in said else said["payload"].encode()
    received = said.get("received")
    return Message(said["topic"], payload, RECEIVED_NS if received is None else nanoseconds(str(received)))


def nanoseconds(text: str) -> int:
    """A time in ISO 8601 with a zone, and with up to nine digits of a second."""
    fraction = re.search(r"\.(\d{1,9})", text)
    whole = datetime.fromisoformat(text if fraction is None else text.replace(fraction[0], ""))
    since = whole.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(seconds=1) * 10**9 + (0 if fraction is None else int(fraction[1].ljust(9, "0")))


def written(point: Point, received_ns: int) -> str:
    """A point as the reference writes it, without its bucket, and with its fields in order."""
    name = ",".join([point.series.measurement, *(f"{key}={tag}" for key, tag in point.series.tags)])
    values = " ".join(f"{key}={word(value)}" for key, value in sorted(point.fields.items()))
    return f"{name} {values} at {'receipt' if point.time_ns == received_ns else point.time_ns}"


def word(value: Value) -> str:
    """A value as the reference writes it, to 12 digits: conversions of units round the sixteenth."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float):
        return repr(float(f"{value:.12g}"))
    return str(value).lower()
