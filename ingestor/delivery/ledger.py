"""The accounts of one store: how many messages became what, on disk and since."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ingestor import deadletters, state
from ingestor.deadletters import Fate, Letter, Returned
from ingestor.delivery import routings
from ingestor.encode.types import TypeRegistry
from ingestor.ports import Message
from ingestor.routing.announced import Announced
from ingestor.state import CursorRow


class Saved(NamedTuple):
    """What a transaction found when it was done, and the announcements that it kept."""

    totals: dict[str, int]
    held_bytes: int
    announcements: Sequence[Message]


class Ledger:
    """Counts what became of the messages before `position`; counts, letters and cursor reach the disk together.

    Args:
        store: The store's name.
        row: Its cursor as last saved.
        totals: Its counters as last saved.
        types: Its type registry, whose news are saved along.
        max_letter_bytes: The bound of all dead letters together.
        routing: Under what messages are decoded (see `routings`); None where nobody will ask.
        announced: What decoding has learned, which is saved along: the cursor passes no announcement that is not kept.
    """

    def __init__(
        self,
        store: str,
        row: CursorRow,
        *,
        totals: Mapping[str, int],
        types: TypeRegistry,
        max_letter_bytes: int,
        routing: int | None = None,
        announced: Announced | None = None,
    ) -> None:
        self.store = store
        self.routing = routing
        self.began = row.began
        self.position = self.saved_position = row.position
        self.unsaved_bytes = 0
        self.held_bytes = 0
        self._saved: Mapping[str, int] = dict(totals)
        self._since: Counter[str] = Counter()
        self._letters: list[Letter] = []
        self._types = types
        self._announced = announced
        self._max_letter_bytes = max_letter_bytes

    @property
    def totals(self) -> Mapping[str, int]:
        """All counts up to `position`."""
        totals = Counter(self._saved)
        totals.update(self._since)
        return totals

    @property
    def unsaved(self) -> bool:
        """Whether there is something to put on disk."""
        return self.position != self.saved_position

    @property
    def may_hold(self) -> bool:
        """Whether there is room for more held letters, which are never put out to make room."""
        return self.held_bytes + self.unsaved_bytes < self._max_letter_bytes

    def enter(self, position: int, counts: Counter[str], letters: Iterable[Letter]) -> None:
        """The messages before `position` are settled."""
        self.position = position
        self._since.update(counts)
        for letter in letters:
            self._letters.append(letter)
            self._since[f"reason.{letter.reason}"] += 1
            self.unsaved_bytes += letter.message.size + len(letter.detail)

    def save(self, connection: sqlite3.Connection) -> Saved:
        """Put everything on disk: the work of a transaction; `saved` follows when it is through."""
        deadletters.add(connection, self.store, self._letters)
        state.count(connection, self.store, self._since)
        state.move_cursor(connection, self.store, self.position)
        return self._finish(connection)

    def save_returned(
        self, connection: sqlite3.Connection, returned: list[Returned], counts: Counter[str], letters: Iterable[Letter]
    ) -> Saved:
        """The same for messages that were tried again; what `enter` brought stays for the next `save`."""
        known = list(letters)
        saved = self.save_replayed(connection, returned, counts, known)
        fates = {one.position: str(Fate.STORED) for one in returned if one.position != deadletters.NEVER_JOURNALED}
        fates |= {letter.position: str(letter.fate) for letter in known if letter.position in fates}
        routings.except_(connection, self.store, fates, self.routing)
        return saved

    def save_replayed(
        self, connection: sqlite3.Connection, returned: list[Returned], counts: Counter[str], letters: Iterable[Letter]
    ) -> Saved:
        """The same for messages of the journal; `returned` are those of which something had been set aside."""
        counts["fields_set_aside"] -= deadletters.fields_left_out(connection, self.store, returned)
        deadletters.settle(connection, self.store, returned, letters)
        state.count(connection, self.store, counts)
        return self._finish(connection)

    def _finish(self, connection: sqlite3.Connection) -> Saved:
        state.add_field_types(connection, self.store, self._types.unsaved)
        deadletters.make_room(connection, self._max_letter_bytes)
        announcements = () if self._announced is None else self._announced.unsaved
        state.add_announcements(connection, announcements)
        return Saved(state.counters(connection, self.store), deadletters.held_bytes(connection), announcements)

    def reload(self, totals: Mapping[str, int]) -> None:
        """The counters as they are on disk: commands may have changed them."""
        self._saved = totals

    def saved(self, saved: Saved, *, all_entered: bool) -> None:
        """The transaction is on disk; with `all_entered` it was that of `save`."""
        self._saved, self.held_bytes, announcements = saved
        self._types.saved()
        if self._announced is not None:
            self._announced.saved(announcements)
        if all_entered:
            self._since, self._letters, self.unsaved_bytes = Counter(), [], 0
            self.saved_position = self.position
