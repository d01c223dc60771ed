"""Whether a backup is what its record and its manifest say, and whether what comes back out of it is what went in."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from ingestor.backup.making import NEEDS_ARROW
from ingestor.backup.record import FILE_NAME, INFLUXDB, LOGICAL, SQLITE, BackupError, Record, read_record
from ingestor.backup.recorded import damages
from ingestor.backup.source import Source, note_verified, open_source, problems_of

FILES: Final = "files"
"""How far it went: each file has its size, its hash, and can be unpacked to its end."""
RESTORED: Final = "restored"
"""It went further: every bucket was restored into a store of its own, and read there."""


class Proof(NamedTuple):
    """What came of restoring a backup.

    Attributes:
        counts: How many points each bucket had; of InfluxDB, how many values.
        problems: What is wrong.
        why_not: Why it could not be restored at all, where that says nothing of the backup.
    """

    counts: Mapping[str, int] = {}
    problems: Sequence[str] = ()
    why_not: str | None = None


class Verdict(NamedTuple):
    """What a verification found.

    Attributes:
        record: What the backup is, with the verification noted; None where another program made it.
        files: How many were read.
        size: Bytes of them.
        problems: What is wrong.
        how: How far it went.
        counts: Where it was restored, how many points each bucket had; of InfluxDB, how many values.
        why_not: Why it was not.
    """

    record: Record | None
    files: int
    size: int
    problems: Sequence[str]
    how: str = FILES
    counts: Mapping[str, int] = {}
    why_not: str | None = None


class _Restores(Protocol):
    async def __call__(self, folder: Path, *, on_bytes: Callable[[int], None]) -> Proof: ...


async def verify(
    folder: Path,
    *,
    influxd: str | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    on_progress: Callable[[float, int], None] = lambda *_: None,
) -> Verdict:
    """Read all of a backup, restore it where that can be done, and note in its record what was found.

    Args:
        folder: Of the backup.
        influxd: A program of InfluxDB 2's server, for a backup of that; without one its files are read.
        now: The time.
        on_progress: Called with the share of the files that was read, from 0 to 1, and bytes so far.

    Raises:
        BackupError: It is no backup, or cannot be looked at; or what was found cannot be noted.
    """
    record = await asyncio.to_thread(read_record, folder)
    source = await asyncio.to_thread(open_source, folder) if record is None or record.kind == INFLUXDB else None
    restores = _proof_of(folder, record, source, influxd)
    needed = [] if source is None else source.needed(source.manifest.buckets, metadata=True)
    needed = [] if source is None else [*needed, *source.others(needed)]
    sizes = [one.size for one in needed or (record.files if record else ())]
    total, done = sum(sizes) * (1 if isinstance(restores, str) else 2), 0

    def add(size: int) -> None:
        nonlocal done
        done += size
        on_progress(min(1.0, done / total) if total else 1.0, done)

    if source is not None:
        problems = await problems_of(source, needed, on_bytes=add)
    else:
        problems = await damages(folder, record.files if record else (), add)
    if problems:
        proof = Proof(problems=problems, why_not="its files are damaged")
    elif isinstance(restores, str):
        proof = Proof(why_not=restores)
    else:
        proof = await restores(folder, on_bytes=add)
    problems = [*proof.problems]
    how = RESTORED if proof.why_not is None else FILES
    if record:
        record = await asyncio.to_thread(note_verified, folder, record, at=now(), how=how, problems=problems)
    return Verdict(record, len(sizes), sum(sizes), problems, how, proof.counts, proof.why_not)


def _proof_of(folder: Path, record: Record | None, source: Source | None, influxd: str | None) -> _Restores | str:
    """What restores such a backup for a look; or why that cannot be done here.

    Raises:
        BackupError: Its kind is not known.
    """
    if source is not None:
        if influxd is None:
            return "there is no influxd here: say where one is with --influxd"
        from ingestor.backup.influxproof import InfluxProof  # noqa: PLC0415 - what it needs takes a while to import

        return InfluxProof(source.manifest, influxd)
    kind = record.kind if record else ""
    if kind == SQLITE:
        from ingestor.backup.embeddedproof import prove_embedded  # noqa: PLC0415

        return prove_embedded
    if kind == LOGICAL:
        if find_spec("pyarrow") is None:
            return NEEDS_ARROW
        from ingestor.backup.logicalproof import prove_logical  # noqa: PLC0415 - it needs Arrow

        return prove_logical
    raise BackupError(f"{folder / FILE_NAME} is of kind {kind}, which is not known here")
