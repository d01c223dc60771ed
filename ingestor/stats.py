"""What the service says of itself: one frozen snapshot for /readyz, /metrics, /api/status and `status`.

Counts are messages, exact at any time and after any crash, and hold these equations:

    received = journaled + recognised + skipped
    journaled = stored + set_aside + unrouted + ignored + dropped + damaged + pending        (for each store)
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class IntakeStats:
    """What came from the broker since this data directory was new.

    `recognised` were sent again by the broker and were in the journal already; `skipped` were over the size limit.
    `connected` and `subscribed` speak of now; `fault` says in words what keeps readings from coming.
    `reconnects` counts since the start. `session_secs` is for how long the broker keeps what comes while we are
    away, as far as it says so; how much of it a broker keeps, none says.
    """

    received: int = 0
    journaled: int = 0
    recognised: int = 0
    skipped: int = 0
    connected: bool = False
    subscribed: bool = False
    paused: bool = False
    protocol: str = ""
    reconnects: int = 0
    session_secs: int | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class JournalStats:
    """The queue on disk. `lasts_secs` is how long its free room would last at the present rate, None when idle."""

    bytes: int = 0
    max_bytes: int = 0
    segments: int = 0
    end: int = 0
    lasts_secs: float | None = None
    full: bool = False
    bytes_written: int = 0
    fault: str | None = None


class RateGauge:
    """How fast something grows, over about the last minute.

    Feed it the total now and then, with a monotonic time in seconds.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=13)

    def add(self, now: float, total: int) -> None:
        """Note the total at this moment."""
        self._samples.append((now, total))

    def secs_until(self, room: int) -> float | None:
        """Seconds until it has grown by `room` more; None when it does not grow, or that is not known yet."""
        if len(self._samples) < 2:
            return None
        (began, first), (ended, last) = self._samples[0], self._samples[-1]
        if last <= first or ended <= began:
            return None
        return max(0.0, room * (ended - began) / (last - first))


@dataclass(frozen=True, slots=True)
class StoreStats:
    """What became of the journaled messages on their way to one store.

    `journaled` counts from where this store began. `held` of the `pending` wait for a bucket to be mended.
    `reasons` counts dead letters by reason, whole messages and single points or fields alike.
    `points` counts points written, those that are written again (a replay, a repeat after a crash) included;
    `fields_set_aside` counts fields left out of them.
    `lag_secs` is the age of the oldest message that is not written yet, 0 when there is none.
    """

    name: str
    journaled: int = 0
    stored: int = 0
    set_aside: int = 0
    unrouted: int = 0
    ignored: int = 0
    dropped: int = 0
    damaged: int = 0
    pending: int = 0
    held: int = 0
    points: int = 0
    fields_set_aside: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    lag_secs: float = 0.0
    writes: int = 0
    write_secs: float = 0.0
    fault: str | None = None

    @classmethod
    def of(cls, name: str, *, totals: Mapping[str, int], waiting: int) -> Self:
        """From a store's counters, and how many messages of the journal it has not settled yet."""
        reasons = {key.removeprefix("reason."): value for key, value in totals.items() if key.startswith("reason.")}
        return cls(
            name,
            stored=totals.get("stored", 0),
            set_aside=totals.get("set_aside", 0),
            unrouted=totals.get("unrouted", 0),
            ignored=totals.get("ignored", 0),
            dropped=totals.get("dropped", 0),
            damaged=totals.get("damaged", 0),
            pending=waiting + totals.get("held", 0),
            held=totals.get("held", 0),
            points=totals.get("points", 0),
            fields_set_aside=totals.get("fields_set_aside", 0),
            reasons=reasons,
        )


@dataclass(frozen=True, slots=True)
class DeviceStats:
    """A device of the table, or one that said whether it is there.

    `online` is None where nobody said; `since_secs` is for how long that is so. `silent_secs` is how long ago its last
    reading came, None where none came since the start; `overdue` where that is longer than its interval.
    """

    id: str
    online: bool | None = None
    since_secs: float | None = None
    silent_secs: float | None = None
    interval_secs: float | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class AnnouncedStats:
    """What devices have announced to rows with `discovery`.

    `announcements` hold now, for `topics` that no row takes; `left_to_rows` are topics that were announced and that
    rows take. `refused` counts, since the start, those that there was no room for.
    """

    announcements: int = 0
    topics: int = 0
    left_to_rows: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class TaskStats:
    """A task, and what came of its last run. Times are nanoseconds since 1970 UTC, None for what never was.

    `outcome` is never, running, done, failed, timed_out or interrupted; `words` tell more of it. `runs`, `failures` and
    `faults` (by kind) count since this data directory was new. `fault` is why the last run failed.
    """

    name: str
    kind: str
    outcome: str = "never"
    words: str = ""
    began_ns: int | None = None
    ended_ns: int | None = None
    succeeded_ns: int | None = None
    next_ns: int | None = None
    runs: int = 0
    failures: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    fault: str | None = None

    @property
    def lasted_secs(self) -> float | None:
        """How long the last run took that ended."""
        return None if self.began_ns is None or self.ended_ns is None else max(0, self.ended_ns - self.began_ns) / 1e9


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one moment. `ready` means that data can flow; `reasons` says in words why it cannot."""

    version: str
    uptime_secs: float
    intake: IntakeStats
    journal: JournalStats
    stores: tuple[StoreStats, ...]
    devices: tuple[DeviceStats, ...] = ()
    tasks: tuple[TaskStats, ...] = ()
    announced: AnnouncedStats = AnnouncedStats()
    disk_bytes_written: int | None = None
    dead_letter_bytes: int = 0
    dead_letters_put_out: int = 0

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why data cannot flow from the broker to every store right now, a line each; empty when it can."""
        found = []
        if self.intake.fault:
            found.append(f"mqtt: {self.intake.fault}")
        elif not self.intake.connected:
            found.append("mqtt: not connected")
        elif not self.intake.subscribed:
            found.append("mqtt: not subscribed")
        if self.journal.fault:
            found.append(f"journal: {self.journal.fault}")
        elif self.journal.full:
            found.append("journal: full, intake is paused until a store catches up")
        found += [f"store {store.name}: {store.fault}" for store in self.stores if store.fault]
        return tuple(found)

    @property
    def ready(self) -> bool:
        """Whether data can flow from the broker to every store."""
        return not self.reasons

    def to_json(self) -> dict[str, Any]:
        """The same as plain data, for /api/status and `status --json`."""
        return {"ready": self.ready, "reasons": list(self.reasons), **asdict(self)}
