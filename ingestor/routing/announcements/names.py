"""Names that can be written into a configuration, made from what strangers call their things."""

import re
from collections.abc import Collection
from typing import Final

_LONGEST: Final = 48


def slug(text: str) -> str:
    """Letters, digits and `_`, in small letters; empty where nothing of the text is such."""
    plain = re.sub(r"[^a-z0-9]+", "_", text[:200].lower()).strip("_")
    return plain[:_LONGEST].rstrip("_")


def identifier(text: str, otherwise: str) -> str:
    """The same, and it begins with a letter."""
    made = slug(text)
    return made if made[:1].isalpha() else f"{otherwise}_{made}" if made else otherwise


def fresh(name: str, taken: Collection[str]) -> str:
    """The name, or the first like it that is not taken: `climate`, `climate_2`, `climate_3`."""
    number, made = 1, name
    while made in taken:
        number += 1
        made = f"{name}_{number}"
    return made


def storable(name: str) -> bool:
    """Whether a field or tag can have the name as it is."""
    return bool(name.strip()) and name.isprintable() and name != "time" and len(name) <= 200
