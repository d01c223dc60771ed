"""A backup as a task of the service."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ingestor.backup.job import Backup
from ingestor.backup.record import BackupError
from ingestor.backup.task import BackupJob
from ingestor.errors import StoreMisconfiguredError, StoreUnavailableError
from ingestor.tasks.job import JobError
from tests.support import run


def job(make: Callable[[Path], Awaitable[Backup]], folder: Path) -> BackupJob:
    """A task that makes backups that way."""
    return BackupJob(make, folder / "to", keep=2, copy_to=folder / "copy")


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
