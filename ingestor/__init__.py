"""Stores what sensors publish over MQTT: validated, once, and never silently lost.

`from ingestor import Writer` is the door for scripts and notebooks.
"""

from typing import TYPE_CHECKING

__all__ = ["Writer"]
__version__ = "0.1.0"

if TYPE_CHECKING:
    from ingestor.writer import Writer
else:

    def __getattr__(name: str) -> type:
        """Import `Writer` when somebody asks for it: what needs only the version pays nothing for it."""
        if name != "Writer":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from ingestor.writer import Writer  # noqa: PLC0415 - see above

        return Writer
