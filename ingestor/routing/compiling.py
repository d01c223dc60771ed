"""From the rows of `routes` to routes that are ready for topics: a row is one, a preset as many as its family has."""

from collections.abc import Iterator, Sequence

from ingestor.config import Route, TimeOf
from ingestor.routing.announced import Announced
from ingestor.routing.announced_row import DiscoveryRow
from ingestor.routing.decoder import IgnoredTopic
from ingestor.routing.models import Model, Models
from ingestor.routing.presets.catalog import CATALOG
from ingestor.routing.presets.contract import Family
from ingestor.routing.route import Compiled, ReadingRoute, Shared
from ingestor.routing.states import compile_states
from ingestor.routing.topic import Template
from ingestor.routing.weather.rows import refuse_weather
from ingestor.routing.words import shorten
from sensors import Shape

__all__ = ["Compiled", "Shared", "compile_row"]


def compile_row(row: Route, models: Models, shared: Shared, announced: Announced) -> Sequence[Compiled]:
    """The routes of a row; what is announced to it comes to `announced`.

    Raises:
        ValueError: The row cannot work; it says why.
    """
    routes = _compile(row, models, shared, announced)
    for route in routes:
        refuse_weather(route.template)
    return routes


def _compile(row: Route, models: Models, shared: Shared, announced: Announced) -> Sequence[Compiled]:
    match row.kind:
        case "topic":
            model = models.find(row.model) if row.model else Model("", Shape((), ()))
            return [_of(ReadingRoute(row, model=model, shared=shared))]
        case "state":
            return [compile_states(row, shared)]
        case "preset":
            return list(_preset(row, _family(row.preset or ""), shared))
        case "discovery":
            discovery = DiscoveryRow(row, shared=shared)
            announcements = announced.add(discovery)
            return [Compiled(template, announcements.bind) for template in discovery.filters]


def _of(route: ReadingRoute) -> Compiled:
    return Compiled(route.template, route.bind)


def _family(name: str) -> Family:
    if name not in CATALOG:
        raise ValueError(shorten(f"no preset is called {name}; there are {', '.join(sorted(CATALOG))}"))
    return CATALOG[name]


def _preset(row: Route, family: Family, shared: Shared) -> Iterator[Compiled]:
    """The routes of a family, with what the row says of all of them."""
    prefix = family.prefix if row.prefix is None else row.prefix.rstrip("/")
    below = f"{prefix}/" if prefix else ""
    device = row.device or family.device
    for source in family.sources:
        time = source.time.model_copy(update=_told(row.time))
        one = Route(
            topic=below + source.topic,
            model=source.model.name,
            format=source.format,
            bucket=row.bucket,
            measurement=source.measurement,
            tags=row.tags,
            device=device,
            unknown=row.unknown,
            on_invalid=row.on_invalid,
            time=time,
        )
        yield _of(ReadingRoute(one, model=source.model, shared=shared, unpack=source.unpack, direct=source.direct))
    for presence in family.presences:
        whose = device.replace("{device}", presence.device)
        yield compile_states(Route(topic=below + presence.topic, device=whose, state=presence.state), shared)
    for other in family.others:
        yield Compiled(Template.parse(below + other), lambda _: IgnoredTopic(), wanted=False)


def _told(rule: TimeOf) -> dict[str, object]:
    return {name: getattr(rule, name) for name in rule.model_fields_set}
