"""What a device announces of itself for Home Assistant, as far as it says how readings are to be taken in.

Both forms are read: one component (`homeassistant/sensor/<node>/<object>/config`), and a whole device with its
components (`homeassistant/device/<object>/config`). An empty payload takes an announcement back. The rules are those
of https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery

What is announced is written by whoever may publish: everything is checked, bounded and never run.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from pydantic_core import from_json

from ingestor.ports import Value
from ingestor.routing.announcements.abbreviations import OF_COMPONENT, OF_DEVICE, written_out
from ingestor.routing.announcements.names import identifier, slug, storable
from ingestor.routing.announcements.quantities import LIMITS, NOT_NUMBERS, limits
from ingestor.routing.announcements.template import Steps, TemplateError, ValueTemplate, read_template
from ingestor.routing.formats.value import read_word
from ingestor.routing.topic import Template
from ingestor.routing.words import shorten
from sensors import Kind

PREFIX: Final = "homeassistant"
MAX_BYTES: Final = 256 * 2**10
"""So long the payload of an announcement may be."""
_MAX_COMPONENTS: Final = 500
_MAX_TEXT: Final = 200
_MAX_OPTIONS: Final = 200
_MAX_SECS: Final = 10 * 365 * 86_400
_CONFIG: Final = re.compile(r"(?P<component>\w+)/(?:(?P<node>[\w-]+)/)?(?P<object>[\w-]+)/config", re.ASCII)
_SWITCHED: Final = {"binary_sensor": ("payload_on", "payload_off"), "switch": ("state_on", "state_off")}
_READ: Final = {"sensor", "number", "select", "text", *_SWITCHED}
_CLIMATE: Final = (("current_temperature", "temperature"), ("current_humidity", "humidity"))


class AnnouncementError(ValueError):
    """A message is no announcement; it says why."""


class Availability(NamedTuple):
    """Where it is told whether a device is there, in which words; `steps` as those of `Announcement`."""

    topic: str
    online: str = "online"
    offline: str = "offline"
    steps: Steps | None = None


class Announcement(NamedTuple):
    """One value that a device says it will publish.

    Attributes:
        source: Where it was announced: the topic, and behind a `#` the component of a device's announcement.
        topic: Where the value comes.
        steps: Where it stands in a JSON payload; None where the payload is the value.
        field: A name for it, the same each time.
        kind: What it holds; None where nothing is told of that.
        unit: Its unit, None where none is told.
        low: The least that it can be, None where there is no limit.
        high: The most that it can be.
        choices: The words that it can be; empty where all can.
        factor: What is sent is multiplied with that,
        offset: and that is added.
        device: The id of the device; empty where none is told.
        about: What is told of the device, as tags.
        availability: Where it is told whether the device is there.
        expire_after: Without a value for so many seconds, it is not known any more; None where that is not told.
    """

    source: str
    topic: str
    steps: Steps | None
    field: str
    kind: Kind | None = None
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    factor: float = 1.0
    offset: float = 0.0
    device: str = ""
    about: tuple[tuple[str, str], ...] = ()
    availability: tuple[Availability, ...] = ()
    expire_after: float | None = None


class NotUnderstood(NamedTuple):
    """A component whose values cannot be taken in, and why.

    With `beyond` it has no single value to take in, and nothing is wrong with it: a light, a thermostat's program.
    """

    source: str
    why: str
    template: str = ""
    beyond: bool = False


class Announced(NamedTuple):
    """All that one message announces; with `withdrawn`, that nothing of its topic holds any more."""

    readings: tuple[Announcement, ...] = ()
    strange: tuple[NotUnderstood, ...] = ()
    withdrawn: bool = False


def is_announcement(topic: str, *, prefix: str = PREFIX) -> bool:
    """Whether a topic is one that announcements come on."""
    return topic.startswith(f"{prefix}/") and _CONFIG.fullmatch(topic[len(prefix) + 1 :]) is not None


def read_announcement(topic: str, payload: bytes, *, prefix: str = PREFIX) -> Announced:
    """What a message announces.

    Args:
        topic: Of the message.
        payload: Of the message; empty where the announcement is taken back.
        prefix: The first level, or levels, of the topics of announcements.

    Raises:
        AnnouncementError: It is no announcement.
    """
    found = _CONFIG.fullmatch(topic[len(prefix) + 1 :]) if topic.startswith(f"{prefix}/") else None
    if found is None:
        raise AnnouncementError(f"{shorten(topic)} is no topic of announcements")
    if not payload.strip():
        return Announced(withdrawn=True)
    if len(payload) > MAX_BYTES:
        raise AnnouncementError(f"longer than {MAX_BYTES:,} bytes")
    try:
        document = from_json(payload)
    except ValueError as error:
        raise AnnouncementError(shorten(f"not JSON: {error}")) from None
    if not isinstance(document, dict):
        raise AnnouncementError("not an object")
    body = written_out(document, OF_COMPONENT)
    device = _Device.of(written_out(body.get("device"), OF_DEVICE), otherwise=found["node"] or found["object"])
    return _gathered(list(_components(topic, found, body)), device)


class _Component(NamedTuple):
    """One component of an announcement, and the kind that it says it is of."""

    source: str
    kind: str
    name: str
    body: Mapping[str, object]


class _Device(NamedTuple):
    """What an announcement says of its device."""

    id: str
    about: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, body: Mapping[str, object], *, otherwise: str) -> "_Device":
        """From the block `device`; `otherwise` is its id where none is told."""
        ids = body.get("identifiers")
        connections = body.get("connections")
        if isinstance(connections, list) and not ids:
            ids = [pair[-1] for pair in connections if isinstance(pair, list) and pair]
        first = next((name for one in (ids if isinstance(ids, list) else [ids]) if (name := _name(one))), "")
        keys = {"name": "name", "model": "model", "manufacturer": "manufacturer", "suggested_area": "area"}
        about = tuple((tag, text) for key, tag in keys.items() if (text := _name(body.get(key))))
        return cls(first or _name(otherwise), about)


def _components(topic: str, found: re.Match[str], body: Mapping[str, object]) -> Iterator[_Component]:
    """The components that a message announces, with what they share."""
    base = body.get("~")
    if found["component"] != "device":
        yield _Component(topic, found["component"], found["object"], _based(body, base))
        return
    components = body.get("components")
    if not isinstance(components, dict):
        raise AnnouncementError("the announcement of a device without components")
    if len(components) > _MAX_COMPONENTS:
        raise AnnouncementError(f"more than {_MAX_COMPONENTS} components")
    shared = {key: value for key, value in body.items() if key not in {"components", "device", "origin"}}
    for name, component in components.items():
        own = written_out(component, OF_COMPONENT)
        if own.keys() <= {"p", "platform"}:
            continue  # the component is taken back
        yield _Component(
            f"{topic}#{name}", _plain(own.get("platform")), name, _based({**shared, **own}, own.get("~", base))
        )


def _based(body: Mapping[str, object], base: object) -> dict[str, object]:
    """With `~` at the begin or the end of a topic replaced by the base topic."""
    if not isinstance(base, str) or len(base) > MAX_BYTES // 256:
        return dict(body)
    return {key: _replaced(value, base) if key.endswith("topic") else value for key, value in body.items()} | {
        "~": base
    }


def _replaced(value: object, base: object) -> object:
    if not isinstance(value, str) or not isinstance(base, str):
        return value
    value = base + value[1:] if value.startswith("~") else value
    return value[:-1] + base if value.endswith("~") else value


def _gathered(components: list[_Component], device: _Device) -> Announced:
    readings: list[Announcement] = []
    strange: list[NotUnderstood] = []
    for component in components:
        for made in _read(component, device):
            if isinstance(made, Announcement):
                readings.append(made)
            else:
                strange.append(made)
    return Announced(tuple(readings), tuple(strange))


def _read(component: _Component, device: _Device) -> Iterator[Announcement | NotUnderstood]:
    """The values of one component."""
    body = component.body
    if component.kind == "climate":
        for key, quantity in _CLIMATE:
            if body.get(f"{key}_topic") is not None:
                unit = "%" if quantity == "humidity" else f"°{_plain(body.get('temperature_unit')) or 'C'}"
                told = {
                    "state_topic": body[f"{key}_topic"],
                    "value_template": body.get(f"{key}_template"),
                    "device_class": quantity,
                    "unit_of_measurement": unit,
                }
                yield _value(component._replace(kind="sensor", name=key, body={**body, **told}), device)
    elif component.kind in _READ and body.get("state_topic") is not None:
        yield _value(component, device)
    elif body.get("state_topic") is not None:
        why = f"{shorten(component.kind, 40)}: no kind of component with one value"
        yield NotUnderstood(component.source, why, beyond=True)


def _value(component: _Component, device: _Device) -> Announcement | NotUnderstood:
    body = component.body
    text = body.get("value_template") or body.get("state_value_template")
    try:
        topic = _state_topic(body.get("state_topic"))
        template = _template(text)
        _check(body, template)
    except TemplateError as error:
        return NotUnderstood(component.source, shorten(str(error)), shorten(_plain(text)))
    except AnnouncementError as error:
        return NotUnderstood(component.source, shorten(str(error)))
    field = _field(component, device, template.steps)
    found = Announcement(component.source, topic, template.steps, field, factor=template.factor, offset=template.offset)
    found = found._replace(
        device=device.id, about=device.about, availability=_availability(body), expire_after=_secs(body)
    )
    return _typed(found, component, template)


def _template(text: object) -> ValueTemplate:
    if not text:
        return ValueTemplate()
    return read_template(_plain(text) or "no text")


def _check(body: Mapping[str, object], template: ValueTemplate) -> None:
    """Refuse what a route cannot say.

    Raises:
        AnnouncementError: It says what that is.
    """
    if _plain(body.get("encoding", "utf-8")).lower() not in {"utf-8", "utf8"}:
        raise AnnouncementError("an encoding other than utf-8")
    if template.steps and isinstance(template.steps[0], int):
        raise AnnouncementError("the payload is a list")
    if template.steps and any(isinstance(step, str) and (not step or '"' in step) for step in template.steps):
        raise AnnouncementError("a key that no path can name")


def _typed(found: Announcement, component: _Component, template: ValueTemplate) -> Announcement:
    """With what is told of type, unit and range."""
    body = component.body
    if component.kind in _SWITCHED:
        return _switched(found, component)
    device_class = _plain(body.get("device_class"))
    if component.kind in {"select", "text"} or device_class in NOT_NUMBERS:
        return found._replace(kind=Kind.TEXT, choices=_options(body.get("options")))
    unit = _name(body.get("unit_of_measurement")) or None
    numeric = template.numeric or component.kind == "number" or device_class in LIMITS or unit is not None
    if not numeric and not any(body.get(key) is not None for key in ("state_class", "suggested_display_precision")):
        return found
    low, high = limits(device_class, unit)
    return found._replace(kind=Kind.FLOAT, unit=unit, low=low, high=high)


def _switched(found: Announcement, component: _Component) -> Announcement:
    """Two states: true and false where they are told by such words, else the words themselves."""
    keys = _SWITCHED[component.kind]
    on, off = (component.body.get(key) for key in keys)
    if component.kind == "switch":
        on = component.body.get("payload_on") if on is None else on
        off = component.body.get("payload_off") if off is None else off
    words: tuple[object, object] = ("ON" if on is None else on, "OFF" if off is None else off)
    if words == (True, False):
        return found._replace(kind=Kind.BOOL)
    plain = tuple(word for word in words if isinstance(word, str) and 0 < len(word) <= _MAX_TEXT)
    if found.steps is None and [_truth(word) for word in plain] == [True, False]:
        return found._replace(kind=Kind.BOOL)
    return found._replace(kind=Kind.TEXT, choices=tuple(dict.fromkeys(plain))) if len(plain) == 2 else found


def _truth(word: str) -> Value | None:
    return read_word(word.strip(), Kind.BOOL)


def _state_topic(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise AnnouncementError("state_topic is no topic")
    try:
        template = Template.parse(value)
    except ValueError as error:
        raise AnnouncementError(f"state_topic: {error}") from None
    if template.captures or template.filter.open_ended or "+" in template.filter.levels:
        raise AnnouncementError("state_topic has wildcards")
    return value


def _availability(body: Mapping[str, object]) -> tuple[Availability, ...]:
    """Where it is told whether the device is there; what is not understood of it is left out."""
    shared = {key: body[key] for key in ("payload_available", "payload_not_available") if key in body}
    if body.get("availability_topic") is not None:
        single = {"topic": body["availability_topic"], "value_template": body.get("availability_template")}
        return tuple(_available({**shared, **single}, None))
    several = body.get("availability")
    rows = several if isinstance(several, list) else [several]
    found = [one for row in rows[:20] for one in _available(written_out(row, OF_COMPONENT), body.get("~"))]
    return tuple(found)


def _available(row: Mapping[str, object], base: object) -> Iterator[Availability]:
    words = [row.get(key, default) for key, default in (("payload_available", "online"),
                                                        ("payload_not_available", "offline"))]  # fmt: skip
    try:
        topic = _state_topic(_replaced(row.get("topic"), base))
        template = _template(row.get("value_template"))
    except (AnnouncementError, TemplateError):
        return
    online, offline = (_word(word) for word in words)
    if online and offline and online.lower() != offline.lower() and not template.scaled:
        yield Availability(topic, online, offline, template.steps)


def _word(value: object) -> str:
    """A word as a payload says it."""
    return str(value).lower() if isinstance(value, bool) else _name(value)


def _options(value: object) -> tuple[str, ...]:
    options = value if isinstance(value, list) else []
    if not 0 < len(options) <= _MAX_OPTIONS or not all(isinstance(one, str) and one for one in options):
        return ()
    return tuple(dict.fromkeys(options))


def _secs(body: Mapping[str, object]) -> float | None:
    secs = body.get("expire_after")
    fits = isinstance(secs, int | float) and not isinstance(secs, bool) and 1 <= secs <= _MAX_SECS
    return float(secs) if fits and isinstance(secs, int | float) else None


def _field(component: _Component, device: _Device, steps: Steps | None) -> str:
    """A name for a value: where it stands, else what the component is called, without the device's own name."""
    names = [step for step in steps or () if isinstance(step, str)]
    if names and storable(names[-1]):
        return names[-1]
    own, whose = slug(component.name), slug(device.id)
    return identifier(own.removeprefix(f"{whose}_") if whose else own, "value")


def _name(value: object) -> str:
    """Text in one line that can be a tag, small numbers included; empty where it is none."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63
    text = str(value).strip() if number or isinstance(value, str) else ""
    return text if len(text) <= _MAX_TEXT and text.isprintable() else ""


def _plain(value: object) -> str:
    return value if isinstance(value, str) else ""
