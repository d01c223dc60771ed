"""What a model costs for each message: `python -m bench.models`.

The same model as a class, declared in YAML, and in YAML on top of the class; one that converts, in YAML and in the
code of a class; and a class with another rule in its code. Each decodes the same messages, taking turns in an order
that changes every round; no broker, no disk. `ratios` are medians over the rounds, of CPU time.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import field_validator, model_validator

from ingestor.config import Config
from ingestor.ports import Message, Point
from ingestor.routing import RoutingTable
from sensors import Measurement, Range, Tag, Unit

TOPICS = 50
MESSAGES = 20_000


class Room(Measurement):
    """What a combined sensor tells."""

    rack: Tag | None = None
    temperature: Annotated[float, Unit("°C"), Range(-40, 150)] | None = None
    humidity: Annotated[float, Unit("%"), Range(0, 100)] | None = None
    co2: Annotated[float, Unit("ppm"), Range(0, 40_000)] | None = None


class RoomWithCode(Room):
    """The same with a rule that only its class knows."""

    @model_validator(mode="after")
    def _not_foggy(self) -> Self:
        if self.humidity == 100 and (self.temperature or 0) > 99:
            raise ValueError("steam is no air")
        return self


class RoomInFahrenheit(Room):
    """The same from devices that send °F."""

    @field_validator("temperature", mode="before")
    @classmethod
    def _to_celsius(cls, value: object) -> object:
        return (value - 32) * 5 / 9 if isinstance(value, float) else value


FIELDS: Mapping[str, Mapping[str, Any]] = {
    "temperature": {"unit": "°C", "min": -40, "max": 150},
    "humidity": {"unit": "%", "min": 0, "max": 100},
    "co2": {"unit": "ppm", "min": 0, "max": 40_000},
}
CONTESTANTS: Mapping[str, Mapping[str, Any]] = {
    "class": {"model": "bench.models:Room"},
    "yaml": {"model": "room", "models": {"room": {"tags": ["rack"], "fields": FIELDS}}},
    "yaml-extends": {
        "model": "room",
        "models": {"room": {"extends": "bench.models:Room", "tag_defaults": {"rack": "r"}}},
    },
    "yaml-converts": {
        "model": "room",
        "models": {"room": {"tags": ["rack"], "fields": {**FIELDS, "temperature": {"unit": "°C", "from_unit": "°F"}}}},
    },
    "class-converts": {"model": "bench.models:RoomInFahrenheit"},
    "class-with-code": {"model": "bench.models:RoomWithCode"},
}

RATIOS = (
    ("yaml", "class"),
    ("yaml-extends", "class"),
    ("yaml-converts", "class-converts"),
    ("yaml-converts", "class"),
    ("class-with-code", "class"),
)


def table(contestant: Mapping[str, Any]) -> RoutingTable:
    """The routing table of one of them."""
    route = {"topic": "farm/{rack}/climate", "model": contestant["model"], "bucket": "Farm"}
    return RoutingTable(Config.model_validate({"routes": [route], "models": contestant.get("models", {})}))


def messages() -> Sequence[Message]:
    """The same for all."""
    values = random.Random(7)
    return [
        Message(
            f"farm/rack{number % TOPICS}/climate",
            b'{"temperature":%.2f,"humidity":%.1f,"co2":%d}'
            % (values.uniform(10, 90), values.uniform(30, 90), values.randrange(400, 1_500)),
            number,
        )
        for number in range(MESSAGES)
    ]


def cpu_of(routes: RoutingTable, sent: Sequence[Message]) -> float:
    """Microseconds of CPU for a message."""
    points: list[Point] = []
    began = time.process_time()
    for message in sent:
        decoder = routes.find(message.topic)
        if decoder is None or decoder.decode(message, points):
            raise RuntimeError(f"not understood: {message}")
    took = time.process_time() - began
    if len(points) != len(sent):
        raise RuntimeError(f"{len(points)} points of {len(sent)} messages")
    return took / len(sent) * 1e6


def compare(rounds: int) -> dict[str, Any]:
    """Medians over the rounds; one goes ahead and does not count."""
    tables = {name: table(contestant) for name, contestant in CONTESTANTS.items()}
    sent = messages()
    took: dict[str, list[float]] = {name: [] for name in tables}
    for turn in range(rounds + 1):
        for name in random.Random(turn).sample(list(tables), len(tables)):
            cost = cpu_of(tables[name], sent)
            if turn:
                took[name].append(cost)
    return {
        "rounds": rounds,
        "cpu_us_a_message": {name: round(statistics.median(costs), 3) for name, costs in took.items()},
        "ratios": {
            f"{one}_of_{other}": round(
                statistics.median(cost / base for cost, base in zip(took[one], took[other], strict=True)), 3
            )
            for one, other in RATIOS
        },
    }


def main() -> None:
    """Print the comparison as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    print(json.dumps(compare(parser.parse_args().rounds), indent=2))


if __name__ == "__main__":
    main()
