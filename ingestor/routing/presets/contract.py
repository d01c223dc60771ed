"""What a preset says of a family of devices; a new family is a file beside this one and a row in `catalog`."""

from typing import Literal, NamedTuple

from ingestor.config import StateOf, TimeOf
from ingestor.routing.models import Model
from ingestor.routing.unpack import Unpack


class Source(NamedTuple):
    """Topics of the family that bring readings.

    Attributes:
        topic: A template below the family's prefix, such as `{device}/SENSOR`; what it names becomes tags.
        model: Tags and fields with units and ranges, all of them optional; its name is the measurement.
        unpack: From what the payload says to its readings: flat, keys by the names of the model's tags and fields and
            of the time, unknown ones by names of their own (nested ones joined by dots), to be stored or not. Pure;
            raises UnreadableError where the payload is not what the family sends. An empty list: no reading in it.
        time: Where a reading's time is: `field` is a key of what `unpack` gives; without it, the time of receipt.
        format: How payloads are written. With `value`, `unpack` gets the bare value under the name of the model's only
            field, as a value of its kind; of a model with several fields, as text under `word`.
        direct: Whether `unpack` gives a payload that the model finds right as it stands: it is not asked then, and a
            message costs a third.
        measurement: The measurement where it is not the name of the model, put together from levels of the topic:
            `{rack}_temperature`. As everywhere, levels that are in it become no tags.
    """

    topic: str
    model: Model
    unpack: Unpack
    time: TimeOf = TimeOf()
    format: Literal["json", "value", "csv", "line", "cbor", "msgpack"] = "json"
    direct: bool = False
    measurement: str | None = None


class Presence(NamedTuple):
    """Topics that say whether a device is there.

    Attributes:
        topic: A template below the family's prefix.
        state: What payloads say of it.
        device: What stands for `{device}` on these topics, where the name of a device has several levels.
    """

    topic: str
    state: StateOf = StateOf()
    device: str = "{device}"


class Family(NamedTuple):
    """A family of devices.

    Attributes:
        prefix: The usual first levels of its topics; empty where it has none.
        sources: Topics with readings. No two of them take the same topic, unless one is more specific.
        presences: Topics with states.
        others: Filters, below the prefix, of messages that are neither: they count as ignored where they come along.
        device: Which device a reading or a state is from, put together from levels of the topic and tags.
    """

    prefix: str
    sources: tuple[Source, ...]
    presences: tuple[Presence, ...] = ()
    others: tuple[str, ...] = ()
    device: str = "{device}"
