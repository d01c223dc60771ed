"""What the documentation says of families of devices is what their presets do."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

from ingestor.routing.presets.catalog import CATALOG
from ingestor.routing.presets.contract import Family
from sensors import FieldShape, Kind

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "how-to" / "device-families.md"
_KINDS: Final = {Kind.INT: "whole", Kind.TEXT: "text", Kind.BOOL: "true or false"}


def section(name: str) -> str:
    """What the documentation says of a preset."""
    found = re.search(
        rf"^## [^\n]*`{name}`\n(.*?)(?=^## |\Z)", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return found[1] if found else ""


def told(field: FieldShape) -> str:
    """A field as the tables have it: with its unit, or what it holds where that is no fraction."""
    note = field.unit or _KINDS.get(field.kind)
    return f"`{field.name}` ({note})" if note else f"`{field.name}`"


def table(family: Family) -> list[str]:
    """The rows of a family's table; measurements of the same fields share one."""
    fields: dict[str, dict[str, None]] = defaultdict(dict)
    for source in family.sources:
        measurement = source.measurement or source.model.name
        fields[f"`{measurement}`"] |= dict.fromkeys(map(told, source.model.shape.fields))
    measurements: dict[str, list[str]] = defaultdict(list)
    for name, known in fields.items():
        measurements[", ".join(known)].append(name)
    return [f"| {', '.join(names)} | {known} |" for known, names in measurements.items()]


def summary() -> list[str]:
    """The rows of the table of all families."""
    return [
        f"| `{name}` | {f'`{family.prefix}`' if family.prefix else 'none'} | `{family.device}` |"
        for name, family in CATALOG.items()
    ]


@pytest.mark.parametrize("name", CATALOG)
def test_the_table_of_a_family_is_complete(name: str) -> None:
    """Each measurement with each of its fields and their units, in the order of the code."""
    shown = [line for line in section(name).splitlines() if line.startswith("| `")]

    assert shown == table(CATALOG[name])


@pytest.mark.parametrize("name", CATALOG)
def test_a_family_is_shown_with_its_row_and_an_example(name: str) -> None:
    """The example is run where all examples are."""
    text = section(name)

    assert f"preset: {name}" in text
    assert "```example" in text


def test_the_usual_topics_and_devices_are_listed() -> None:
    """One row a family."""
    assert "\n".join(summary()) in DOCUMENT.read_text(encoding="utf-8")
