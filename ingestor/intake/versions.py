"""Which version of MQTT to speak. Pure."""

from typing import Literal

from ingestor.intake.wire import Version

_SILENCES = 3
"""A broker that was heard before may be slow; after so many silences in a row it may be another one by now."""


class VersionChoice:
    """With `auto`, MQTT 5 first, and 3.1.1 where the broker refuses that or answers it with silence.

    Args:
        protocol: As `mqtt.protocol` has it.

    Attributes:
        current: To be spoken on the next connection; what has worked stays.
    """

    def __init__(self, protocol: Literal["auto", "5", "3.1.1"]) -> None:
        self.current = Version.V311 if protocol == "3.1.1" else Version.V5
        self._auto = protocol == "auto"
        self._patience = 0
        self._turned = False

    def worked(self) -> None:
        """The broker took the current version."""
        self._turned = False
        self._patience = _SILENCES - 1

    def turn(self, *, refused: bool) -> bool:
        """The broker did not take the current version: it refused it, or did not answer.

        Returns:
            Whether the other one is worth an attempt at once; else wait first, as after any failure.
        """
        if not self._auto:
            return False
        if not refused and self._patience:
            self._patience -= 1
            return False
        self.current = Version.V311 if self.current is Version.V5 else Version.V5
        self._turned = not self._turned
        return self._turned
