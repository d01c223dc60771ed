"""From the messages of one topic to points: the road that nearly every reading takes, and the one for all others."""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from ingestor.ports import IGNORED, Flaw, Message, Point, Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.landing import Landing
from ingestor.routing.mending import Mended, Mender
from ingestor.routing.payload import Exact, PayloadReader
from ingestor.routing.unpack import Reading, unknown
from ingestor.routing.wire import Values, Wire
from ingestor.routing.words import shorten, tell, whole

_NO_TAGS: Final[Mapping[str, str]] = MappingProxyType({})


class Recipe(NamedTuple):
    """What the careful road of all topics of a route shares.

    Attributes:
        payloads: From bytes to readings that are not validated.
        mender: For readings that are not valid as they are.
        known: The names that the model and the route know.
        beyond: Whether of what is not known anything is kept: tags, and fields with `store_unknown`.
        store_unknown: Whether fields that the model does not know are stored.
        keep_rest: Whether the rest of a reading is kept when a field of it is wrong.
    """

    payloads: PayloadReader
    mender: Mender
    known: Collection[str]
    beyond: bool
    store_unknown: bool
    keep_rest: bool


class CarefulDecoder:
    """Decodes whatever the messages of one topic hold: many readings, what no model knows, and what is wrong.

    Args:
        recipe: What the route does.
        wire: Validates what a reading carries.
        landing: Makes points of it.
        skips_retained: See `ingestor.ports.Decoder`.
    """

    __slots__ = ("_landing", "_recipe", "_wire", "skips_retained")

    def __init__(self, recipe: Recipe, *, wire: Wire, landing: Landing, skips_retained: bool) -> None:
        self.skips_retained = skips_retained
        self._recipe = recipe
        self._wire = wire
        self._landing = landing

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:
        """See `ingestor.ports.Decoder`."""
        payloads = self._recipe.payloads
        try:
            readings = payloads.read(message.payload)
        except UnreadableError as error:
            return (refused(error),)
        if not readings:
            return IGNORED
        written = payloads.written(message.payload)
        if len(readings) == 1:
            return self._one(message, readings[0], into, written.reading(0))
        return [
            flaw._replace(point=number, field=flaw.field if flaw.point >= 0 else "")
            for number, reading in enumerate(readings)
            for flaw in self._one(message, reading, into, written.reading(number))
        ]

    def _one(self, message: Message, raw: Reading, into: list[Point], exact: Exact) -> Sequence[Flaw]:
        """One reading of a message: its point, and what is wrong with it, as if it were the only one."""
        if isinstance(raw, UnreadableError):
            return (refused(raw),)
        values, flaws = self._valid(raw)
        if values is None:
            return flaws
        recipe, tags = self._recipe, _NO_TAGS
        if recipe.beyond:
            try:
                more = unknown(raw, recipe.known, store=recipe.store_unknown, moved=recipe.payloads.moved)
            except UnreadableError as error:
                return (refused(error),)
            flaws += [Flaw(0, Reason.TYPE, why, name) for name, why in more.refused.items()]
            values.update(more.fields)
            tags = more.tags
        if flaws and not recipe.keep_rest:
            return (whole(flaws),)
        told = self._landing.land(message, values, into, flaws, exact=exact, more_tags=tags)
        return (whole((*flaws, recipe.mender.empty())),) if told is None else told

    def _valid(self, raw: Values) -> Mended:
        """What the model knows of a reading and finds right."""
        try:
            values, flaws = self._wire.read(raw), []
        except Exception:  # noqa: BLE001 - a model may run any code of its author; what it was is told below
            try:
                mended = self._recipe.mender.mend(self._wire, raw)
            except Exception as error:  # noqa: BLE001 - the model's own code failed, in whatever way
                return Mended(None, [Flaw(-1, Reason.MODEL, shorten(f"the model failed: {tell(error)}"))])
            if mended.values is None:
                return mended
            values, flaws = mended.values, mended.flaws
        return Mended({name: value for name, value in values.items() if value is not None}, flaws)


def refused(error: UnreadableError) -> Flaw:
    """What is wrong with a payload, or with a reading, that cannot be read."""
    return Flaw(-1, error.reason, shorten(error.detail))


class TopicDecoder:
    """Decodes the messages of one topic, each one reading; made once, and asked for each of them.

    Args:
        read: From bytes to valid values.
        landing: Makes points of them.
        careful: For what `read` refuses.
    """

    __slots__ = ("_careful", "_land", "_read", "skips_retained")

    def __init__(self, read: Callable[[bytes], Values], *, landing: Landing, careful: CarefulDecoder) -> None:
        self.skips_retained = careful.skips_retained
        self._read = read
        self._land = landing.land
        self._careful = careful

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:
        """See `ingestor.ports.Decoder`."""
        try:
            values = self._read(message.payload)
        except Exception:  # noqa: BLE001 - a model may run any code of its author; the careful road tells what it was
            return self._careful.decode(message, into)
        if None in values.values():
            values = {name: value for name, value in values.items() if value is not None}
        flaws = self._land(message, values, into)
        return self._careful.decode(message, into) if flaws is None else flaws


class RefusedTopic:
    """Stands in for a topic whose readings can have no place: says so for each message."""

    __slots__ = ("_flaws", "skips_retained")

    def __init__(self, flaw: Flaw, *, skips_retained: bool) -> None:
        self.skips_retained = skips_retained
        self._flaws = (flaw,)

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:  # noqa: ARG002 - a Decoder's signature
        """See `ingestor.ports.Decoder`."""
        return self._flaws


class IgnoredTopic:
    """Messages that are no readings and need not be: known to be something else."""

    skips_retained = True

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:  # noqa: ARG002 - a Decoder's signature
        """See `ingestor.ports.Decoder`."""
        return IGNORED
