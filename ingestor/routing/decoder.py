"""From the messages of one topic to points: the road that every reading takes, and its detour for bad ones."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from ingestor.ports import Flaw, Message, Point, Reason, Series, Value
from ingestor.routing.formats.contract import Format, UnreadableError
from ingestor.routing.mending import Mender
from ingestor.routing.place import Place
from ingestor.routing.reading_time import Clock
from ingestor.routing.wire import Values, Wire
from ingestor.routing.words import shorten, tell, whole

# What Point(...) comes to, without its Python-level constructor: a tenth of the cost of a whole message.
_point: Final[Callable[[tuple[Series, int, Values]], Point]] = partial(tuple.__new__, Point)


class Recipe(NamedTuple):
    """What all topics of a route share.

    `sent_tags` are those that payloads may bring; `clock` is None where readings have the time of receipt.
    """

    format: Format
    mender: Mender
    clock: Clock | None
    sent_tags: tuple[str, ...]
    skips_retained: bool


class TopicDecoder:
    """Decodes the messages of one topic; made once, and asked for each of them.

    Args:
        recipe: What the route does.
        wire: Validates what the payloads carry.
        place: Where the readings go.
        constants: The fields that the topic fills.
    """

    __slots__ = ("_clock", "_constants", "_goal", "_read", "_recipe", "_wire", "skips_retained")

    def __init__(self, recipe: Recipe, *, wire: Wire, place: Place, constants: Mapping[str, Value]) -> None:
        self.skips_retained = recipe.skips_retained
        self._recipe = recipe
        self._wire = wire
        self._constants = constants
        self._clock = recipe.clock
        self._read: Callable[[bytes], Values] = recipe.format.reader(wire)
        self._goal = place if recipe.sent_tags else place.series()

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:
        """See `ingestor.ports.Decoder`."""
        try:
            values = self._read(message.payload)
        except Exception:  # noqa: BLE001 - a model may run any code of its author; the detour tells what it was
            return self._detour(message, into)
        if None in values.values():
            values = {name: value for name, value in values.items() if value is not None}
        return self._finish(message, into, values, ())

    def _finish(self, message: Message, into: list[Point], values: Values, flaws: Sequence[Flaw]) -> Sequence[Flaw]:
        """Give the values a time and a place."""
        clock = self._clock
        if clock is None:
            time_ns = message.received_ns
        else:
            when = clock.when(values.pop(clock.field, None), message)
            if isinstance(when, int):
                time_ns = when
            elif when.field:
                time_ns, flaws = message.received_ns, (*flaws, when)
            else:
                return (whole((when, *flaws)),)
        goal = self._goal
        series = goal if isinstance(goal, Series) else goal.series_of(values, self._recipe.sent_tags)
        if not values:
            return self._detour(message, into)
        if self._constants:
            values.update(self._constants)
        into.append(_point((series, time_ns, values)))
        return flaws

    def _detour(self, message: Message, into: list[Point]) -> Sequence[Flaw]:
        """Find out what is wrong, and store the rest where that is allowed."""
        try:
            raw = self._recipe.format.parse(message.payload)
            mended = self._recipe.mender.mend(self._wire, raw)
        except UnreadableError as error:
            return (Flaw(-1, error.reason, shorten(error.detail)),)
        except Exception as error:  # noqa: BLE001 - the model's own code failed, in whatever way
            return (Flaw(-1, Reason.MODEL, shorten(f"the model failed: {tell(error)}")),)
        if mended.values is None:
            return mended.flaws
        return self._finish(message, into, mended.values, mended.flaws)


class RefusedTopic:
    """Stands in for a topic whose readings can have no place: says so for each message."""

    __slots__ = ("_flaws", "skips_retained")

    def __init__(self, flaw: Flaw, *, skips_retained: bool) -> None:
        self.skips_retained = skips_retained
        self._flaws = (flaw,)

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:  # noqa: ARG002 - a Decoder's signature
        """See `ingestor.ports.Decoder`."""
        return self._flaws
