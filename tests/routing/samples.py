"""Payloads of real devices beside what becomes of them, as files of `tests/data` say it.

A file has `source` (the documentation that it is from), `routes` and `models` as in a configuration, and `messages`.
Of all of these together come, in order, `points` (written as in the reference, without buckets), their `units`,
`states` of devices, what is `set_aside`, and the topics that are `ignored` or `unrouted`.
"""

from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import yaml

from ingestor.config import Config
from ingestor.ports import IGNORED, Message, Point, Value
from ingestor.routing import RoutingTable
from tests.routing.helpers import RECEIVED_NS

DATA: Final = Path(__file__).parents[1] / "data"


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
        return cls(units=sample.get("units", {}), **listed)

    @classmethod
    def found(cls, sample: dict[str, Any]) -> Self:
        """What the routing table does with the messages of the file."""
        outcome = cls([], {}, [], [], [], [])
        config = {name: sample[name] for name in ("routes", "models") if name in sample}
        table = RoutingTable(Config.model_validate(config), devices=_States(outcome.states))
        for said in sample["messages"]:
            outcome._take(table, said["topic"], said["payload"])
        return outcome

    def _take(self, table: RoutingTable, topic: str, payload: str) -> None:
        decoder = table.find(topic)
        if decoder is None:
            self.unrouted.append(topic)
            return
        points: list[Point] = []
        told = len(self.states)
        flaws = decoder.decode(Message(topic, payload.encode(), RECEIVED_NS), points)
        if flaws is IGNORED:
            self.ignored.extend([topic] if told == len(self.states) else [])
            return
        self.points.extend(written(point) for point in points)
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
    """The files of a folder of `tests/data`: the name of each, and what it says."""
    return [
        (path.stem, yaml.safe_load(path.read_text(encoding="utf-8"))) for path in sorted((DATA / folder).glob("*.yaml"))
    ]


def written(point: Point) -> str:
    """A point as the reference writes it, without its bucket, and with its fields in order."""
    name = ",".join([point.series.measurement, *(f"{key}={tag}" for key, tag in point.series.tags)])
    values = " ".join(f"{key}={word(value)}" for key, value in sorted(point.fields.items()))
    return f"{name} {values} at {'receipt' if point.time_ns == RECEIVED_NS else point.time_ns}"


def word(value: Value) -> str:
    """A value as the reference writes it, to 12 digits: conversions of units round the sixteenth."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float):
        return repr(float(f"{value:.12g}"))
    return str(value).lower()
