"""What may stand where in the configuration, read off the models of `config`; pure."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, NamedTuple, Union, get_args, get_origin

from pydantic import BeforeValidator, SecretStr

from ingestor.config import Config, Section, parse_duration, parse_size

Loc = tuple[str | int, ...]
"""Where a value stands: keys and list indexes from the root of the configuration, as pydantic names them."""

QUOTED = 'as in topic: "{rack}/temperature"'
"""How advice to quote ends where it may be a topic: there it is forgotten."""


class Fault(NamedTuple):
    """Something wrong with a value, before it is known which file or variable the value came from.

    `line` is given where the text itself is wrong, so that there is no value to speak of.
    """

    what: str
    loc: Loc = ()
    line: int | None = None

    def __str__(self) -> str:
        return f"{dotted(self.loc)}: {self.what}" if self.loc else self.what


def dotted(loc: Loc) -> str:
    """How a person writes it: `routes[2].time.field`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in loc).lstrip(".")


def loc_of(address: str) -> Loc:
    """The reverse, of the first word of a text; empty where that is no place in the configuration."""
    parts = re.findall(r"\[(\d+)\]|([^.\[\]]+)", address.partition(" ")[0])
    loc = tuple(int(index) if index else key for index, key in parts)
    return loc if loc[:1] and loc[0] in children(Config) else ()


def locs_of(addresses: str) -> list[Loc]:
    """The same of one address, or of two with `and` between them; empty where one is no place."""
    parts = addresses.split(" and ")
    several = all(" " not in part for part in parts)
    locs = [loc_of(part) for part in (parts if several else [addresses])]
    return locs if all(locs) else []


def kind(annotation: object) -> object:
    """The type itself, without what is allowed besides (None) and what is checked (Annotated)."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return kind(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return kind(next(part for part in get_args(annotation) if part is not type(None)))
    return annotation


def nullable(annotation: object) -> bool:
    """Whether null may stand there."""
    if get_origin(annotation) is Annotated:
        return nullable(get_args(annotation)[0])
    return get_origin(annotation) in {Union, UnionType}


def children(annotation: object) -> Mapping[str, object]:
    """The keys of a section and what may stand there; empty for everything else."""
    section = kind(annotation)
    if not (isinstance(section, type) and issubclass(section, Section)):
        return {}
    return {field.alias or name: field.rebuild_annotation() for name, field in section.model_fields.items()}


def step(annotation: object, key: str | int) -> object | None:
    """What may stand at a key (of a section, of a mapping by name) or an index of a list; None where nothing may."""
    inner = kind(annotation)
    arguments: tuple[object, ...] = get_args(inner)
    if get_origin(inner) is dict and isinstance(key, str):
        return arguments[1]
    if get_origin(inner) is tuple and isinstance(key, int):
        return arguments[0]
    return children(inner).get(str(key))


def at(loc: Loc) -> object | None:
    """What may stand at a place; None where nothing may."""
    found: object | None = Config
    for key in loc:
        if found is None:
            break
        found = step(found, key)
    return found


def merges(annotation: object) -> bool:
    """Whether keys stand there, so that what comes from several sources is merged; a list is replaced."""
    return bool(children(annotation)) or get_origin(kind(annotation)) is dict


def is_group(annotation: object) -> bool:
    """Whether keys or items stand there, not a single value."""
    return merges(annotation) or get_origin(kind(annotation)) is tuple


def is_secret(loc: Loc) -> bool:
    """Whether the value there must never be shown."""
    return kind(at(loc)) is SecretStr


def unit(loc: Loc) -> str:
    """What the numbers of a limit count there: seconds, bytes, or nothing that needs a word."""
    found = at(loc)
    checks = {
        check.func
        for part in (found, *get_args(found))
        for check in get_args(part)[1:]
        if isinstance(check, BeforeValidator)
    }
    return " seconds" if parse_duration in checks else " bytes" if parse_size in checks else ""


def suggestion(wrong: str, known: Mapping[str, object] | list[str], *, before: str = "") -> str:
    """What to add to "unknown key": the nearest of those that are known, or all of them.

    Args:
        wrong: What was written.
        known: What can be.
        before: What stands before it, so that the whole can be copied.
    """
    near = get_close_matches(wrong, known, n=1)
    return f"did you mean {before}{near[0]}?" if near else f"known here: {', '.join(sorted(known))}"
