"""Options that several commands share, and what they stand for."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ingestor import configfile
from ingestor.config import Config, parse_duration
from ingestor.errors import ConfigError
from ingestor.routing.filters import Filter

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="The configuration file; ./config.yaml if not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


class Topics:
    """The topics that an MQTT filter matches.

    Args:
        text: The filter, as a person wrote it.

    Raises:
        typer.BadParameter: It is none.
    """

    def __init__(self, text: str) -> None:
        try:
            self._filter = Filter.parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    def __str__(self) -> str:
        return str(self._filter)

    def __contains__(self, topic: str) -> bool:
        return self._filter.matches(topic.split("/"))


TopicFilter = Annotated[
    Topics | None,
    typer.Option("--topic", parser=Topics, metavar="FILTER", help="Only topics that this MQTT filter matches."),
]


def load_config(path: Path | None) -> Config:
    """The configuration from the file, secret files and the environment.

    Raises:
        ConfigError: With every problem.
    """
    return configfile.load(path, environ=os.environ)


@contextmanager
def with_lines(path: Path | None) -> Iterator[None]:
    """Inside it, faults of a configuration that are found after reading it get their lines in the file.

    Raises:
        ConfigError: With them.
    """
    try:
        yield
    except ConfigError as error:
        raise configfile.located(error, path, environ=os.environ) from None


def seconds(text: str) -> float:
    """The time that a person means: seconds, or a number with a unit like `5m`.

    Raises:
        typer.BadParameter: It is neither, or not more than nothing.
    """
    try:
        secs = float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else parse_duration(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither seconds nor a number with a unit (90s, 5m, 2h)") from None
    if secs <= 0:
        raise typer.BadParameter("a time is more than 0")
    return secs


def parse_where(words: Iterable[str]) -> dict[str, list[str]]:
    """Tags and their values, out of `TAG=VALUE`: with one tag said twice, either value fits.

    Raises:
        typer.BadParameter: A word is something else.
    """
    tags: dict[str, list[str]] = {}
    for word in words:
        tag, equals, value = word.partition("=")
        if not equals or not tag:
            raise typer.BadParameter(f"{word!r} is not TAG=VALUE")
        tags.setdefault(tag, []).append(value)
    return tags


def moment_ns(text: str) -> int:
    """The moment a person means: an ISO time (UTC where it names no zone), or an age like `2h`.

    Raises:
        typer.BadParameter: It is neither.
    """
    try:
        moment = datetime.now(UTC) - timedelta(seconds=parse_duration(text))
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise typer.BadParameter(
                f"{text!r} is neither a time (2026-01-31T12:00:00+08:00) nor an age (30m, 2h, 7d)"
            ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round((moment - datetime.fromtimestamp(0, UTC)) / timedelta(microseconds=1)) * 1000
