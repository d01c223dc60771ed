"""Announcements as rows of a configuration: routes, models, devices, and what tells of their state."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ingestor.config import Calibration, Device, FieldSpec, ModelSpec, Route, StateOf
from ingestor.ports import FieldType
from ingestor.routing.announcements.announcement import Announcement
from ingestor.routing.announcements.names import fresh, identifier
from ingestor.routing.announcements.template import Steps
from sensors import Kind

DEVICE_TAG: Final = "device"


def as_route(announcements: Sequence[Announcement], bucket: str) -> tuple[Route, str, ModelSpec]:
    """The route that takes in what is announced for one topic, with the name of its model, and the model.

    Args:
        announcements: At least one; all of the same topic.
        bucket: Where to store it.
    """
    fields = named(announcements)
    first = next(iter(fields.values()))
    name = _model_name(fields)
    paths = {field: path_text(one.steps) for field, one in fields.items() if one.steps and one.steps != (field,)}
    route = Route(
        topic=first.topic,
        model=name,
        format="value" if first.steps is None else "json",
        bucket=bucket,
        tags={DEVICE_TAG: first.device} if first.device else {},
        device=plain_device(first.device) or None,
        paths=paths,
    )
    return route, name, ModelSpec(fields={field: _spec(one) for field, one in fields.items()})


def as_device(announcements: Iterable[Announcement]) -> Device | None:
    """What is announced of one device: its tags, how its values are corrected, and when it is overdue.

    Args:
        announcements: All of the same device, without those that `clashing` names.

    Returns:
        None where nothing is told of it.
    """
    found = list(announcements)
    scaled = {name: one for of in by_topic(found).values() for name, one in named(of).items() if _is_scaled(one)}
    calibration = {name: Calibration(factor=one.factor, offset=one.offset) for name, one in scaled.items()}
    expire = min((one.expire_after for one in found if one.expire_after is not None), default=None)
    tags = {tag: text for one in reversed(found) for tag, text in one.about}
    if not (found and plain_device(found[0].device) and (tags or calibration or expire)):
        return None
    interval = None if expire is None else f"{expire:.3f}s"
    return Device.model_validate(
        {"id": found[0].device, "tags": tags, "calibration": calibration, "interval": interval}
    )


def as_states(announcements: Iterable[Announcement]) -> tuple[Route, ...]:
    """The rows for topics that tell whether a device is there; a topic that tells it of several is left out.

    Such a topic tells of the bridge that all of them are behind, and not of any device.
    """
    told: dict[str, dict[str, Route]] = {}
    for one in announcements:
        for available in one.availability:
            if plain_device(one.device) and available.topic != one.topic:
                state = StateOf(
                    online=(available.online,),
                    offline=(available.offline,),
                    path=path_text(available.steps) if available.steps else None,
                )
                told.setdefault(available.topic, {}).setdefault(
                    one.device, Route(topic=available.topic, device=one.device, state=state)
                )
    return tuple(route for devices in told.values() if len(devices) == 1 for route in devices.values())


def by_topic(announcements: Iterable[Announcement]) -> dict[str, list[Announcement]]:
    """The announcements of each topic, in the order of the topics."""
    found: dict[str, list[Announcement]] = {}
    for one in sorted(announcements, key=lambda one: one.source):
        found.setdefault(one.topic, []).append(one)
    return found


def clashing(announcements: Iterable[Announcement]) -> list[Announcement]:
    """Those that cannot be had beside others of their device: a field of that name is corrected in another way.

    A device has one correction a field, whichever topic the field comes on.
    """
    known: dict[tuple[str, str], tuple[float, float]] = {}
    clash = []
    for of in by_topic(announcements).values():
        for name, one in named(of).items():
            scale = (one.factor, one.offset)
            if known.setdefault((one.device, name), scale) != scale or (
                _is_scaled(one) and not plain_device(one.device)
            ):
                clash.append(one)
    return clash


def named(announcements: Sequence[Announcement]) -> dict[str, Announcement]:
    """The announcements of one topic by the names of their fields.

    A value that is announced twice is taken once, the way that says more of it; and where values of a JSON payload
    are announced, an announcement that takes all of the payload as a text is not.
    """
    nested = any(one.steps is not None for one in announcements)
    chosen: dict[Steps | None, Announcement] = {}
    for one in sorted(announcements, key=_telling, reverse=True):
        if not nested or one.steps is not None:
            chosen.setdefault(one.steps, one)
    found: dict[str, Announcement] = {}
    own = {one.steps[0] for one in chosen.values() if one.steps is not None and len(one.steps) == 1}
    for one in sorted(chosen.values(), key=lambda one: (len(one.steps or ()), one.source)):
        name = one.field
        if name in found or (name in own and one.steps != (name,)) or name == DEVICE_TAG:
            name = identifier("_".join(map(str, one.steps or (name, "value"))), "value")
            name = fresh(f"{name}_value" if name == DEVICE_TAG else name, found)
        found[name] = one
    return dict(sorted(found.items()))


def path_text(steps: Steps) -> str:
    """A path as a route has it."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            quoted = f'"{step}"' if set(step) & set(".[]$") else step
            text += f".{quoted}" if text else quoted
    return text


def plain_device(device: str) -> str:
    """The id of a device where a route can name it as it is; else nothing."""
    return "" if set(device) & set("{}") else device


def _spec(one: Announcement) -> FieldSpec:
    kind = one.kind or Kind.TEXT
    return FieldSpec(type=FieldType(kind.value), unit=one.unit, min=one.low, max=one.high, choices=one.choices)


def _telling(one: Announcement) -> tuple[bool, bool, str]:
    return one.kind is Kind.FLOAT, one.kind is not None, one.source


def _is_scaled(one: Announcement) -> bool:
    return (one.factor, one.offset) != (1.0, 0.0)


def _model_name(fields: Mapping[str, Announcement]) -> str:
    """What readings of the topic are: their only value, else model or name of the device, else the end of the topic."""
    first = next(iter(fields.values()))
    if len(fields) == 1:
        return identifier(next(iter(fields)), "value")
    about = dict(first.about)
    return identifier(about.get("model") or about.get("name") or first.topic.rpartition("/")[2], "device")
