"""How jobs tell what went wrong."""

from ingestor.ports import TaskFault
from ingestor.tasks.job import Fault, JobError


def test_an_error_tells_all_that_went_wrong() -> None:
    """In one line, for a person."""
    error = JobError(Fault(TaskFault.REFUSED, "a refuses"), Fault(TaskFault.LIMITED, "b was asked too often"))

    assert str(error) == "a refuses; b was asked too often"
    assert [fault.kind for fault in error.faults] == ["refused", "limited"]
