"""How far a copy is, kept in a small file, so that it can be killed at any moment and goes on where it was."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from ingestor.errors import DataDirError

_REASONS = 1_000  # that are told apart
_OTHER = "other reasons"


@dataclass(slots=True)
class Task:
    """One measurement: what time of it is to be copied, up to where that is done, and how many points that were."""

    measurement: str
    start_ns: int
    stop_ns: int
    next_ns: int
    points: int = 0


@dataclass(slots=True)
class BucketState:
    """One bucket, and what became of it so far.

    Attributes:
        bucket: Its name in the store that is read.
        to: Its name in the store that is written.
        tasks: Its measurements; None before anybody has looked.
        made: Whether it was not there and was made.
        older: How many values were left out because the other store would not keep them so long.
        set_aside: How many values were not stored, by measurement and reason.
        left_out: Fields, by measurement, that hold values of types that no column can; and which types.
        fault: Why it could not be copied, or not to its end.
    """

    bucket: str
    to: str
    tasks: list[Task] | None = None
    made: bool = False
    older: dict[str, int] = field(default_factory=dict)
    set_aside: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: dict[str, dict[str, str]] = field(default_factory=dict)
    fault: str | None = None

    @classmethod
    def parse(cls, said: Mapping[str, Any]) -> Self:
        """What stands in a file."""
        tasks = said["tasks"]
        return cls(**{**said, "tasks": None if tasks is None else [Task(**task) for task in tasks]})

    @property
    def points(self) -> int:
        """How many were copied; some fields of them may have been set aside."""
        return sum(task.points for task in self.tasks or ())

    @property
    def share(self) -> float:
        """How much of the time is done, from 0 to 1."""
        whole = sum(task.stop_ns - task.start_ns for task in self.tasks or ())
        done = sum(task.next_ns - task.start_ns for task in self.tasks or ())
        return done / whole if whole else float(self.tasks is not None)

    @property
    def is_whole(self) -> bool:
        """Whether all of it was copied."""
        return not (self.fault or self.older or self.set_aside or self.left_out)

    def set_aside_more(self, measurement: str, reasons: Mapping[str, int]) -> None:
        """Count values that were not stored."""
        known = self.set_aside.setdefault(measurement, {})
        for reason, values in reasons.items():
            reason = reason if reason in known or len(known) < _REASONS else _OTHER  # noqa: PLW2901 - else they pile up
            known[reason] = known.get(reason, 0) + values


class Notes:
    """The file of one copy: what is asked again in the same words finds it again.

    Args:
        folder: Where such files are; made when it is needed.
        asked: What was asked for; nothing secret.
    """

    def __init__(self, folder: Path, asked: Mapping[str, object]) -> None:
        name = hashlib.blake2b(json.dumps(asked, sort_keys=True).encode(), digest_size=8).hexdigest()
        self._asked = asked
        self.path = folder / f"{name}.json"

    def read(self) -> list[BucketState] | None:
        """What was noted last; None where there is nothing, or nothing that makes sense."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads(self.path.read_text(encoding="utf-8"))
            return [BucketState.parse(one) for one in said["buckets"]]
        return None

    def write(self, states: list[BucketState]) -> None:
        """What is noted is on disk when this returns.

        Raises:
            DataDirError: It cannot be written.
        """
        fresh = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with fresh.open("w", encoding="utf-8") as file:
                json.dump({"asked": self._asked, "buckets": [asdict(one) for one in states]}, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(self.path)
        except OSError as error:
            raise DataDirError(f"{self.path}, where it is kept how far the copy is: {error.strerror}") from error

    def finish(self, states: Iterable[BucketState]) -> None:
        """The copy came to its end: only what could not be copied goes on next time, all else begins anew.

        Raises:
            DataDirError: It cannot be written.
        """
        left = [one if one.fault else BucketState(one.bucket, one.to) for one in states]
        if any(one.fault for one in left):
            self.write(left)
        else:
            self.forget()

    def forget(self) -> None:
        """Nothing is noted any more."""
        with suppress(OSError):
            self.path.unlink()
