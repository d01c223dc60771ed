"""Models that are classes of somebody's own: found by where they stand, or by the name that their package announces."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from ingestor.routing.words import tell
from sensors import Measurement

GROUP: Final = "ingestor.models"
"""The group of entry points in which installed packages announce their models."""


class OwnClasses:
    """Finds them; the packages are looked through once, when the first name is asked for, and imported where named."""

    def __init__(self) -> None:
        self._announced: Mapping[str, Sequence[EntryPoint]] | None = None

    def names(self) -> Sequence[str]:
        """What installed packages announce, whether or not it can be loaded."""
        return sorted(self._look())

    def find(self, name: str) -> type[Measurement] | None:
        """The class of an announced name or of `module:Class`, None where nobody announces the name.

        Raises:
            ValueError: It is announced or written, and cannot be had; it says why.
        """
        if found := self._look().get(name):
            if len({point.value for point in found}) > 1:
                owners = " and ".join(sorted(point.dist.name if point.dist else point.value for point in found))
                raise ValueError(f"{owners} both announce a model {name}; name the one you mean as module:Class")
            return _load(name, found[0].value)
        return _load(name, name) if ":" in name else None

    def _look(self) -> Mapping[str, Sequence[EntryPoint]]:
        if self._announced is None:
            announced = defaultdict(list)
            for point in entry_points(group=GROUP):
                announced[point.name].append(point)
            self._announced = announced
        return self._announced


def _load(name: str, where: str) -> type[Measurement]:
    """The class at `module:Class`; a name that is announced tells in its errors what it stands for."""
    told = f"model {name}" if name == where else f"model {name} ({where})"
    module, _, attribute = where.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except Exception as error:  # importing runs code that is not ours, and it may raise anything
        raise ValueError(f"{told} cannot be loaded: {tell(error)}") from error
    if isinstance(found, type) and issubclass(found, Measurement):
        return found
    raise ValueError(f"{told} is not a subclass of sensors.Measurement")
