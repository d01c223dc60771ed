"""From what a payload says to its readings, each flat: a value by the name of its field, tag or time."""

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from ingestor.ports import Reason, Value
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.path import Path
from ingestor.routing.place import storable
from ingestor.routing.wire import MAX_TEXT, TAG_RULE, Values
from ingestor.routing.words import shorten, show

MAX_READINGS: Final = 10_000
"""So many readings one payload can have."""
MAX_UNKNOWN: Final = 1_000
"""So many fields that its model does not know one reading can have."""
MAX_NAME: Final = 256
"""So many characters the name of such a field can have, with the names of what it is nested in."""
_SHOWN: Final = 40
_LARGEST: Final = sys.float_info.max

Reading = Values | UnreadableError
"""Values by name, not validated; or what is wrong, where one of several readings of a payload cannot be read."""
Unpack = Callable[[object], Sequence[Reading]]
"""Raises UnreadableError where the payload is not what it reads; no readings mean that there is none to store."""


class TagText(str):
    """Text that is a tag, wherever it came from, although no model says so."""

    __slots__ = ()


class WholeNumber(int):
    """A number of a format that tells whole numbers apart; it stays one where no model says what it is."""

    __slots__ = ()


class Unpacker:
    """What the keys `paths`, `each` and `each_key` of a route say; an `Unpack`.

    Args:
        paths: Where values stand that do not stand under their own name.
        each: Where the list or object stands of which each item is a reading; None for one reading.
        each_key: The tag that gets the index or key of the item.
        reason: What a payload of another form is refused with.
        whole: Whether what else stands where a path leads through is wanted, too.

    Attributes:
        moved: What values that have a path would be called by where they stand: `a.b` for `a[0].b`.
    """

    def __init__(
        self,
        paths: Mapping[str, Path],
        *,
        each: Path | None = None,
        each_key: str | None = None,
        reason: Reason,
        whole: bool = False,
    ) -> None:
        self._paths = paths
        self._each = each
        self._each_key = each_key
        self._reason = reason
        within = [path for path in paths.values() if path.steps and not (path.from_root and each is not None)]
        self.moved = frozenset(".".join(map(str, path.steps)) for path in within)
        self._left_out = frozenset(path.steps[0] for path in within if len(path.steps) == 1 or not whole)

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
            for name in self._left_out:
                values.pop(name, None)
            values.update((name, path.find(item, root)) for name, path in self._paths.items())
        return values

    def _keyed(self, key: object, values: Values) -> Values:
        if self._each_key is not None:
            values[self._each_key] = TagText(key)
        return values


class Unknown(NamedTuple):
    """What a reading has besides what its model knows; `refused` says of some why they cannot be fields."""

    fields: dict[str, Value]
    tags: dict[str, str]
    refused: dict[str, str]


def unknown(values: Values, known: Collection[str], *, store: bool, moved: Collection[str] = frozenset()) -> Unknown:
    """Take apart what the model does not know: nested values by their path, joined by dots.

    Numbers become floats, unless they are of a format that tells whole ones apart (`WholeNumber`).

    Args:
        values: All that the reading has.
        known: The names that the model or the route uses.
        store: Whether fields are wanted, too, or tags alone.
        moved: The paths of nested values that are known under names of their own.

    Raises:
        UnreadableError: There are too many of them, or a tag cannot be stored, without which it is another series.
    """
    found = Unknown({}, {}, {})
    waiting: list[tuple[str, object]] = [(name, value) for name, value in values.items() if name not in known]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, TagText):
            found.tags[name] = _tag(name, value)
        elif not store or value is None or name in moved:
            continue
        elif wrong := _wrong_name(name):
            found.refused[shorten(name, _SHOWN) or '""'] = wrong
        elif isinstance(value, dict):
            waiting.extend((f"{name}.{key}", inner) for key, inner in islice(value.items(), MAX_UNKNOWN + 1))
        elif isinstance(value, list):
            waiting.extend((f"{name}.{at}", inner) for at, inner in enumerate(value[: MAX_UNKNOWN + 1]))
        elif name in known or name in found.fields:
            found.refused[name] = f"{shorten(name, _SHOWN)} is there twice, once nested"
        elif (told := _value(value)) is None:
            found.refused[name] = f"{shorten(name, _SHOWN)} is {show(value)}, which cannot be stored"
        else:
            found.fields[name] = told
        if len(found.fields) + len(found.tags) + len(found.refused) + len(waiting) > MAX_UNKNOWN:
            raise UnreadableError(Reason.FORMAT, f"more than {MAX_UNKNOWN:,} values in a reading")
    return found


def _tag(name: str, text: str) -> str:
    if wrong := _wrong_name(name):
        raise UnreadableError(Reason.TAG, wrong)
    if not storable(text):
        raise UnreadableError(Reason.TAG, f"tag {shorten(name, _SHOWN)} is {show(text)}: {TAG_RULE}")
    return str(text)


def _wrong_name(name: str) -> str | None:
    """Why nothing can be stored under a name; None where it can. Names of nested values grow with their depth."""
    if len(name) > MAX_NAME:
        return f"{shorten(name, _SHOWN)} is longer than the {MAX_NAME} characters that a name can have"
    if not name.strip() or not name.isprintable() or name == "time":
        return f"{show(name)} cannot be the name of a field or tag"
    return None


def _value(value: object) -> Value | None:
    if isinstance(value, bool) or (isinstance(value, str) and len(value) <= MAX_TEXT):
        return value
    if isinstance(value, int | float) and abs(value) <= _LARGEST:
        return int(value) if isinstance(value, WholeNumber) else float(value)
    return None
