"""Options that several commands share, and what they stand for."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ingestor import configfile
from ingestor.config import Config, parse_duration

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="The configuration file; ./config.yaml if not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


def load_config(path: Path | None) -> Config:
    """The configuration from the file, secret files and the environment.

    Raises:
        ConfigError: With every problem.
    """
    return configfile.load(path, environ=os.environ)


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


def readable_time(time_ns: int) -> str:
    """A moment as people read it, in UTC, to the millisecond."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
