"""What a configuration says to no effect: routes that can never match, models and devices that nothing uses."""

import re
from collections.abc import Iterator
from itertools import count

from ingestor.cli.checks.finding import Finding, note
from ingestor.config import Config, Route
from ingestor.routing import RoutingTable
from ingestor.routing.models import Models

_ANY_LEVEL = "\N{MIDDLE DOT}{}\N{MIDDLE DOT}"
"""What stands for a level that nobody has named: no route can know it."""


def find_unused(config: Config, table: RoutingTable) -> Iterator[Finding]:
    """A note for each.

    Args:
        config: What was read.
        table: What its routes come to.
    """
    yield from _never_matching(config, table)
    yield from _models(config)
    yield from _devices(config)
    yield from _calibrations(config)


def _never_matching(config: Config, table: RoutingTable) -> Iterator[Finding]:
    """Routes of which others, more specific ones, take every topic, at each length that a topic may have."""
    deepest = max((row.topic.count("/") for row in config.routes), default=0) + 3
    for at, row in enumerate(config.routes):
        if row.kind not in {"topic", "state"}:
            continue
        takers = [table.taken_by(topic) for topic in _topics(row.topic, deepest)]
        others = {taken.template: taken.where for taken in takers if taken and taken.where != f"routes[{at}]"}
        if len(takers) == sum(taken is not None and taken.template in others for taken in takers):
            by = " and ".join(f"{where} ({template})" for template, where in others.items())
            yield note("routes", f"routes[{at}] {row.topic} can never match: {by} takes all that it would")


def _topics(template: str, deepest: int) -> Iterator[str]:
    """A topic of each length that a template takes, with levels in place of its names that nobody knows."""
    numbers = count()
    levels = re.sub(r"\{\w+\}", lambda _: _ANY_LEVEL.format(next(numbers)), template).split("/")
    levels = [_ANY_LEVEL.format(next(numbers)) if level == "+" else level for level in levels]
    if levels[-1] != "#" and not re.fullmatch(r"\{\w+\.\.\.\}", levels[-1]):
        yield "/".join(levels)
        return
    levels.pop()
    while len(levels) <= deepest:
        if levels:
            yield "/".join(levels)
        levels.append(_ANY_LEVEL.format(next(numbers)))


def _models(config: Config) -> Iterator[Finding]:
    used = {row.model for row in config.routes} | {task.kind for task in config.tasks.values()}  # weather is a model
    waiting = [name for name in used if name in config.models]
    while waiting:
        parent = config.models[waiting.pop()].extends
        if parent in config.models and parent not in used:
            waiting.append(parent)
        used.add(parent or "")
    for name in config.models:
        if name not in used:
            yield note("models", f"{name} is used by no route")


def _devices(config: Config) -> Iterator[Finding]:
    givers = [row for row in config.routes if row.device is not None or row.kind in {"preset", "discovery"}]
    for name in dict.fromkeys(row.id for row in config.devices):
        if not givers:
            yield note(
                "devices", f"{name} is used by no route: say in device of a route how its devices are told apart"
            )
        elif not any(_may_give(row, name) for row in givers):
            yield note("devices", f"{name} is no device of any route: their device is {_patterns(givers)}")


def _calibrations(config: Config) -> Iterator[Finding]:
    """Fields of devices that no route has; nothing where what is stored is not all in models of the routes."""
    rows = [row for row in config.routes if row.kind != "state" and (row.kind != "topic" or row.device is not None)]
    if not rows or any(row.kind != "topic" or row.unknown == "store" for row in rows):
        return
    models = Models(config.models)
    fields = sorted({field.name for row in rows for field in models.find(row.model).shape.fields})
    for device, name in dict.fromkeys((row.id, name) for row in config.devices for name in row.calibration):
        if name not in fields:
            yield note("devices", f"{device}: {name} is calibrated, and no route has it; there is {', '.join(fields)}")


def _may_give(row: Route, name: str) -> bool:
    """Whether what a route calls its devices can come to this name."""
    pieces = re.split(r"\{\w+\}", row.device or "{any}")
    return re.fullmatch(".+".join(map(re.escape, pieces)), name, re.DOTALL) is not None


def _patterns(givers: list[Route]) -> str:
    return ", ".join(dict.fromkeys(row.device or "" for row in givers))
