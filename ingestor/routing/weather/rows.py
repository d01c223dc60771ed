"""From the weather tasks of a configuration to routes: what they fetch lies in the journal under topics of their own.

No broker can put anything under these topics: nothing subscribes to them, rows of `routes` cannot name them, and what
a broker sends under one of them nevertheless lacks the bit that only a task of ours sets (`ports.FETCHED`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

from ingestor.config import Provider, Route, TaskSpec, TimeOf
from ingestor.ports import FETCHED, UNROUTED, Decoder, Flaw, Message, Point
from ingestor.routing.models import Models
from ingestor.routing.route import Compiled, ReadingRoute, Shared
from ingestor.routing.topic import Template
from ingestor.routing.unpack import Unpack
from ingestor.routing.weather import openmeteo, openweathermap

ROOT: Final = "$weather"
"""The first level of these topics."""
_MODEL: Final = "weather"
_AHEAD_SECS: Final = 100 * 365 * 86_400.0


class What(StrEnum):
    """What was asked of a provider."""

    CURRENT = "current"
    HOURLY = "hourly"


UNPACKS: Final[Mapping[tuple[Provider, What], Unpack]] = {
    ("openweathermap", What.CURRENT): openweathermap.current,
    ("open-meteo", What.CURRENT): openmeteo.current,
    ("open-meteo", What.HOURLY): openmeteo.hourly,
}
"""How each answer is read; both parts together are what can be asked for."""
_MEASUREMENTS: Final[Mapping[What, str]] = {What.CURRENT: "weather", What.HOURLY: "weather_forecast"}
_TIME: Final = TimeOf(field="time", unit="s", max_ahead=f"{_AHEAD_SECS:.0f}s", outside="reject")
"""A forecast lies ahead, and a clock of ours that was never set is no reason to doubt the provider's."""


def weather_topic(task: str, provider: Provider, what: What) -> str:
    """Where an answer lies in the journal."""
    return f"{ROOT}/{task}/{provider}/{what}"


def asked(task: TaskSpec, what: What) -> Sequence[Provider]:
    """The providers of a task that can tell this, in order; none where the task does not want it."""
    if what is What.HOURLY and task.forecast == "none":
        return ()
    return [provider for provider in task.providers if (provider, what) in UNPACKS]


def compile_weather(name: str, task: TaskSpec, models: Models, shared: Shared) -> Iterator[Compiled]:
    """The routes of a weather task.

    Raises:
        ValueError: They cannot work; it says why.
    """
    model = models.find(_MODEL)
    for what in What:
        for provider in asked(task, what):
            row = Route(
                topic=weather_topic(name, provider, what),
                model=model.name,
                bucket=task.bucket,
                measurement=_MEASUREMENTS[what],
                tags={"provider": provider, **task.tags},
                time=_TIME,
            )
            route = ReadingRoute(row, model=model, shared=shared, unpack=UNPACKS[provider, what])
            yield Compiled(route.template, _fetched_only(route), wanted=False)


def _fetched_only(route: ReadingRoute) -> Callable[[Mapping[str, str]], Decoder]:
    def bind(captures: Mapping[str, str]) -> Decoder:
        return FetchedDecoder(route.bind(captures))

    return bind


class FetchedDecoder:
    """Decodes what a task fetched, and nothing that a broker sent.

    Args:
        inner: Decodes it.
    """

    __slots__ = ("_inner", "skips_retained")

    def __init__(self, inner: Decoder) -> None:
        self.skips_retained = False
        self._inner = inner

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:
        """See `ingestor.ports.Decoder`."""
        return self._inner.decode(message, into) if message.flags & FETCHED else UNROUTED


def refuse_weather(template: Template) -> None:
    """Say of a row of `routes` that it is none.

    Raises:
        ValueError: It names topics that belong to tasks.
    """
    if template.filter.levels[:1] == (ROOT,):
        raise ValueError(f"topics under {ROOT} hold what tasks fetch; no other row can take them")


def decisive(tasks: Mapping[str, TaskSpec]) -> dict[str, object]:
    """What of `tasks` decides how weather is decoded: tasks that can be read as configuration, and say no more."""
    place = {"every": "1d", "latitude": 0, "longitude": 0, "api_key": "-"}
    said = {"bucket", "tags", "providers", "forecast"}
    return {
        name: {"kind": "weather", **place, **task.model_dump(mode="json", include=said)}
        for name, task in tasks.items()
        if task.kind == "weather"
    }
