"""What is heard of devices: which are there, which are not, and which are silent for longer than they should be.

It is told beside the way of readings, and nothing that is stored depends on it. States are kept in `state.db`, as
brokers tell them again only where somebody subscribes anew; when a device was last heard of begins anew at each start.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

from ingestor import state
from ingestor.config import Device
from ingestor.state import State
from ingestor.stats import DeviceStats

_FACT = "device_states"
_MAX_STATES = 5_000


class _Said(NamedTuple):
    """What was said of a device: whether it is there, since when, and when that was last received."""

    online: bool
    since_ns: int
    last_ns: int


class DeviceBoard:
    """A `DeviceLog` that people can look at. Of equal devices, what was received last counts.

    Args:
        rows: The table of devices.
        began_ns: When the service started: nothing is overdue before it could have been heard of.
        said: States as they were kept.
    """

    def __init__(self, rows: Iterable[Device], *, began_ns: int, said: Mapping[str, _Said] | None = None) -> None:
        self._intervals: dict[str, float | None] = {}
        for row in rows:
            self._intervals[row.id] = row.interval or self._intervals.get(row.id)
        self._seen: dict[str, int] = {}
        self._said = dict(said or {})
        self._kept = dict(self._said)
        self._began_ns = began_ns

    @classmethod
    async def load(cls, store: State, rows: Iterable[Device], *, began_ns: int) -> Self:
        """With the states that were kept.

        Raises:
            StateError: They cannot be read just now.
        """
        text = await store.run(lambda connection: state.fact(connection, _FACT))
        return cls(rows, began_ns=began_ns, said=_parse(text))

    async def save(self, store: State) -> None:
        """Keep what was said since it was last kept.

        Raises:
            StateError: It could not be kept; it will be with the next.
        """
        if self._said == self._kept:
            return
        said = dict(self._said)
        text = json.dumps(said)

        def keep(connection: sqlite3.Connection) -> None:
            state.set_fact(connection, _FACT, text)

        await store.run(keep)
        self._kept = said

    def seen(self, device: str, received_ns: int) -> None:
        """See `DeviceLog`; of devices of the table alone, so nobody can make it grow."""
        if received_ns > self._seen.get(device, 0):
            self._seen[device] = received_ns

    def state(self, device: str, received_ns: int, *, online: bool) -> None:
        """See `DeviceLog`; of more than 5,000 devices, those that changed last are known."""
        known = self._said.get(device)
        if known is not None and known.last_ns >= received_ns:
            return
        since_ns = known.since_ns if known is not None and known.online is online else received_ns
        self._said.pop(device, None)
        self._said[device] = _Said(online, since_ns, received_ns)
        if len(self._said) > _MAX_STATES:
            del self._said[next(iter(self._said))]

    def stats(self, now_ns: int) -> Sequence[DeviceStats]:
        """Every device of the table, and every other that said whether it is there, by name."""
        return tuple(self._stats(name, now_ns) for name in sorted({*self._intervals, *self._said}))

    def _stats(self, name: str, now_ns: int) -> DeviceStats:
        said, seen, every = self._said.get(name), self._seen.get(name), self._intervals.get(name)
        silent = (now_ns - (seen or self._began_ns)) / 1e9
        return DeviceStats(
            name,
            online=None if said is None else said.online,
            since_secs=None if said is None else max(0.0, (now_ns - said.since_ns) / 1e9),
            silent_secs=None if seen is None else max(0.0, silent),
            interval_secs=every,
            overdue=every is not None and silent > every,
        )


def _parse(text: str | None) -> dict[str, _Said]:
    loaded: dict[str, Any] = json.loads(text) if text else {}
    return {name: _Said(*said) for name, said in loaded.items()}
