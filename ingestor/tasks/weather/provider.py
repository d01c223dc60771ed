"""What is to be known of a weather service; a new one is a file beside this one and a row in `catalog`."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from ingestor.config import TaskSpec
from ingestor.routing.weather.rows import What


class Ask(NamedTuple):
    """A question over HTTP: a path below the service's address, and its parameters, of which some may be secret."""

    path: str
    params: Mapping[str, str]


class WeatherService(Protocol):
    """A weather service. Pure: it does not ask, it knows how to. What it answers is read in `routing.weather`.

    Attributes:
        address: Where it is.
        complaint: Under which key of an answer it says in words why it does not tell the weather.
    """

    address: str
    complaint: str

    def ask(self, what: What, task: TaskSpec) -> Ask:
        """The question for the weather at the place of a task; called before each request."""
