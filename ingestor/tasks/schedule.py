"""When a task runs: cron expressions and intervals, in a time zone, whatever the clock does. Pure.

Times are nanoseconds since 1970 UTC. The moments that a plan names are its turns; which turn a task had last is all
that has to be remembered.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim

from ingestor.config import Config, TaskSpec

_NS: Final = 10**9
_GRACE_NS: Final = 60 * _NS
"""A turn that is later than this is missed."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOWS: Final = tuple(timedelta(days=days) for days in (0.05, 1, 8, 40, 370, 3_700))
"""How far back to look for the turn before a moment: the first window that has one is enough."""


class Turn(NamedTuple):
    """A turn, and when the task is to run for it: later than it, with jitter or where it is made up for."""

    turn_ns: int
    due_ns: int


class Schedule:
    """The plan of one task.

    Args:
        name: Of the task; with the turn it decides how much of the jitter there is.
        spec: Its `cron` or `every`, `jitter` and `missed`.
        zone: Of cron expressions.
    """

    def __init__(self, name: str, spec: TaskSpec, *, zone: str) -> None:
        self._name = name
        self._cron = spec.cron
        self._every_ns = round((spec.every or 0) * _NS)
        self._jitter_ns = round(spec.jitter * _NS)
        self._skip = spec.missed == "skip"
        self._zone = ZoneInfo(zone)

    @classmethod
    def of(cls, config: Config, name: str) -> "Schedule":
        """The plan of a task of the configuration."""
        spec = config.tasks[name]
        return cls(name, spec, zone=spec.timezone or config.timezone)

    def recall(self, last_ns: int | None, now_ns: int) -> int | None:
        """What counts as the turn that the task had last, and is to be remembered as that.

        That is the one that was remembered, unless the clock was set back by more than a turn: then it is now, as
        waiting for a time to come again may take years.
        """
        return now_ns if last_ns is not None and last_ns > self._after(now_ns, last_ns) else last_ns

    def next(self, last_ns: int | None, now_ns: int) -> Turn:
        """The turn that comes next, which may be due already.

        A turn that passed while nothing could run is made up for once, or left out, as configured.

        Args:
            last_ns: The turn that the task had last, as `recall` gives it; None where it had none.
            now_ns: What the clock says.
        """
        if last_ns is None:
            turn_ns = now_ns if self._cron is None else self._after(now_ns, now_ns)
            return Turn(turn_ns, turn_ns if self._cron is None else self._due(turn_ns))
        following_ns = self._after(last_ns, last_ns)
        if self._due(following_ns) + _GRACE_NS >= now_ns:
            return self._turn(following_ns)
        latest = self._turn(self._before(now_ns, following_ns))
        if latest.due_ns + _GRACE_NS >= now_ns:
            return latest
        return self._turn(self._after(now_ns, last_ns)) if self._skip else Turn(latest.turn_ns, now_ns)

    def passed(self, last_ns: int, now_ns: int) -> int:
        """The newest turn that has come by now, or the last one: those that pass while a task runs are left out."""
        following_ns = self._after(last_ns, last_ns)
        return last_ns if following_ns > now_ns else self._before(now_ns, following_ns)

    def _turn(self, turn_ns: int) -> Turn:
        return Turn(turn_ns, self._due(turn_ns))

    def _due(self, turn_ns: int) -> int:
        """When to run for a turn: the same each time it is asked, and spread over the jitter from turn to turn."""
        digest = hashlib.sha256(f"{self._name} {turn_ns}".encode()).digest()
        return turn_ns + self._jitter_ns * int.from_bytes(digest[:4], "big") // 2**32

    def _after(self, moment_ns: int, anchor_ns: int) -> int:
        """The first turn after a moment; those of intervals are whole ones away from an anchor."""
        if self._cron is None:
            return anchor_ns + ((moment_ns - anchor_ns) // self._every_ns + 1) * self._every_ns
        return self._cron_after(self._cron, moment_ns)

    def _cron_after(self, cron: str, moment_ns: int) -> int:
        local = (_EPOCH + timedelta(seconds=moment_ns // _NS)).astimezone(self._zone)
        for found in CronSim(cron, local):
            # In the hour that comes twice the first answer may lie in its first half, which is over.
            turn_ns = _nanoseconds(found)
            if turn_ns > moment_ns:
                return turn_ns
        raise ValueError(f"{cron} names no moment any more")

    def _before(self, moment_ns: int, from_ns: int) -> int:
        """The newest turn that is not after a moment, where there is one from `from_ns` on, which is a turn."""
        if self._cron is None:
            return from_ns + (moment_ns - from_ns) // self._every_ns * self._every_ns
        for window in _WINDOWS:
            turn_ns = self._after(moment_ns - window // timedelta(microseconds=1) * 1000, from_ns)
            if turn_ns <= moment_ns:
                break
        else:
            turn_ns = from_ns
        while (following_ns := self._after(turn_ns, from_ns)) <= moment_ns:
            turn_ns = following_ns
        return max(turn_ns, from_ns)


def _nanoseconds(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(seconds=1) * _NS
