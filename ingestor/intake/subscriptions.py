"""What the intake subscribes to: what the configuration wants, and what comes to be wanted besides. Pure."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

_CHANGE_SECS: Final = 1.0
"""So often at most it changes while connected: all that is subscribed to is written down each time."""


class Change(NamedTuple):
    """Filters to subscribe to and to give up, and all that is in force then."""

    new: Sequence[str]
    gone: Sequence[str]
    in_force: tuple[str, ...]


class Subscriptions:
    """The filters of one session.

    Args:
        fixed: What the configuration wants; they must not overlap (mosquitto would send such messages twice).
        more: Gives what is wanted besides; no two of all these may overlap.
        group: Of shared subscriptions; None where they are not shared.
        in_force: What the session is known to have.

    Attributes:
        fixed: As they are subscribed.
    """

    def __init__(
        self, fixed: Sequence[str], more: Callable[[], Sequence[str]], *, group: str | None, in_force: Sequence[str]
    ) -> None:
        self.fixed = shared(fixed, group)
        self._more = more
        self._group = group
        self._in_force = tuple(in_force)
        self._stale = False
        self._change_at = 0.0

    def changed(self) -> None:
        """`more` gives something else than before."""
        self._stale = True

    def due_in(self, now: float) -> float | None:
        """After how many seconds to `change`; None while nothing has changed. `now` is a monotonic clock."""
        return max(0.0, self._change_at - now) if self._stale else None

    def forgotten(self) -> None:
        """The broker has no session of ours."""
        self._in_force = ()

    def change(self, now: float, *, all_of_it: bool) -> Change:
        """What to do beyond `fixed`, which is in force.

        Args:
            now: The time.
            all_of_it: Ask for everything, as after each connection; else only for what is new: what a broker kept
                would come again.
        """
        self._stale, self._change_at = False, now + _CHANGE_SECS
        more = shared(self._more(), self._group)
        wanted = dict.fromkeys((*self.fixed, *more))
        known = frozenset(self._in_force)
        gone = [name for name in self._in_force if name not in wanted]
        return Change([name for name in more if all_of_it or name not in known], gone, tuple(wanted))

    def done(self, change: Change) -> None:
        """The change is in force."""
        self._in_force = change.in_force


def shared(filters: Sequence[str], group: str | None) -> tuple[str, ...]:
    """The filters as they are subscribed: those of a group share the messages out among its members."""
    return tuple(f"$share/{group}/{name}" if group else name for name in filters)
