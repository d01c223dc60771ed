"""Which of many filters take a topic, without asking each of them: a tree of their levels."""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from ingestor.routing.filters import Filter

Item = TypeVar("Item")


class TopicIndex(Generic[Item]):
    """Items by the topic filters that they stand for."""

    __slots__ = ("_root",)

    def __init__(self) -> None:
        self._root: _Node[Item] = _Node()

    def add(self, pattern: Filter, item: Item) -> None:
        """Put an item in; several may have one filter."""
        node = self._root
        for level in pattern.levels:
            node = node.children.setdefault(level, _Node())
        (node.open_ended if pattern.open_ended else node.ending).append(item)

    def matching(self, topic: Sequence[str]) -> Iterator[Item]:
        """The items whose filters take the topic of these levels."""
        if topic[0].startswith("$"):
            first = self._root.children.get(topic[0])
            return _walk(first, topic, 1) if first else iter(())
        return _walk(self._root, topic, 0)


class _Node(Generic[Item]):
    """One level of some filters: the items of those that end here or go on with `#`, and the levels below."""

    __slots__ = ("children", "ending", "open_ended")

    def __init__(self) -> None:
        self.children: dict[str, _Node[Item]] = {}
        self.ending: list[Item] = []
        self.open_ended: list[Item] = []


def _walk(node: _Node[Item], topic: Sequence[str], depth: int) -> Iterator[Item]:
    """The items at and below a node that take the levels from `depth` on; as deep as the filters are, not the topic."""
    yield from node.open_ended
    if depth == len(topic):
        yield from node.ending
        return
    for level in (topic[depth], "+"):
        child = node.children.get(level)
        if child is not None:
            yield from _walk(child, topic, depth + 1)
