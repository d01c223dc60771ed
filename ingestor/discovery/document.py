"""A proposal as YAML, ready to be pasted into `config.yaml`, with what is said of it as comments.

Names and words in it come from strangers. They are quoted so that they load as what they are, and so that `${NAME}` in
one of them, which a configuration would replace by a secret of the environment, stays these characters.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import BaseModel

from ingestor.config import Calibration, Device, FieldSpec, Route
from ingestor.discovery.proposal import Proposal, ProposedDevice, ProposedModel, ProposedRoute
from ingestor.routing.words import shorten

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*|[0-9]+[smhd]")
_NOT_TEXT: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that YAML 1.1 takes for something else, in any case."""
_FIRST: Final = ("topic", "preset", "discovery")
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def write(proposal: Proposal) -> Iterator[str]:
    """The lines of the document; the same for the same proposal."""
    yield from (f"# {_comment(remark)}" if remark else "#" for remark in proposal.remarks)
    for name, rows in (
        ("routes", [line for row in proposal.routes for line in _route(row)]),
        ("models", [line for row in proposal.models for line in _model(row)]),
        ("devices", [line for row in proposal.devices for line in _device(row)]),
    ):
        if rows:
            yield ""
            yield f"{name}:"
            yield from rows


def _route(row: ProposedRoute) -> Iterator[str]:
    yield from (f"  # {_comment(note)}" for note in row.notes)
    said = _said(row.route)
    keys = sorted(said, key=lambda key: key not in _FIRST)
    for number, key in enumerate(keys):
        yield f"  {'-' if number == 0 else ' '} {key}: {flow(said[key])}"


def _model(row: ProposedModel) -> Iterator[str]:
    yield f"  {flow(row.name)}:"
    if row.spec.tags:
        yield f"    tags: {flow(row.spec.tags)}"
    yield "    fields:"
    for name, field in row.spec.fields.items():
        note = row.notes.get(name)
        yield f"      {flow(name)}: {flow(_said(field))}" + (f"  # {_comment(note)}" if note else "")


def _device(row: ProposedDevice) -> Iterator[str]:
    yield f"  - {flow(_said(row.device))}" + (f"  # {_comment(row.note)}" if row.note else "")


def _said(section: Route | FieldSpec | Device | Calibration | BaseModel) -> dict[str, object]:
    """The keys of a section that are not as they would be anyway."""
    found: dict[str, object] = {}
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if value != field.get_default(call_default_factory=False):
            found[field.alias or name] = _plain(value, key=name)
    return found


def _plain(value: object, *, key: str) -> object:
    if isinstance(value, BaseModel):
        return _said(value)
    if isinstance(value, Mapping):
        return {name: _plain(inner, key="") for name, inner in value.items()}
    if key in {"interval", "max_ahead"} and isinstance(value, float):
        return _duration(value)
    return value


def _duration(secs: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if secs % length == 0:
            return f"{secs / length:.0f}{unit}"
    return f"{secs:.3f}".rstrip("0").rstrip(".") + "s"


def flow(value: object) -> str:
    """A value in YAML's flow style, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    return (
        {None: "null", True: "true", False: "false"}[value]
        if value is None or isinstance(value, bool)
        else _text(str(value))
    )


def _number(value: float) -> str:
    """A number that YAML 1.1 takes for one: a fraction has a point there, also before an exponent."""
    if value == round(value) and abs(value) < 1e15:
        return str(round(value))
    text = repr(value)
    return text if "e" not in text or "." in text else text.replace("e", ".0e")


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    return '"' + "".join(map(_escaped, text.replace("${", "$${"))) + '"'


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    return letter if letter.isprintable() else f"\\U{ord(letter):08X}"


def _comment(text: str) -> str:
    """Text in one line, so that nothing of it is read as YAML; without half surrogates, which no file can hold."""
    return shorten(text, 300)
