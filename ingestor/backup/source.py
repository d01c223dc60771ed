"""A folder that is to be restored or verified: what it says that it holds, and whether that is so.

It may be ours, or one that the command `influx` wrote, perhaps several times; the latter has no hashes, and what can be
told of it is that each file is there, has its size, and can be unpacked to its end.
"""

import asyncio
import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ingestor.backup.content import Content, DamagedError, Kind
from ingestor.backup.draft import sync_folder
from ingestor.backup.manifest import GZIP, SUFFIX, Bucket, Manifest, merged, read_manifest
from ingestor.backup.pieces import pieces
from ingestor.backup.record import FILE_NAME, BackupError, Record, StoredFile, read_record


class Needed(NamedTuple):
    """A file of a backup, and what is known of it."""

    name: str
    size: int
    sha256: str | None
    kind: Kind | None
    compression: int


class Source(NamedTuple):
    """A backup in the layout of InfluxDB.

    Attributes:
        folder: Where it is.
        record: Where it is one of ours, what was recorded of it.
        manifest: What it holds.
    """

    folder: Path
    record: Record | None
    manifest: Manifest

    def needed(self, buckets: Sequence[Bucket], *, metadata: bool) -> Sequence[Needed]:
        """The files that these buckets, and the server's own data, are restored from."""
        shards = [(shard.file, Kind.SHARD) for bucket in buckets for shard in bucket.shards]
        about_it = zip(self.manifest.metadata, (Kind.BOLT, Kind.SQLITE), strict=False) if metadata else ()
        hashes = {name: file.sha256 for name, file in self._recorded().items()}
        return [
            Needed(entry.file_name, entry.size, hashes.get(entry.file_name), kind, entry.compression)
            for entry, kind in (*about_it, *shards)
        ]

    def others(self, needed: Sequence[Needed]) -> Sequence[Needed]:
        """The files of the record that are none of these."""
        names = {one.name for one in needed}
        return [
            Needed(file.name, file.size, file.sha256, None, GZIP)
            for file in self._recorded().values()
            if file.name not in names
        ]

    def unrecorded(self, needed: Sequence[Needed]) -> Sequence[str]:
        """What is wrong with files that the manifest names, and the record does not."""
        if self.record is None:
            return []
        return [f"{one.name} is not in {FILE_NAME}" for one in needed if one.sha256 is None]

    def _recorded(self) -> dict[str, StoredFile]:
        return {file.name: file for file in self.record.files} if self.record else {}


def open_source(folder: Path) -> Source:
    """What a folder says that it holds.

    Raises:
        BackupError: It is no backup, or one of another layout, or a manifest is damaged.
    """
    record = read_record(folder)
    try:
        names = sorted(path.name for path in folder.iterdir() if path.suffix == SUFFIX and path.is_file())
        contents = [(folder / name).read_bytes() for name in names]
    except OSError as error:
        raise BackupError(f"{folder} cannot be read: {error.strerror}") from error
    if not names:
        raise BackupError(f"{folder} is no backup of InfluxDB: there is no {SUFFIX} in it")
    manifests = [read_manifest(str(folder / name), content) for name, content in zip(names, contents, strict=True)]
    return Source(folder, record, merged(manifests))


async def problems_of(
    source: Source, needed: Sequence[Needed], *, on_bytes: Callable[[int], None] = lambda _: None
) -> Sequence[str]:
    """What is wrong with these files; reads all of them.

    Args:
        source: Whose they are.
        needed: Which ones.
        on_bytes: Called with how many more were read.
    """
    problems = list(source.unrecorded([one for one in needed if one.kind]))
    for one in needed:
        problem = await problem_of(source.folder / one.name, one, on_bytes)
        if problem:
            problems.append(f"{one.name} {problem}")
    return problems


async def problem_of(path: Path, one: Needed, on_bytes: Callable[[int], None]) -> str | None:
    """What is wrong with a file, as `is …`; None where nothing is. See `problems_of`."""
    if problem := await asyncio.to_thread(_wrong_size, path, one.size):
        return problem
    content = Content(one.kind, gzipped=one.compression == GZIP) if one.kind else None
    digest = hashlib.sha256()
    try:
        async with aclosing(pieces(path)) as source:
            async for piece in source:
                await asyncio.to_thread(_look, piece, digest, content)
                on_bytes(len(piece))
        if content:
            content.finish()
    except DamagedError as error:
        return f"is damaged: {error}"
    except BackupError as error:
        return f"cannot be read: {error}"
    return None if one.sha256 in {None, digest.hexdigest()} else "is damaged: it has another SHA-256"


def _wrong_size(path: Path, expected: int) -> str | None:
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if size == expected else f"is damaged: it has {size:,} bytes, and should have {expected:,}"


def _look(piece: bytes, digest: "hashlib._Hash", content: Content | None) -> None:
    digest.update(piece)
    if content:
        content.feed(piece)


def note_verified(folder: Path, record: Record, *, at: datetime, how: str, problems: Sequence[str]) -> Record:
    """Write into the record of a backup what a verification found; returns it as it is then.

    Raises:
        BackupError: It cannot be written.
    """
    noted = record.noted(at=at, how=how, problems=problems)
    new = folder / f".{FILE_NAME}.new"
    try:
        new.touch(mode=0o600)
        with new.open("w", encoding="utf-8") as file:
            file.write(noted.text())
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / FILE_NAME)
        sync_folder(folder)
    except OSError as error:
        raise BackupError(f"{folder / FILE_NAME}: what was found could not be noted: {error.strerror}") from error
    return noted
