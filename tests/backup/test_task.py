"""A backup as a task of the service."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from ingestor.backup.draft import Draft
from ingestor.backup.job import Backup
from ingestor.backup.record import BackupError
from ingestor.backup.task import BackupJob
from ingestor.errors import StoreMisconfiguredError, StoreUnavailableError
from ingestor.tasks.job import JobError
from tests.backup.farms import names_in
from tests.backup.test_record import record
from tests.support import run


def job(make: Callable[[Path], Awaitable[Backup]], folder: Path) -> BackupJob:
    """A task that makes backups that way."""
    return BackupJob(make, folder / "to", keep=2, copy_to=folder / "copy", turn=asyncio.Lock())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StoreUnavailableError("away"), "unavailable"),
        (StoreMisconfiguredError("no operator's token"), "refused"),
        (BackupError("the disk is full"), "other"),
    ],
)
def test_what_kept_it_from_being_made_is_told_by_its_kind(tmp_path: Path, error: Exception, kind: str) -> None:
    """In the words of the error."""

    async def fail(_: Path) -> Backup:
        raise error

    with pytest.raises(JobError) as caught:
        run(job(fail, tmp_path).run(by_hand=False))

    assert [(fault.kind.value, fault.words) for fault in caught.value.faults] == [(kind, str(error))]


def test_those_of_one_directory_are_made_one_after_the_other(tmp_path: Path) -> None:
    """Two stores whose backups are due at the same time: neither keeps the other from being made, nor copied."""

    async def slow(directory: Path, store: str) -> Backup:
        async with Draft(directory, f"20261130T120000Z-{store}") as draft:
            await asyncio.sleep(0.05)
            made = record(store=store, files=draft.files)
            return Backup(await draft.finish(made), made)

    async def main() -> list[str]:
        turn = asyncio.Lock()
        jobs = [
            BackupJob(partial(slow, store=store), tmp_path / "to", keep=2, copy_to=tmp_path / "copy", turn=turn)
            for store in ("a", "b")
        ]
        return [done.words for done in await asyncio.gather(*(job.run(by_hand=False) for job in jobs))]

    assert all("copied to" in words for words in run(main()))
    for place in ("to", "copy"):
        assert names_in(tmp_path / place) == ["20261130T120000Z-a", "20261130T120000Z-b"]
