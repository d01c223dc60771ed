"""What a task does, and how it tells what came of it."""

from typing import NamedTuple, Protocol

from ingestor.errors import IngestorError
from ingestor.ports import TaskFault


class Fault(NamedTuple):
    """Something that went wrong in a run, in words that are the same for as long as it does.

    With `again` it was met in an earlier run, and not tried anew in this one.
    """

    kind: TaskFault
    words: str
    again: bool = False


class JobResult(NamedTuple):
    """A run that did what it is for: what that was, and what went wrong on the way to it."""

    words: str
    faults: tuple[Fault, ...] = ()


class JobError(IngestorError):
    """A run that did not do what it is for.

    Args:
        faults: What went wrong, at least one thing.
    """

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(fault.words for fault in faults))
        self.faults = faults


class Job(Protocol):
    """What a task of some kind does. Run by one runner, one run at a time, for as long as the service runs."""

    async def run(self, *, by_hand: bool) -> JobResult:
        """Do it once. It is cancelled when its time is over, or the service stops; then nothing is left half done.

        Args:
            by_hand: A person asked for it and waits: what was put off for later is tried now, once.

        Raises:
            JobError: It could not be done.
        """
