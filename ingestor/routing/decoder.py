"""From the messages of one topic to points: the road that nearly every reading takes, and the one for all others."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from ingestor.config import StateOf
from ingestor.ports import IGNORED, DeviceLog, Flaw, Message, Point, Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.landing import Landing
from ingestor.routing.mending import Mender
from ingestor.routing.path import Path
from ingestor.routing.payload import PayloadReader
from ingestor.routing.place import storable
from ingestor.routing.unpack import Reading, unknown
from ingestor.routing.wire import TAG_RULE, Values, Wire
from ingestor.routing.words import shorten, show, tell


class Recipe(NamedTuple):
    """What the careful road of all topics of a route shares.

    Attributes:
        payloads: From bytes to readings that are not validated.
        mender: For readings that are not valid as they are.
        known: The names that the model and the route know.
        beyond: Whether readings may bring more than those that is kept: tags, and fields with `store_unknown`.
        store_unknown: Whether fields that the model does not know are stored.
    """

    payloads: PayloadReader
    mender: Mender
    known: Collection[str]
    beyond: bool
    store_unknown: bool


class CarefulDecoder:
    """Decodes whatever the messages of one topic hold: many readings, what no model knows, and what is wrong.

    Args:
        recipe: What the route does.
        wire: Validates what a reading carries.
        landing: Makes points of it.
    """

    __slots__ = ("_landing", "_recipe", "_wire", "skips_retained")

    def __init__(self, recipe: Recipe, *, wire: Wire, landing: Landing, skips_retained: bool) -> None:
        self.skips_retained = skips_retained
        self._recipe = recipe
        self._wire = wire
        self._landing = landing

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:
        """See `ingestor.ports.Decoder`."""
        try:
            readings = self._recipe.payloads.read(message.payload)
            if len(readings) == 1:
                return self._one(message, readings[0], into)
            flaws = list(self._each(message, readings, into))
        except UnreadableError as error:
            return (Flaw(-1, error.reason, shorten(error.detail)),)
        return flaws if readings else IGNORED

    def _each(self, message: Message, readings: Sequence[Reading], into: list[Point]) -> Iterator[Flaw]:
        for number, raw in enumerate(readings):
            try:
                flaws = self._one(message, raw, into, number=number)
            except UnreadableError as error:
                flaws = (Flaw(-1, error.reason, shorten(error.detail)),)
            for flaw in flaws:
                yield flaw._replace(point=number, field=flaw.field if flaw.point >= 0 else "")

    def _one(self, message: Message, raw: Reading, into: list[Point], *, number: int = 0) -> Sequence[Flaw]:
        """One reading of a message."""
        if isinstance(raw, UnreadableError):
            raise raw
        mender, flaws = self._recipe.mender, []
        try:
            values = self._wire.read(raw)
        except Exception:  # noqa: BLE001 - a model may run any code of its author; what it was is told below
            try:
                mended = mender.mend(self._wire, raw)
            except Exception as error:  # noqa: BLE001 - the model's own code failed, in whatever way
                return (Flaw(-1, Reason.MODEL, shorten(f"the model failed: {tell(error)}")),)
            if mended.values is None:
                return mended.flaws
            values, flaws = mended.values, mended.flaws
        values = {name: value for name, value in values.items() if value is not None}
        if self._recipe.beyond:
            more = unknown(raw, self._recipe.known, store=self._recipe.store_unknown)
            if wrong := [name for name, tag in more.tags.items() if not storable(tag)]:
                said = f"tag {wrong[0]} is {show(more.tags[wrong[0]])}: {TAG_RULE}"
                return (Flaw(-1, Reason.TAG, shorten(said)),)
            flaws += [Flaw(0, Reason.TYPE, shorten(words), name) for name, words in more.refused.items()]
            values.update(more.fields)
            told = self._landing.land(message, values, into, flaws, number=number, more_tags=more.tags)
        else:
            told = self._landing.land(message, values, into, flaws, number=number)
        return (mender.empty(),) if told is None else told


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


class StateDecoder:
    """Messages that say whether a device is there. Those that the broker kept say so, too.

    Args:
        rule: Which words say what.
        path: Where the word stands in an object or list; None where it is always all that the payload says.
        load: What a payload says; raises UnreadableError.
        device: Which device.
        log: Who is told.
    """

    skips_retained = False

    def __init__(
        self, rule: StateOf, *, path: Path | None, load: Callable[[bytes], object], device: str, log: DeviceLog | None
    ) -> None:
        self._words = {word.lower(): True for word in rule.online} | {word.lower(): False for word in rule.offline}
        self._path = path
        self._load = load
        self._device = device
        self._log = log

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:  # noqa: ARG002 - a Decoder's signature
        """See `ingestor.ports.Decoder`."""
        if not message.payload:
            return IGNORED  # the broker forgets what it kept
        try:
            said = self._load(message.payload)
        except UnreadableError as error:
            return (Flaw(-1, error.reason, shorten(error.detail)),)
        if self._path is not None and not isinstance(said, str):
            said = self._path.find(said, said)
        word = str(said).strip().lower() if isinstance(said, str | bool | int) else ""
        online = self._words.get(word)
        if online is None:
            known = ", ".join(sorted(self._words))
            return (Flaw(-1, Reason.TYPE, shorten(f"the state is {show(said)}, where one of {known} belongs")),)
        if self._log is not None:
            self._log.state(self._device, message.received_ns, online=online)
        return IGNORED
