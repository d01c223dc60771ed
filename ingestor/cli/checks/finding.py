"""One thing that a check found."""

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How much it matters."""

    OK = "ok"
    NOTE = "note"
    """Works, but ought to be known."""
    PROBLEM = "problem"
    """Keeps readings from coming or from being stored."""


class Finding(NamedTuple):
    """What was found about what; for anything but `OK` the text also says what to do."""

    level: Level
    about: str
    text: str


def ok(about: str, text: str) -> Finding:
    """All is well with it."""
    return Finding(Level.OK, about, text)


def note(about: str, text: str) -> Finding:
    """It works, but this ought to be known."""
    return Finding(Level.NOTE, about, text)


def problem(about: str, text: str) -> Finding:
    """It does not work."""
    return Finding(Level.PROBLEM, about, text)
