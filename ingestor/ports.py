"""What the parts hand to each other, and the seams between them.

Times are integer nanoseconds since 1970 UTC everywhere between stages.
"""

from asyncio import Future
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

RETAIN = 0x01
"""Bit of `Message.flags`: the broker kept this message and sent it because we subscribed."""
DUP = 0x08
"""Bit of `Message.flags`: the broker says it sent this message before."""
FETCHED = 0x10
"""Bit of `Message.flags`: a task of ours fetched it. No packet has room for it, so no broker can send it."""


class Message(NamedTuple):
    """One message as it came, before anything of it was understood.

    `flags` is the low half of the first byte of a PUBLISH packet (MQTT 5, section 3.3.1: DUP, QoS, RETAIN), or FETCHED.
    `packet_id` is 0 at QoS 0. `properties` is the undecoded property block of MQTT 5, without its length.
    `received_ns` is unique and increasing within a journal.
    """

    topic: str
    payload: bytes
    received_ns: int
    flags: int = 0
    packet_id: int = 0
    properties: bytes = b""

    @property
    def qos(self) -> int:
        """The quality of service it was delivered at: 0, 1 or 2."""
        return self.flags >> 1 & 3

    @property
    def size(self) -> int:
        """Bytes of topic, payload and properties."""
        return len(self.topic) + len(self.payload) + len(self.properties)

    @property
    def retain(self) -> bool:
        """Whether the broker had kept it from before we subscribed."""
        return bool(self.flags & RETAIN)


class LossReason(StrEnum):
    """Why journaled messages are gone; each is a counter of its own."""

    DAMAGED = "damaged"
    DROPPED = "dropped"


class Lost(NamedTuple):
    """A run of journal positions whose messages cannot be had any more."""

    position: int
    missing: int
    why: LossReason


class Chunk(NamedTuple):
    """A run of consecutive messages of the journal, the first of them at `position`."""

    position: int
    messages: Sequence[Message]

    @property
    def end(self) -> int:
        """The position after the last message."""
        return self.position + len(self.messages)


class FieldType(StrEnum):
    """What a field holds; it never changes on its own. Numbers are floats unless the model says otherwise."""

    FLOAT = "float"
    INT = "int"
    TEXT = "text"
    BOOL = "bool"


type_of_value = {float: FieldType.FLOAT, int: FieldType.INT, str: FieldType.TEXT, bool: FieldType.BOOL}

Value = float | int | str | bool
_SERIES_BYTES = 600  # objects and their entries, without the text in them


class Series:
    """Where a point belongs: bucket, measurement, tags, and the declared types of its fields.

    Made once for a topic and shared by all its points, compared by identity, so that a store can remember
    what it worked out for it. `tags` are sorted by name; `units` holds the units of the fields that have one.
    """

    __slots__ = ("bucket", "measurement", "tags", "types", "units")

    def __init__(
        self,
        bucket: str,
        measurement: str,
        tags: Mapping[str, str],
        *,
        types: Mapping[str, FieldType],
        units: Mapping[str, str] | None = None,
    ) -> None:
        self.bucket = bucket
        self.measurement = measurement
        self.tags = tuple(sorted(tags.items()))
        self.types = types
        self.units = units or {}

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes, with an entry in a dictionary: its names come from topics."""
        names = sum(len(key) + len(value) for key, value in self.tags)
        return _SERIES_BYTES + 4 * (len(self.bucket) + len(self.measurement) + names)

    def __repr__(self) -> str:
        tags = "".join(f",{key}={value}" for key, value in self.tags)
        return f"Series({self.bucket!r}, {self.measurement}{tags})"


class Point(NamedTuple):
    """What a store stores: field values of one series at one time. Never without a field, never with a None."""

    series: Series
    time_ns: int
    fields: Mapping[str, Value]


class Reason(StrEnum):
    """Why something was set aside. A closed list: these are labels of a metric."""

    EMPTY = "empty"
    """No payload, or a payload without any field of the model."""
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    """Not JSON, or not such JSON as the route reads."""
    FORMAT = "format"
    """Not what the route's format or compression reads."""
    TYPE = "type"
    RANGE = "range"
    MISSING = "missing"
    """A required field or tag is not there."""
    TAG = "tag"
    """A tag's value cannot be stored (empty, or with a line break)."""
    TIME = "time"
    """The device's time cannot be read, or lies outside the allowed window and the route says reject."""
    MODEL = "model"
    """The model's own code failed on it."""
    BUCKET = "bucket"
    """The bucket it names is not declared, or cannot be written: held until it can."""
    TYPE_CONFLICT = "type_conflict"
    """The field is stored with another type already."""
    REJECTED = "rejected"
    """The store will never take it; its words are in the detail."""
    UNROUTED = "unrouted"
    """Tried again, but no route takes its topic any more."""
    TOO_LARGE = "too_large"
    """Over `mqtt.max_packet`: only its head was kept."""


class TaskFault(StrEnum):
    """What kept something of a task from being done. A closed list: these are labels of a metric."""

    REFUSED = "refused"
    """A person has to act: a wrong key, a place that is none."""
    LIMITED = "limited"
    """Too much was asked of a service; it may be asked again later."""
    UNAVAILABLE = "unavailable"
    """No answer, or one that says that the service is not well."""
    NONSENSE = "nonsense"
    """An answer that is not what is documented."""
    TIME_LIMIT = "time_limit"
    OTHER = "other"


class Flaw(NamedTuple):
    """What was wrong in a message: with all of it (`point` -1), with one reading of it, or with one field of that.

    `point` counts the readings of the message, from 0: each gives one point, unless a flaw names it without a `field`.
    """

    point: int
    reason: Reason
    detail: str
    field: str = ""


IGNORED: Final[Sequence[Flaw]] = (Flaw(-1, Reason.EMPTY, "no reading"),)
"""What a decoder returns, this very object, for a message that is no reading and need not be: a device's state."""


UNROUTED: Final[Sequence[Flaw]] = (Flaw(-1, Reason.UNROUTED, "no route took its topic when it came"),)
"""What a decoder returns, this very object, for a message that came while its topic was not announced."""


class Rejection(NamedTuple):
    """A point of a batch (`at` is its index) that the store will never take, or some fields of it, and why.

    With `fields` the rest of the point was stored; without, nothing of it was.
    """

    at: int
    reason: Reason
    detail: str
    fields: tuple[str, ...] = ()


class BucketInfo(NamedTuple):
    """A bucket as a store has it, or should have it.

    `description` is None where the store keeps none, `retention_secs` where it keeps points for ever.
    """

    name: str
    description: str | None = ""
    retention_secs: float | None = None


class StoredPoint(NamedTuple):
    """A point as a store gives it back; `tags` are sorted by name."""

    measurement: str
    tags: tuple[tuple[str, str], ...]
    time_ns: int
    fields: Mapping[str, Value]


class Decoder(Protocol):
    """A compiled route. Called once a message by a delivery loop; keeps no state between calls; never raises."""

    skips_retained: bool

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:
        """Append the points that were understood to `into`, and return what has to be set aside.

        With flaws and no point, all of the message is set aside. A field's flaw leaves the rest of its point.
        `IGNORED` is returned, and nothing appended, for what is no reading; `UNROUTED` for what no route takes.
        """


class Decoders(Protocol):
    """The routing table. Pure: the same topic, configuration and announcements give the same decoder.

    `expands` says whether points may be much larger than their messages: some of those are compressed.
    """

    expands: bool

    def find(self, topic: str) -> Decoder | None:
        """The decoder that takes the topic, or None where no route does."""


class DeviceLog(Protocol):
    """Who wants to know of devices what is no reading. Called by decoders, with times of receipt in ns, in any order.

    It keeps what is newest, and is never asked: what a decoder gives does not depend on it.
    """

    def seen(self, device: str, received_ns: int) -> None:
        """A reading of a device of the table came."""

    def state(self, device: str, received_ns: int, *, online: bool) -> None:
        """A device said, or its broker said of it, whether it is there."""


class ReceiptClock:
    """Times of receipt: nanoseconds that only increase, so that two equal messages are two readings.

    Args:
        last_ns: The newest time given out before, from the journal.

    Attributes:
        last_ns: The newest time given out.
    """

    def __init__(self, last_ns: int = 0) -> None:
        self.last_ns = last_ns

    def take(self, count: int, *, now_ns: int) -> int:
        """Reserve `count` consecutive times and return the first: `max(now, last + 1)`."""
        first = max(now_ns, self.last_ns + 1)
        self.last_ns = first + count - 1
        return first


class Log(Protocol):
    """The journal as a source of messages sees it. One for the process; every source appends to the same."""

    @property
    def clock(self) -> ReceiptClock:
        """Where times of receipt come from; messages are appended in the order of these times."""

    @property
    def backlog_bytes(self) -> int:
        """Bytes appended and not yet on disk."""

    @property
    def backlog_limit(self) -> int:
        """A source pauses its socket while `backlog_bytes` is over this."""

    def append(self, messages: Sequence[Message]) -> Future[None]:
        """Queue messages for the next group; returns at once.

        The future is done when they are on disk, in order over all calls, however long that takes (a full
        journal or disk delays it); it is cancelled when the journal closes without having written them.
        """

    def unacknowledged(self) -> Iterator[tuple[int, str, bytes]]:
        """Packet id, topic and payload of the newest QoS 1 messages on disk (up to 65,535), oldest first.

        Reads files: call it in a thread, after the futures of earlier appends are done.
        """


class Store(Protocol):
    """Where points end up. Entered once, left once, never used concurrently. Never drops and never retries."""

    async def __aenter__(self) -> Self:
        """Get ready without needing the store to be up: an absent server shows in `write`, not here."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of files and connections."""

    async def write(self, points: Sequence[Point]) -> Sequence[Rejection]:
        """Return once every point that was not rejected is durable. One attempt.

        The same point again changes nothing, so a batch may be sent again after any error.

        Raises:
            StoreUnavailableError: Try the same batch again later.
            StoreMisconfiguredError: Nothing will be taken until a person acts.
            BucketError: Buckets cannot be written; the caller sends the points of the others again.
        """

    async def delete(self, points: Sequence[Point]) -> None:
        """Return once nothing of these points is there: all that stands at their times in their series. One attempt.

        What is not there need not be deleted, so the same may be asked for again after any error. Points of other
        series, also of those with more tags or fewer, stay, and so do other points of the same series.

        Raises:
            StoreUnavailableError: Try again later.
            StoreMisconfiguredError: Nothing will be deleted until a person acts.
            BucketError: Points of this bucket cannot be deleted; those of others may be or not.
        """

    async def check(self, buckets: Sequence[str]) -> Sequence[str]:
        """What would keep these buckets from being written, in words, with what to do; empty when nothing."""

    async def field_types(self, bucket: str) -> Mapping[tuple[str, str], AbstractSet[FieldType]] | None:
        """The types that the store holds for each measurement and field of a bucket, whoever wrote them.

        Empty where there is no such bucket; None where the store will not say (a token that may only write).
        More than one type for a field is possible in InfluxDB, which keeps types by shard.

        Raises:
            StoreUnavailableError: Try again later.
            StoreMisconfiguredError: Nothing will be answered until a person acts.
            BucketError: This bucket cannot be read.
        """


class Buckets(Protocol):
    """The buckets of a store, as commands see and change them. Entered once, left once, never used concurrently.

    Every method may raise StoreUnavailableError, StoreMisconfiguredError and BucketError, in words for a person.
    """

    async def __aenter__(self) -> Self:
        """Get ready without needing the store to be up."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of files and connections."""

    async def list(self) -> Sequence[BucketInfo]:
        """The buckets that there are, sorted by name, without those that the server keeps for itself."""

    async def create(self, bucket: BucketInfo) -> None:
        """Make a bucket that is not there yet."""

    async def change(self, bucket: BucketInfo) -> None:
        """Give an existing bucket this description and this retention."""

    async def remove(self, name: str) -> None:
        """Delete a bucket and all that is in it."""

    async def points(self, name: str) -> Sequence[StoredPoint]:
        """All that is in a small bucket; for comparing what was written with what is there."""
