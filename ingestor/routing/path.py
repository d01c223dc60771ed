"""Where a value stands in what a payload says: `sensors[0].temp`."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple, Self

_STEP: Final = re.compile(r'\.?(?:\[(\d{1,9})\]|"([^"]*)"|([^.\[\]"]+))')
_ROOT: Final = "$"
ITEM: Final = "."


class Path(NamedTuple):
    """Keys and indexes, one after the other.

    Attributes:
        steps: Keys of objects as text, indexes of lists as numbers from 0.
        from_root: Whether it begins at the whole payload, also where each item of it is a reading.
    """

    steps: tuple[str | int, ...]
    from_root: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a path: keys joined by dots, `[0]` for an item of a list, quotes around a key that has such signs.

        `$` is the whole payload, `$.a` a key of it; `.` is the item itself.

        Raises:
            ValueError: It is no path; it says what one is.
        """
        if text == ITEM:
            return cls(())
        from_root = text == _ROOT or text.startswith((_ROOT + ".", _ROOT + "["))
        rest = text[1:] if from_root else text
        steps: list[str | int] = []
        at = 0
        while found := _STEP.match(rest, at):
            index, quoted, key = found.groups()
            if rest[at] == "." and not (at or from_root):
                break
            if at and rest[at] not in ".[":
                break
            steps.append(int(index) if index is not None else quoted if quoted is not None else key)
            at = found.end()
        if at < len(rest) or not (steps or from_root):
            raise ValueError(
                f"{text} is no path; a path is like sensors[0].temp, with quotes around a key that has dots, "
                "and $ for the whole payload"
            )
        return cls(tuple(steps), from_root)

    def find(self, item: object, root: object) -> object:
        """What stands there, None where nothing does."""
        found = root if self.from_root else item
        for step in self.steps:
            if isinstance(step, str):
                found = found.get(step) if isinstance(found, Mapping) else None
            else:
                found = found[step] if isinstance(found, list) and step < len(found) else None
            if found is None:
                return None
        return found
