"""A backup as a task of the service."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from ingestor.backup.job import Backup, back_up
from ingestor.backup.record import BackupError
from ingestor.errors import StoreError, StoreUnavailableError
from ingestor.ports import TaskFault
from ingestor.tasks.job import Fault, JobError, JobResult


class BackupJob:
    """See `ingestor.tasks.job.Job`.

    Args:
        make: Makes a backup in a directory.
        directory: That one.
        keep: How many good ones stay.
        copy_to: A second directory, for a copy of each.
        turn: Held while one is made: those of a service go into the same directory, as often as not at the same time.
    """

    def __init__(
        self,
        make: Callable[[Path], Awaitable[Backup]],
        directory: Path,
        *,
        keep: int,
        copy_to: Path | None,
        turn: asyncio.Lock,
    ) -> None:
        self._make = make
        self._directory = directory
        self._keep = keep
        self._copy_to = copy_to
        self._turn = turn

    async def run(self, *, by_hand: bool) -> JobResult:  # noqa: ARG002 - one is made whoever asks for it
        """See `Job`; a backup of which there is no copy, as was wanted, is not done."""
        try:
            async with self._turn:
                outcome = await back_up(self._make, self._directory, keep=self._keep, copy_to=self._copy_to)
        except StoreUnavailableError as error:
            raise JobError(Fault(TaskFault.UNAVAILABLE, str(error))) from error
        except StoreError as error:
            raise JobError(Fault(TaskFault.REFUSED, str(error))) from error
        except BackupError as error:
            raise JobError(Fault(TaskFault.OTHER, str(error))) from error
        if outcome.faults:
            made = f"the backup {outcome.backup.folder} was made, but"
            raise JobError(*(Fault(TaskFault.OTHER, f"{made} {words}") for words in outcome.faults))
        told = [f"backed up into {outcome.backup.folder}", *outcome.backup.record.notes]
        told += [f"copied to {outcome.copied}"] if outcome.copied else []
        told += [f"removed {folder.name}" for folder in outcome.removed]
        return JobResult("; ".join(told))
