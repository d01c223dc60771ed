"""From the rows of `routes` to routes that are ready for topics: a row is one, a preset as many as its family has."""

from collections.abc import Iterator, Mapping, Sequence

from ingestor.config import Route, TimeOf
from ingestor.ports import Decoder, Flaw, Reason
from ingestor.routing.decoder import IgnoredTopic, RefusedTopic, StateDecoder
from ingestor.routing.formats.compression import decompressor
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.json import JsonFormat
from ingestor.routing.models import Model, Models
from ingestor.routing.path import Path
from ingestor.routing.presets.catalog import CATALOG
from ingestor.routing.presets.contract import Family
from ingestor.routing.route import Compiled, ReadingRoute, Shared
from ingestor.routing.topic import NamePattern, Template
from ingestor.routing.words import shorten
from sensors import Shape

__all__ = ["Compiled", "Shared", "compile_row"]


def compile_row(row: Route, models: Models, shared: Shared) -> Sequence[Compiled]:
    """The routes of a row.

    Raises:
        ValueError: The row cannot work; it says why.
    """
    match row.kind:
        case "topic":
            model = models.find(row.model) if row.model else Model("", Shape((), ()))
            return [_of(ReadingRoute(row, model=model, shared=shared))]
        case "state":
            return [_state(row, shared)]
        case "preset":
            return list(_preset(row, _family(row.preset or ""), shared))
        case "discovery":
            return []


def _of(route: ReadingRoute) -> Compiled:
    return Compiled(route.template, route.bind)


def _state(row: Route, shared: Shared) -> Compiled:
    template = Template.parse(row.topic)
    device = NamePattern.parse(row.device or "")
    if unknown := sorted(device.names - set(template.captures)):
        raise ValueError(f"device: {{{unknown[0]}}} is not a level of the topic")
    rule = row.state
    assert rule is not None  # noqa: S101 - what makes the row one of states
    path = None if rule.path is None else Path.parse(rule.path)
    load = _words if path is None else _words_or_document
    decompress = None if row.compression == "none" else decompressor(row.compression, limit=shared.max_payload)

    def bind(captures: Mapping[str, str]) -> Decoder:
        try:
            name = device.fill(captures)
        except KeyError as missing:
            flaw = Flaw(-1, Reason.MISSING, f"the topic has no level for {missing.args[0]}")
            return RefusedTopic(flaw, skips_retained=False)
        return StateDecoder(
            rule,
            path=path,
            load=load if decompress is None else lambda payload: load(decompress(payload)),
            device=name,
            log=shared.log,
        )

    return Compiled(template, bind)


def _words(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as wrong:
        raise UnreadableError(Reason.NOT_UTF8, f"byte {wrong.start} of the payload is not UTF-8") from wrong


def _words_or_document(payload: bytes) -> object:
    """An object or list; anything else is the word itself: devices that send objects today sent words before."""
    words = _words(payload)
    return JsonFormat().load(payload) if words.lstrip().startswith(("{", "[")) else words


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
        yield _of(ReadingRoute(one, model=source.model, shared=shared, unpack=source.unpack))
    for presence in family.presences:
        whose = device.replace("{device}", presence.device)
        yield _state(Route(topic=below + presence.topic, device=whose, state=presence.state), shared)
    for other in family.others:
        yield Compiled(Template.parse(below + other), lambda _: IgnoredTopic(), wanted=False)


def _told(rule: TimeOf) -> dict[str, object]:
    return {name: getattr(rule, name) for name in rule.model_fields_set}
