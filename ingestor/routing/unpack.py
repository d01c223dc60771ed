"""From what a payload says to its readings, each flat: a value by the name of its field, tag or time."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from ingestor.ports import Reason, Value
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.path import Path
from ingestor.routing.wire import MAX_TEXT, Values
from ingestor.routing.words import shorten, show

MAX_READINGS: Final = 10_000
"""So many readings one payload can have."""
MAX_UNKNOWN: Final = 1_000
"""So many fields that its model does not know one reading can have."""

Reading = Values | UnreadableError
"""Values by name, not validated; or what is wrong, where one of several readings of a payload cannot be read."""
Unpack = Callable[[object], Sequence[Reading]]
"""Raises UnreadableError where the payload is not what it reads; no readings mean that there is none to store."""


class TagText(str):
    """Text that is a tag, wherever it came from, although no model says so."""

    __slots__ = ()


class Unpacker:
    """What the keys `paths`, `each` and `each_key` of a route say; an `Unpack`.

    Args:
        paths: Where values stand that do not stand under their own name.
        each: Where the list or object stands of which each item is a reading; None for one reading.
        each_key: The tag that gets the index or key of the item.
        reason: What a payload of another form is refused with.
    """

    def __init__(
        self, paths: Mapping[str, Path], *, each: Path | None = None, each_key: str | None = None, reason: Reason
    ) -> None:
        self._paths = paths
        self._each = each
        self._each_key = each_key
        self._reason = reason
        self._roots = frozenset(path.steps[0] for path in paths.values() if path.steps and not path.from_root)

    @property
    def plain(self) -> bool:
        """Whether a payload is one reading, with everything under its own name."""
        return self._each is None and not self._paths

    def __call__(self, document: object) -> Sequence[Reading]:
        """See `Unpack`."""
        if self._each is None:
            if not isinstance(document, dict):
                raise UnreadableError(self._reason, f"the payload is {show(document)} where an object belongs")
            return [self._reading(document, document)]
        found = self._each.find(document, document)
        if not isinstance(found, dict | list):
            said = "nothing" if found is None else show(found)
            raise UnreadableError(self._reason, f"there is {said} where a list or object of readings belongs")
        if not found:
            raise UnreadableError(Reason.EMPTY, "there is no reading in it")
        if len(found) > MAX_READINGS:
            raise UnreadableError(self._reason, f"more than {MAX_READINGS:,} readings in one payload")
        items: Iterable[tuple[object, object]] = found.items() if isinstance(found, dict) else enumerate(found)
        return [
            item if isinstance(item, UnreadableError) else self._keyed(key, self._reading(item, document))
            for key, item in items
        ]

    def _reading(self, item: object, root: object) -> Values:
        values = dict(item) if isinstance(item, dict) else {}
        if self._paths:
            values = {name: value for name, value in values.items() if name not in self._roots}
            values.update((name, path.find(item, root)) for name, path in self._paths.items())
        return values

    def _keyed(self, key: object, values: Values) -> Values:
        if self._each_key is not None:
            values[self._each_key] = TagText(key)
        return values


class Unknown(NamedTuple):
    """What a reading has besides what its model knows."""

    fields: dict[str, Value]
    tags: dict[str, str]
    refused: dict[str, str]


def unknown(values: Values, known: Collection[str], *, store: bool) -> Unknown:
    """Take apart what the model does not know: nested values by their path, joined by dots.

    Numbers become floats, unless they are of a format that tells whole ones apart (`WholeNumber`).

    Args:
        values: All that the reading has.
        known: The names that the model or the route uses.
        store: Whether fields are wanted, too, or tags alone.

    Raises:
        UnreadableError: There are too many of them.
    """
    found = Unknown({}, {}, {})
    waiting: list[tuple[str, object]] = [(name, value) for name, value in values.items() if name not in known]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, TagText):
            found.tags[name] = str(value)
        elif not store or value is None:
            continue
        elif isinstance(value, dict):
            waiting.extend((f"{name}.{key}", inner) for key, inner in value.items())
        elif isinstance(value, list):
            waiting.extend((f"{name}.{at}", inner) for at, inner in enumerate(value))
        else:
            _sort(name, value, known, into=found)
        if len(found.fields) + len(found.tags) + len(found.refused) + len(waiting) > MAX_UNKNOWN:
            raise UnreadableError(Reason.FORMAT, f"more than {MAX_UNKNOWN:,} values in a reading")
    return found


def _sort(name: str, value: object, known: Collection[str], *, into: Unknown) -> None:
    if not name.strip() or not name.isprintable() or name == "time" or name in known or name in into.fields:
        into.refused[name] = f"{shorten(name, 40)} cannot be the name of a field"
    elif isinstance(value, bool) or (isinstance(value, str) and len(value) <= MAX_TEXT):
        into.fields[name] = value
    elif isinstance(value, int | float) and abs(value) <= _LARGEST:
        into.fields[name] = int(value) if isinstance(value, WholeNumber) else float(value)
    else:
        into.refused[name] = f"{shorten(name, 40)} is {show(value)}, which cannot be stored"


class WholeNumber(int):
    """A number of a format that tells whole numbers apart; it stays one where no model says what it is."""

    __slots__ = ()


_LARGEST: Final = 1.7976931348623157e308
