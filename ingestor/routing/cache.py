"""A bounded memory of what was worked out for a key, whose hits cost one dictionary look-up."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


class Recent(Generic[Key, Item]):
    """Keeps what was used lately, in two generations; what neither holds is forgotten.

    When the young generation is full it becomes the old one, and what is asked for again moves back. Whatever keys
    are invented, both together stay within the bound.

    Args:
        max_bytes: The bound on what both generations may take.
        size_of: About how many bytes a key takes together with its item.
    """

    __slots__ = ("_bytes", "_limit", "_old", "_size_of", "_young")

    def __init__(self, max_bytes: int, *, size_of: Callable[[Key], int]) -> None:
        self._limit = max_bytes // 2
        self._size_of = size_of
        self._bytes = 0
        self._young: dict[Key, Item] = {}
        self._old: dict[Key, Item] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: Key) -> Item | None:
        """The item, None where it is not known (any more)."""
        found = self._young.get(key)
        if found is None and (found := self._old.pop(key, None)) is not None:
            self.put(key, found)
        return found

    def forget(self, key: Key) -> None:
        """Do not know it any more."""
        self._young.pop(key, None)
        self._old.pop(key, None)

    def put(self, key: Key, item: Item) -> None:
        """Remember an item, in place of what was oldest; a single one that is over the bound is not kept."""
        size = self._size_of(key)
        if self._bytes + size > self._limit:
            self._old, self._young, self._bytes = self._young, {}, 0
        if size <= self._limit:
            self._young[key] = item
            self._bytes += size
