"""A routing table whose payloads say themselves what becomes of them, and a journal in memory."""

import asyncio
from collections.abc import Sequence
from typing import cast

from ingestor.journal import Cursor
from ingestor.ports import Chunk, Decoder, FieldType, Flaw, LossReason, Lost, Message, Point, Reason, Series

NUMBER = {"temperature": FieldType.FLOAT, "humidity": FieldType.FLOAT}
TEXT = {"temperature": FieldType.TEXT, "humidity": FieldType.FLOAT}


class FakeDecoders:
    """Takes topics `rack1/climate`, `lab/climate` (another bucket), `rack1/words` (another type) and `kept`.

    A payload is words, a point each: `good` gives one; `half` gives one without its humidity, which is set aside;
    `bad` gives none and is set aside; any other word is `good` for us, and a store may look for it in the point.
    The value of each is its time, so that every point is another.

    Attributes:
        mended: The schema was fixed: nothing is wrong any more.
        expands: Some messages are compressed.
    """

    def __init__(self) -> None:
        self.expands = False
        self.mended = False
        farm = FakeDecoder(self, Series("Farm", "climate", {"rack": "rack1"}, types=NUMBER))
        lab = FakeDecoder(self, Series("Lab", "climate", {"rack": "lab"}, types=NUMBER))
        words = FakeDecoder(self, Series("Farm", "climate", {"rack": "words"}, types=TEXT))
        kept = FakeDecoder(self, Series("Farm", "kept", {}, types=NUMBER), skips_retained=False)
        self.by_topic: dict[str, Decoder] = {
            "rack1/climate": farm,
            "lab/climate": lab,
            "rack1/words": words,
            "kept": kept,
        }

    def find(self, topic: str) -> Decoder | None:
        """The decoder of a topic."""
        return self.by_topic.get(topic)


class FakeDecoder:
    """One route."""

    def __init__(self, table: FakeDecoders, series: Series, *, skips_retained: bool = True) -> None:
        self.series = series
        self.skips_retained = skips_retained
        self._table = table

    def decode(self, message: Message, into: list[Point]) -> Sequence[Flaw]:
        """Do what the words of the payload say."""
        flaws = []
        mended = self._table.mended
        for number, word in enumerate(message.payload.decode().split()):
            time_ns = message.received_ns + number
            if word == "bad" and not mended:
                flaws.append(Flaw(number, Reason.TYPE, "not a number"))
                continue
            if word == "half" and not mended:
                flaws.append(Flaw(number, Reason.RANGE, "too wet", "humidity"))
                into.append(Point(self.series, time_ns, {"temperature": self._value(time_ns)}))
            else:
                into.append(Point(self.series, time_ns, {"temperature": self._value(time_ns), "humidity": time_ns / 2}))
        return flaws

    def _value(self, time_ns: int) -> float | str:
        return str(time_ns) if self.series.types is TEXT else float(time_ns)


class FakeJournal:
    """Messages and losses, a position each."""

    def __init__(self, slots: Sequence[Message | LossReason] = ()) -> None:
        self.slots: list[Message | LossReason] = list(slots)
        self.grown = asyncio.Event()

    def append(self, *messages: Message) -> None:
        """More has come."""
        self.slots += messages
        self.grown.set()

    def cursor(self, position: int) -> Cursor:
        """A cursor that starts there, as the delivery loop sees one."""
        return cast("Cursor", FakeCursor(self, position))


class FakeCursor:
    """Reads a `FakeJournal`."""

    def __init__(self, journal: FakeJournal, position: int) -> None:
        self.position = position
        self.released = position
        self._journal = journal

    @property
    def at_end(self) -> bool:
        """Whether everything was read."""
        return self.position >= len(self._journal.slots)

    def release(self, position: int) -> None:
        """Everything before is stored."""
        self.released = position

    async def read(self, *, max_messages: int, max_bytes: int) -> Chunk | Lost:
        """The next messages, or losses of one kind."""
        while self.at_end:
            self._journal.grown.clear()
            await self._journal.grown.wait()
        begin = self.position
        first = self._journal.slots[begin]
        run: list[Message] = []
        size = 0
        for slot in self._journal.slots[begin : begin + max_messages]:
            if isinstance(first, LossReason) and slot is first:
                self.position += 1
            elif isinstance(first, Message) and isinstance(slot, Message) and size < max_bytes:
                run.append(slot)
                size += len(slot.payload)
                self.position += 1
            else:
                break
        if isinstance(first, LossReason):
            return Lost(begin, self.position - begin, first)
        return Chunk(begin, run)
