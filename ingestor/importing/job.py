"""One import: takes the readings of a file in batches, and gets them into a store."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ingestor.files.table import FileError, Reading, Unreadable
from ingestor.importing.modelcheck import ModelCheck
from ingestor.importing.rejected import Rejected
from ingestor.importing.sources import Options, open_readings
from ingestor.routing.models import Model
from ingestor.writer import BatchWriter

DEADLINE_SECS = 60.0
"""How long one batch is tried while the store is away."""

_ADVICE = "Import the same again later: what is stored is not stored twice"

_BATCH = 5_000
_BATCH_CHARACTERS = 16 * 2**20
_REASONS = 1_000  # that are told apart
_OTHER = "other reasons"


class Progress(NamedTuple):
    """How far an import is: the share of the file, from 0 to 1, and the readings stored."""

    share: float
    stored: int


class Summary(NamedTuple):
    """What became of a file.

    Attributes:
        stored: Readings of which all or some fields are stored.
        rejected: Lines or rows of which nothing could be stored.
        shortened: Those of which the rest is stored.
        reasons: How often each occurred.
        file: Where the rejected ones are; None where there are none.
    """

    stored: int
    rejected: int
    shortened: int
    reasons: Mapping[str, int]
    file: Path | None = None


@dataclass(slots=True)
class _Tally:
    stored: int = 0
    rejected: int = 0
    shortened: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def refuse(self, reason: str, *, some: bool) -> None:
        if some:
            self.shortened += 1
        else:
            self.rejected += 1
        known = reason in self.reasons or len(self.reasons) < _REASONS
        self.reasons[reason if known else _OTHER] += 1


@dataclass(frozen=True, slots=True)
class Import:
    """What is imported. The same file again changes nothing in the store.

    Attributes:
        file: The file; its name says the format.
        options: Where its readings go, and what is said of its columns and times.
        model: What its readings have to look like; None for what the file says.
        batch: How many readings make a batch.
    """

    file: Path
    options: Options
    model: Model | None = None
    batch: int = _BATCH

    async def run(self, engine: BatchWriter, *, on_progress: Callable[[Progress], None] = lambda _: None) -> Summary:
        """Store what can be stored, batch by batch.

        Args:
            engine: Writes to the store, which is entered; it raises what only a person can mend.
            on_progress: Called after each batch.

        Raises:
            FileError: The file cannot be read, and what was read before is stored; the rejected lines cannot be
                written down; or no bucket is named.
            StoreUnavailableError: The store took no batch for DEADLINE_SECS.
            StoreMisconfiguredError: It will take none until a person acts.
            BucketError: The bucket cannot be written.
        """
        if not self.options.bucket:
            raise FileError("--bucket is empty: name the bucket that the readings go to")
        if self.options.roles.measurement == "":
            raise FileError("--measurement is empty: name it, or leave it out where the file says it")
        check = None if self.model is None else ModelCheck(self.model, self.options.bucket)
        tally = _Tally()
        known = {} if check is None else check.types
        with (
            open_readings(self.file, self.options, known=known) as readings,
            Rejected(self.file, head=readings.head, unit=readings.unit) as rejected,
        ):
            items = readings.items if check is None else _checked(readings.items, check)
            try:
                for batch in _batches(items, self.batch):
                    await _store(batch, engine, tally, rejected)
                    on_progress(Progress(min(readings.share(), 1.0), tally.stored))
            except FileError as error:
                raise FileError(f"{error}{_before(tally, rejected.path)}") from None
        return Summary(tally.stored, tally.rejected, tally.shortened, dict(tally.reasons.most_common()), rejected.path)


async def _store(batch: list[Reading | Unreadable], engine: BatchWriter, tally: _Tally, rejected: Rejected) -> None:
    """Write the readings of a batch, and note what of it is not stored."""
    taken = [item for item in batch if isinstance(item, Reading)]
    refused: list[tuple[Reading | Unreadable, str]] = []
    for item in batch:
        if isinstance(item, Unreadable):
            tally.refuse(item.reason, some=bool(item.fields))
            refused.append((item, item.reason))
    lost = 0
    outcome = await engine.write_within([item.point for item in taken], DEADLINE_SECS, advice=_ADVICE)
    for at, _, detail, fields in outcome.rejections:
        tally.refuse(detail, some=bool(fields))
        refused.append((taken[at], detail))
        lost += not fields
    for one, reason in sorted(refused, key=lambda pair: pair[0].at):
        rejected.add(one, reason)
    tally.stored += len(taken) - lost


def _checked(items: Iterator[Reading | Unreadable], check: ModelCheck) -> Iterator[Reading | Unreadable]:
    """The readings as the model has them, and what it refuses."""
    for item in items:
        if isinstance(item, Unreadable):
            yield item
            continue
        point, why, fields = check.check(item.point)
        if why:
            yield Unreadable(item.at, item.raw, why, fields)
        if point is not None:
            yield item._replace(point=point)


def _batches(items: Iterator[Reading | Unreadable], size: int) -> Iterator[list[Reading | Unreadable]]:
    """The items in batches that fit into memory; where the file is damaged, what stands before comes all the same."""
    batch: list[Reading | Unreadable] = []
    characters = 0
    damage = None
    try:
        for item in items:
            batch.append(item)
            characters += len(item.raw)
            if len(batch) >= size or characters >= _BATCH_CHARACTERS:
                yield batch
                batch, characters = [], 0
    except FileError as error:
        damage = error
    if batch:
        yield batch
    if damage is not None:
        raise damage


def _before(tally: _Tally, rejected: Path | None) -> str:
    """What became of that which stands before the damage."""
    if not (tally.stored or tally.rejected):
        return ""
    also = f"; rejected of it: {tally.rejected + tally.shortened:,}, see {rejected}" if rejected else ""
    return f"; what stands before is stored: {tally.stored:,} reading{'s' * (tally.stored != 1)}{also}"
