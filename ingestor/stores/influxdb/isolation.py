"""Gets all good points of a batch stored, and finds the bad ones, with few requests. Pure: it only says what to send.

A point that the server names is taken out, and the rest is sent again: the same point twice changes nothing. Where
the server names only where to look, those points are sent on their own first. What it does not name is halved until
it stands alone, as long as the server accepts something else: what a server that accepts nothing refuses is held.
Whatever order parts were sent in, the last request with a point keeps the order of the batch: of two points with
the same time the later one wins.
"""

from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from operator import attrgetter

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import Point, Reason, Rejection
from ingestor.stores.influxdb import offenders
from ingestor.stores.influxdb.answers import Answer, Meaning, Reading, error_of, read
from ingestor.stores.influxdb.entry import Entry, in_pieces, size_of
from ingestor.stores.influxdb.experience import Experience

Settling = Generator[Sequence[str], Answer, None]
"""Yields the lines of the next request, receives its answer."""

_FAULTS_IN_A_ROW = 3  # before the bytes are suspected, and not the server
_NOT_THE_POINTS = {Meaning.BUSY, Meaning.MISCONFIGURED, Meaning.FORBIDDEN, Meaning.NO_BUCKET}
_UNSURE = {Meaning.FAULT, Meaning.REFUSED}  # it need not be the points that are wrong
_WITNESSES = 8  # lines that are tried one by one where none is known to be acceptable
_LARGE_LINE = 64 * 2**10  # bytes; whoever takes less at once is not set up for InfluxDB
_COMMENT = "#"  # a line that stores nothing


def settle(
    points: Sequence[Point],
    lines: Sequence[str],
    bucket: str,
    experience: Experience,
    *,
    encode: Callable[[Point], str],
) -> Generator[Sequence[str], Answer, list[Rejection]]:
    """Write points of one bucket: yields the lines of each request, receives its answer, returns what was refused.

    Args:
        points: What is to be stored.
        lines: The line of each, without a newline at its end; "" where there is nothing to send.
        bucket: Where all of them belong.
        experience: What is remembered from one batch to the next.
        encode: The line of a point that lost a field; "" where nothing of it can be sent.

    Returns:
        One rejection for each point that is not stored, or not with all its fields; all else is stored.

    Raises:
        StoreUnavailableError: Try the same points again later.
        StoreMisconfiguredError: Nothing will be taken until a person acts.
        BucketError: This bucket cannot be written.
    """
    experience.meet((bucket,))
    if experience.max_bytes is None and all(lines) and lines:  # nearly always: one request, and done
        answer = yield lines
        if answer.status == 204:
            experience.accepted(bucket, lines)
            return []
        first = answer
    else:
        first = None
    entries = [Entry(at, point, line) for at, (point, line) in enumerate(zip(points, lines, strict=True)) if line]
    settlement = _Settlement(entries, bucket, experience, encode)
    yield from settlement.settle(entries, first)
    return settlement.rejections()


class _Settlement:
    """One batch of one bucket on its way."""

    def __init__(
        self, entries: Sequence[Entry], bucket: str, experience: Experience, encode: Callable[[Point], str]
    ) -> None:
        self._entries = entries
        self._bucket = bucket
        self._experience = experience
        self._encode = encode
        self._suspected = False
        self._refused = 0

    def rejections(self) -> list[Rejection]:
        """What was refused, in the order of the batch."""
        return [refused for entry in self._entries if (refused := entry.rejection())]

    def settle(self, part: Sequence[Entry], answer: Answer | None = None) -> Settling:
        """Return when each of these is stored or refused; `answer` is the answer where they were sent already."""
        in_vain = False
        while part := [entry for entry in part if entry.line]:
            if answer is None:
                if len(pieces := self._pieces(part)) > 1:
                    yield from self._settle_each(pieces)
                    return
                answer = yield [entry.line for entry in part]
            reading = self._read(answer)
            if reading.meaning is Meaning.STORED:
                self._experience.accepted(self._bucket, [entry.line for entry in part])
                return
            if reading.meaning is Meaning.TOO_LARGE:
                if len(part) == 1:
                    yield from self._find_smaller(part[0], reading)
                    self._reject(part, Reason.REJECTED, reading.told)
                    return
                self._experience.too_large(size_of(part))
                answer = None
                continue
            before = self._refused
            suspects = self._take_out(part, reading, answer)
            answer = None
            if self._refused > before:
                continue
            if suspects and len(suspects) < len(part) and not in_vain:
                yield from self.settle(suspects)
                in_vain = self._refused == before
                continue
            if (yield from self._divide(part, reading)):
                return

    def _take_out(self, part: Sequence[Entry], reading: Reading, answer: Answer) -> Sequence[Entry]:
        """Refuse those that the answer names for sure; else return those that it may mean."""
        if reading.meaning is Meaning.QUOTED:
            for index, why in offenders.quoted(reading.words, [entry.line for entry in part]).items():
                self._reject([part[index]], Reason.REJECTED, why)
        elif reading.meaning is Meaning.NUMBERED:
            told = offenders.numbered(answer.body, len(part))
            if len(told) < len(part):
                return [part[index] for index in told]
            for index, why in told.items():
                self._refuse([part[index]], offenders.named_field(why), why)
        elif reading.meaning is Meaning.AGE:
            times = [entry.time_ns for entry in part]
            indices, why = offenders.outside_retention(reading.words, times)
            self._reject([part[index] for index in indices], Reason.TIME, why)
        elif reading.meaning in {Meaning.FIELD, Meaning.SOME}:
            named = offenders.named_field(reading.words)
            suspects = [entry for entry in part if named and named.fits(entry.point)]
            if named and named.sure:
                self._refuse(suspects, named, "")
            elif offenders.all_dropped(reading.words, len(part)) and len(suspects) in {0, len(part)}:
                self._refuse(part, named if suspects else None, reading.words)
            return suspects
        return ()

    def _divide(self, part: Sequence[Entry], reading: Reading) -> Generator[Sequence[str], Answer, bool]:
        """Settle the halves of what was refused without a name; of a single one, find out whether it is to blame.

        What is refused for the same reason is mostly close in time, or of a few series, and so kept together.

        Returns whether all of it is settled; else it is worth sending again.
        """
        unsure = reading.meaning in _UNSURE
        if unsure and not self._suspected:
            if self._experience.fails(self._bucket):  # it was waited for already: others need not wait as well
                yield from self._find_witness(reading)
            self._have_patience(part, reading)
        if unsure and (len(part) == 1 or not self._suspected):
            yield from self._find_witness(reading)
            self._suspected = True
        if len(part) > 1:
            alike = sorted(part, key=attrgetter("series" if reading.meaning is Meaning.SOME else "time_ns"))
            half = len(part) // 2
            yield from self._settle_each([alike[:half], alike[half:]])
            return True
        if unsure:
            answer = yield [part[0].line]
            if self._read(answer).meaning not in _UNSURE:
                yield from self.settle(part, answer)
                return True
        self._refuse(part, offenders.named_field(reading.words), reading.told)
        return not part[0].line

    def _have_patience(self, part: Sequence[Entry], reading: Reading) -> None:
        """Raise while it may be the server that is at fault, and not these bytes."""
        if reading.meaning is Meaning.FAULT:
            faults = self._experience.faulted(self._bucket, [entry.line for entry in part])
            if faults < _FAULTS_IN_A_ROW:
                raise StoreUnavailableError(reading.told)

    def _find_witness(self, reading: Reading) -> Settling:
        """Return once the bucket has accepted a line; raise where it accepts none."""
        known, living = self._witnesses()
        spread = living[:: max(1, len(living) // _WITNESSES)][:_WITNESSES]
        for line in [*known, *spread]:
            answer = yield [line]
            if self._read(answer).meaning is Meaning.STORED:
                self._experience.accepted(self._bucket, [line])
                return
        if reading.meaning is Meaning.FAULT:
            raise self._in_vain(StoreUnavailableError(reading.told))
        raise self._in_vain(StoreMisconfiguredError(f"{reading.told}. It refuses other points as well"))

    def _in_vain(self, error: StoreError) -> StoreError:
        """The error, or the same of this bucket alone, where it is only this one that takes nothing."""
        return BucketError(self._bucket, str(error)) if self._experience.in_vain(self._bucket) else error

    def _find_smaller(self, entry: Entry, reading: Reading) -> Settling:
        """Return once a line was not too large that is smaller than one that is; raise where there is none."""
        known, living = self._witnesses()
        smaller = [line for line in (*known, *living) if len(line) < len(entry.line)]
        if not smaller and entry.size > _LARGE_LINE:
            smaller = [_COMMENT]
        line = min(smaller, key=len, default=entry.line)
        if smaller:
            answer = yield [line]
            if self._read(answer).meaning is not Meaning.TOO_LARGE:
                return
        self._experience.forget_limit()
        raise StoreMisconfiguredError(
            f"{reading.told}. Not even {len(line.encode())} bytes are taken: let the server, or the proxy in front of "
            "it, take larger bodies"
        )

    def _witnesses(self) -> tuple[Sequence[str], Sequence[str]]:
        """Lines that may be sent at any time: the one that the bucket took last, and the last of each place.

        Whether that is stored already or not, it is what the place has in the end.
        """
        known = self._experience.accepted_line(self._bucket)
        living = {entry.place: entry.line for entry in self._entries if entry.line}
        return [known] if known else [], list(living.values())

    def _settle_each(self, parts: Iterable[Sequence[Entry]]) -> Settling:
        for part in parts:
            yield from self.settle(part)

    def _pieces(self, part: Sequence[Entry]) -> Sequence[Sequence[Entry]]:
        """In pieces that are no larger than what the server takes; a line that is too large alone is one piece."""
        limit = self._experience.max_bytes
        return [part] if limit is None else list(in_pieces(part, limit))

    def _read(self, answer: Answer) -> Reading:
        """What the answer means; raises where it is not about these points."""
        reading = read(answer)
        if reading.meaning is Meaning.FORBIDDEN and self._experience.refused(self._bucket):
            raise StoreMisconfiguredError(reading.told)
        if reading.meaning is Meaning.DAMAGED:  # what another shard takes tells nothing of these points
            raise self._in_vain(error_of(reading))
        if reading.meaning in _NOT_THE_POINTS:
            raise error_of(reading, self._bucket)
        return reading

    def _refuse(self, part: Iterable[Entry], named: offenders.Named | None, words: str) -> None:
        """Refuse the named field of these, or all of those that do not have it."""
        for entry in part:
            if named and named.field in entry.point.fields:
                entry.strip(named, self._encode)
                self._refused += 1
            else:
                self._reject([entry], Reason.REJECTED, words)

    def _reject(self, part: Collection[Entry], reason: Reason, detail: str) -> None:
        for entry in part:
            entry.reject(reason, detail)
        self._refused += len(part)
