"""Stores what sensors publish over MQTT: validated, once, and never silently lost.

`from ingestor import Writer` is the door for scripts and notebooks.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestor.writer import Writer

__all__ = ["Writer"]
__version__ = "0.1.0"


def __getattr__(name: str) -> "type[Writer]":
    """`Writer`, imported when somebody asks for it: what only needs the version pays nothing for it."""
    if name != "Writer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ingestor.writer import Writer  # noqa: PLC0415 - see above

    return Writer
