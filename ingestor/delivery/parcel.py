"""A run of messages on its way to a store: what was understood of them, and what became of each. Pure."""

import sys
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count, filterfalse, islice
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple

from ingestor.deadletters import WHOLE_MESSAGE, Fate, Letter
from ingestor.ports import IGNORED, RETAIN, UNROUTED, Chunk, Decoders, Flaw, Lost, Message, Point, Reason, Rejection

NOTHING_HELD: Mapping[int, str] = MappingProxyType({})
_DETAIL_CHARACTERS = 200
_NO_POINT = (Flaw(WHOLE_MESSAGE, Reason.EMPTY, "it gave no point"),)


class Refusal(NamedTuple):
    """Something of a message that will not be stored, or not now: a point of it, or `fields` of a point, and why."""

    point: int
    reason: Reason
    detail: str
    fields: tuple[str, ...] = ()
    bucket: str = ""  # that it waits for


class Account(NamedTuple):
    """What became of a parcel: counts for the store's ledger, letters to keep, and fates by message number.

    A message without a fate here went through without any complaint, or was unrouted or ignored.
    """

    counts: Counter[str]
    letters: list[Letter]
    fates: Mapping[int, Fate]


class Parcel:
    """Gathers messages until there is enough to write.

    `points` is the batch for the writer. `end` is the journal position after the last message taken.
    """

    def __init__(self, position: int) -> None:
        self.begin = self.end = position
        self.points: list[Point] = []
        self.bytes = 0
        self.messages = 0
        self._owners: list[int] = []  # for each point, the number of its message in this parcel
        self._runs: list[tuple[int, Chunk]] = []  # number of the first message, and the messages
        self._flaws: dict[int, Sequence[Flaw]] = {}
        self._counts: Counter[str] = Counter()

    @property
    def oldest_ns(self) -> int | None:
        """When the first message was received; None where there is none."""
        return self._runs[0][1].messages[0].received_ns if self._runs else None

    def lose(self, lost: Lost) -> None:
        """Account for messages that the journal does not have any more."""
        self._counts[lost.why.value] += lost.missing
        self.end = lost.position + lost.missing

    def take(  # noqa: C901 - a call more for each message would cost as much as all that is done here
        self, chunk: Chunk, decoders: Decoders, *, max_points: int = sys.maxsize, max_bytes: int = sys.maxsize
    ) -> int:
        """Decode a run of messages into the batch, up to one that fills it with more than itself; how many were taken.

        That is one with many readings, or that was compressed.
        """
        points, owners, find = self.points, self._owners, decoders.find
        first, expands = self.messages, decoders.expands
        number = first
        carriers = unrouted = ignored = size = 0
        for message in chunk.messages:
            size += len(message.payload) + len(message.topic) + len(message.properties)
            before = len(points)
            flaws = UNROUTED
            try:
                decoder = find(message.topic)
                if decoder is not None:
                    skipped = message.flags & RETAIN and decoder.skips_retained
                    flaws = IGNORED if skipped else decoder.decode(message, points)
            except Exception as error:  # noqa: BLE001 - see _fault_of_ours
                del points[before:]
                flaws = _fault_of_ours(error)
            if flaws is IGNORED:
                ignored += 1
            elif flaws is UNROUTED:
                unrouted += 1
            else:
                made = len(points) - before
                if flaws or not made:
                    self._flaws[number] = flaws or _NO_POINT
                if made == 1:  # nearly always, and measurably quicker than the general way
                    owners.append(number)
                    carriers += 1
                elif made:
                    owners.extend((number,) * made)
                    carriers += 1
                    if len(points) >= max_points:
                        number += 1
                        break
            number += 1
            if expands:
                size += sum(map(_text_size, points[before:]))
                if self.bytes + size >= max_bytes:
                    break
        taken = number - first
        self._runs.append((first, chunk))
        counts = self._counts  # its method `update` takes longer than a message does
        counts[Fate.STORED] += carriers
        counts["unrouted"] += unrouted
        counts["ignored"] += ignored
        self.messages = number
        self.bytes += size
        self.end = chunk.position + taken
        return taken

    def settle(self, rejections: Iterable[Rejection] = (), held: Mapping[int, str] = NOTHING_HELD) -> Account:
        """Work out what each message counts as, now that the writer has said what it did not store.

        Args:
            rejections: Points (by their index in `points`), or fields of them, that will never be stored.
            held: Points that wait for their bucket, and why.
        """
        counts = Counter(self._counts)
        counts["points"] = len(self.points)
        if not (self._flaws or rejections or held):
            return Account(counts, [], {})
        refusals, lost = self._refusals(rejections, held)
        waiting = {self._owners[index] for index in held}
        counts["points"] -= sum(lost.values())
        letters: list[Letter] = []
        fates: dict[int, Fate] = {}
        for number, refused in refusals.items():
            made = self.points_of(number)
            fate = Fate.HELD if number in waiting else Fate.STORED if made > lost[number] else Fate.SET_ASIDE
            fates[number] = fate
            counts[Fate.STORED] -= made > 0
            counts[fate] += 1
            of_message = list(self._letters(number, refused, fate))
            if fate is Fate.STORED:
                counts["fields_set_aside"] += sum(len(letter.fields) for letter in of_message)
            letters += of_message
        return Account(counts, letters, fates)

    def _refusals(
        self, rejections: Iterable[Rejection], held: Mapping[int, str]
    ) -> tuple[dict[int, list[Refusal]], Counter[int]]:
        """What was refused, by message number, and how many points of each were not stored at all."""
        refusals: dict[int, list[Refusal]] = defaultdict(list)
        lost: Counter[int] = Counter()
        place = self._places()
        for number, flaws in self._flaws.items():
            for flaw in flaws:
                fields = (flaw.field,) if flaw.field and flaw.point != WHOLE_MESSAGE else ()
                refusals[number].append(Refusal(flaw.point, flaw.reason, flaw.detail, fields))
        for rejection in rejections:
            number, point = place(rejection.at)
            lost[number] += not rejection.fields
            refusals[number].append(Refusal(point, rejection.reason, rejection.detail, rejection.fields))
        for index, why in held.items():
            number, point = place(index)
            lost[number] += 1
            refusals[number].append(Refusal(point, Reason.BUCKET, why, bucket=self.points[index].series.bucket))
        return refusals, lost

    def _places(self) -> Callable[[int], tuple[int, int]]:
        """From a point of the batch to the number of its message, and that of its reading in the message."""
        known: dict[int, Sequence[int]] = {}  # a message can have thousands of readings, and all of them refused

        def place(index: int) -> tuple[int, int]:
            number = self._owners[index]
            if number not in known:
                known[number] = self._readings(number)
            return number, known[number][index - bisect_left(self._owners, number)]

        return place

    def _readings(self, number: int) -> Sequence[int]:
        """The readings of a message that gave its points: all but those that are named as a whole."""
        pointless = {flaw.point for flaw in self._flaws.get(number, ()) if not flaw.field}
        return list(islice(filterfalse(pointless.__contains__, count()), self.points_of(number)))

    def points_of(self, number: int) -> int:
        """How many points the message of that number gave."""
        return bisect_right(self._owners, number) - bisect_left(self._owners, number)

    def _letters(self, number: int, refusals: Iterable[Refusal], fate: Fate) -> Iterator[Letter]:
        """A letter a point: what was wrong with several of its fields stands in one, which names them or all of it."""
        position, message = self._message(number)
        by_point: dict[int, list[Refusal]] = defaultdict(list)
        for refusal in refusals:
            by_point[refusal.point].append(refusal)
        for point, of_point in by_point.items():
            detail = "; ".join(refusal.detail for refusal in of_point)
            some = all(refusal.fields for refusal in of_point)
            fields = tuple(field for refusal in of_point for field in refusal.fields) if some else ()
            bucket = of_point[-1].bucket  # what is held comes last
            yield Letter(position, message, point, of_point[0].reason, detail, fields, fate, bucket)

    def _message(self, number: int) -> tuple[int, Message]:
        first, chunk = self._runs[bisect_right(self._runs, number, key=itemgetter(0)) - 1]
        return chunk.position + number - first, chunk.messages[number - first]


def _text_size(point: Point) -> int:
    """The bytes of its names and texts, more or less: of all that a point has, these alone can be large."""
    return sum(len(name) + (len(value) if isinstance(value, str) else 0) for name, value in point.fields.items())


def _fault_of_ours(error: Exception) -> Sequence[Flaw]:
    """What becomes of a message that a decoder fails on, which none should.

    It is in the journal: without this it would end the service now, and again at every start.
    """
    return (Flaw(WHOLE_MESSAGE, Reason.MODEL, f"decoding failed, a fault of ingestor: {error!r}"[:_DETAIL_CHARACTERS]),)
