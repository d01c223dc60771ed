"""How long to wait before the next attempt. Pure: chance and time come from the caller."""

import random as chance
import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks us to wait (RFC 9110, section 10.2.3); None where it does not, or asks for nonsense.

    A date is compared with the server's own clock.

    Args:
        headers: Of its answer, named in small letters or whatever the mapping makes of those.
    """
    asked = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", asked):
        return float(asked)
    try:
        until, now = parsedate_to_datetime(asked), parsedate_to_datetime(headers.get("date", ""))
        secs = (until - now).total_seconds()
    except (ValueError, TypeError, OverflowError):  # garbage, or one with a zone and one without
        return None
    return secs if secs >= 0 else None


class Backoff:
    """Waits that double from `first_secs` to `cap_secs`, each drawn between nothing and that ("full jitter").

    Jitter keeps a fleet from knocking all at once when a server comes back. One success does not make a server
    well: the waits start over only after attempts have succeeded for `stable_secs`.

    Args:
        first_secs: The longest first wait.
        cap_secs: No wait is longer.
        random: A number from 0 to 1, drawn anew for each wait.
        stable_secs: How long successes must last before the waits start over.
    """

    def __init__(
        self,
        first_secs: float,
        cap_secs: float,
        random: Callable[[], float] = chance.random,
        *,
        stable_secs: float = 60.0,
    ) -> None:
        self._first_secs = first_secs
        self._cap_secs = cap_secs
        self._random = random
        self._stable_secs = stable_secs
        self._ceiling_secs = first_secs
        self._well_since: float | None = None

    def next(self) -> float:
        """Seconds to wait after an attempt that failed."""
        self._well_since = None
        ceiling_secs = min(self._ceiling_secs, self._cap_secs)
        self._ceiling_secs = ceiling_secs * 2
        return ceiling_secs * self._random()

    def succeeded(self, at: float) -> None:
        """Note that all is well at this moment of a monotonic clock, in seconds; call it as often as you like."""
        if self._well_since is None:
            self._well_since = at
        if at - self._well_since >= self._stable_secs:
            self._ceiling_secs = self._first_secs
