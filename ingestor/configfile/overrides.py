"""What overrides the file: secret files (`mqtt__password`) and the environment (`INGESTOR_MQTT__URL`)."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, get_origin

from ingestor.config import Config
from ingestor.configfile.keys import (
    Loc,
    at,
    children,
    dotted,
    is_group,
    is_secret,
    kind,
    merges,
    nullable,
    step,
    suggestion,
)
from ingestor.errors import Problem

PREFIX = "INGESTOR_"
SECRETS_DIR = f"{PREFIX}SECRETS_DIR"
"""Names the folder of secret files; the one variable with our prefix that is not a key."""

_BETWEEN = "__"
# What Kubernetes sets in every pod of a namespace that has a service called "ingestor".
_NOT_OURS = re.compile(rf"{PREFIX}(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_[A-Z]+(_(ADDR|PORT|PROTO))?)?)")


@dataclass(frozen=True, slots=True)
class Overrides:
    """Values that come from one source beside the file.

    Attributes:
        data: The values, nested like the file.
        places: For each value that replaces what stands in the file, the name of what it came from.
        problems: What could not be taken, each with its name.
    """

    data: dict[str, object] = field(default_factory=dict)
    places: dict[Loc, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def put(self, loc: Loc, value: object, *, place: str) -> None:
        """Add a value; what stands above it has been put before."""
        inner = self.data
        for key in loc[:-1]:
            below = inner.setdefault(str(key), {})
            if not isinstance(below, dict):
                return  # pydantic says what is wrong with the value above
            inner = below
        inner[str(loc[-1])] = value
        self._note(loc, value, place)

    def _note(self, loc: Loc, value: object, place: str) -> None:
        if isinstance(value, dict) and merges(at(loc)):
            for key, item in value.items():
                self._note((*loc, key), item, place)
        else:
            self.places[loc] = place


class _Entry(NamedTuple):
    place: str
    parts: tuple[str, ...]
    text: str


def from_environment(environ: Mapping[str, str], *, beside: Mapping[str, object]) -> Overrides:
    """The values of all `INGESTOR_*` variables; `beside` is the file's data, for the names that it gave."""
    found = Overrides()
    entries = [
        _Entry(name, tuple(name.removeprefix(PREFIX).split(_BETWEEN)), text)
        for name, text in environ.items()
        if name.startswith(PREFIX) and name != SECRETS_DIR and not _NOT_OURS.fullmatch(name)
    ]
    _fill(found, entries, beside=beside, spell=str.upper, prefix=PREFIX)
    return found


def from_secrets(folder: Path, *, named: str | None, beside: Mapping[str, object]) -> Overrides:
    """The values of all files of a folder whose names are keys; others are none of our business.

    Args:
        folder: Where they are; it may be absent unless it was `named`.
        named: Who asked for that folder, for the message when it is not there.
        beside: The file's data, for the names that it gave.
    """
    found = Overrides()
    entries = []
    if named is None and not folder.is_dir():
        return found
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        found.problems.append(Problem(f"cannot be listed: {error.strerror}", f"{named or 'secret files'} {folder}"))
        return found
    for path in files:
        parts = tuple(path.name.split(_BETWEEN))
        if len(parts) > 1 and parts[0] in children(Config):
            place = f"secret file {path.name}"
            try:
                entries.append(_Entry(place, parts, path.read_text("utf-8").rstrip("\r\n")))
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
                found.problems.append(Problem(f"cannot be read: {why}", place))
    _fill(found, entries, beside=beside, spell=str, prefix="")
    return found


def _fill(
    found: Overrides,
    entries: Iterable[_Entry],
    *,
    beside: Mapping[str, object],
    spell: Callable[[str], str],
    prefix: str,
) -> None:
    """Put what the entries say, groups of keys before the keys in them.

    `spell` writes a key as the source does, and `prefix` stands before all of its names.
    """
    for entry in sorted(entries, key=lambda entry: len(entry.parts)):
        try:
            loc = _locate(entry.parts, beside=beside, spell=spell, prefix=prefix)
            found.put(loc, _value(loc, entry.text), place=entry.place)
        except ValueError as error:
            found.problems.append(Problem(str(error), entry.place))


def _locate(parts: tuple[str, ...], *, beside: Mapping[str, object], spell: Callable[[str], str], prefix: str) -> Loc:
    """Which value a name means.

    Raises:
        ValueError: None; says why.
    """
    annotation: object = Config
    node: object = beside
    loc: list[str] = []
    for part in parts:
        if get_origin(kind(annotation)) is tuple:
            raise ValueError(f"{dotted(tuple(loc))} is a list, which is given as a whole, as JSON")
        if get_origin(kind(annotation)) is dict:
            key = _name(part, node if isinstance(node, dict) else {}, spell=spell)
        else:
            known = {spell(key): key for key in children(annotation)}
            if part not in known:
                before = prefix + "".join(f"{one}{_BETWEEN}" for one in parts[: len(loc)])
                unknown = f"no such key; {suggestion(part, known, before=before)}"
                raise ValueError(unknown if known else f"{dotted(tuple(loc))} has no keys")
            key = known[part]
        loc.append(key)
        node = node.get(key) if isinstance(node, dict) else None
        annotation = step(annotation, key)
    return tuple(loc)


def _name(part: str, given: Mapping[str, object], *, spell: Callable[[str], str]) -> str:
    """The name in a mapping by names (stores, models): as the file spells it, else in lower case."""
    same = [name for name in given if part in {name, spell(name)}]
    return same[0] if same else part.lower() if part == spell(part.lower()) else part


def _value(loc: Loc, text: str) -> object:
    """What a text means where it stands: JSON for groups and lists, nothing for null, else the text itself.

    Raises:
        ValueError: It is not JSON, but has to be.
    """
    annotation = at(loc)
    if is_group(annotation):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise ValueError(f"{dotted(loc)} is given as JSON here, and this is not JSON ({where})") from None
    return None if not text and nullable(annotation) and not is_secret(loc) else text
