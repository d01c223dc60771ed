"""`backup.json`: what a backup is, beside its files. Whoever made the folder wrote it last of all."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, ValidationError

from ingestor.errors import IngestorError

FILE_NAME: Final = "backup.json"
INFLUXDB: Final = "influxdb"
"""The kind whose files are those of the command `influx backup`."""
SQLITE: Final = "sqlite"
"""The kind whose files are those of the embedded store, one a bucket."""
LOGICAL: Final = "logical"
"""The kind whose files are Parquet, one a measurement and day, whatever store they come from."""

_STRICT = ConfigDict(frozen=True, extra="forbid")


class BackupError(IngestorError):
    """A backup cannot be made, trusted or restored; the text says why, and nothing was changed by it."""


def plain_name(name: str) -> str:
    """The same, where it names a file of its own folder.

    Raises:
        ValueError: It leads elsewhere: a folder from a stranger may name any file of this machine.
    """
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is no file name")
    return name


PlainName = Annotated[str, AfterValidator(plain_name)]


class StoredFile(BaseModel):
    """A file of a backup: its size in bytes, and its SHA-256 in hexadecimal."""

    model_config = _STRICT
    name: PlainName
    size: int
    sha256: str


class Verified(BaseModel):
    """The last verification: when, how far it went, and what it found wrong."""

    model_config = _STRICT
    at: AwareDatetime
    how: str
    problems: tuple[str, ...] = ()


class Record(BaseModel):
    """What a backup is.

    Attributes:
        format: Of this file.
        kind: What layout the files have: see `INFLUXDB`.
        store: The store's name in the configuration.
        version: Of the server.
        begun: When it was begun: all that was acknowledged before is in it.
        ended: When it was whole.
        whole: Whether it is one of everything, or only of some buckets.
        buckets: Which ones are in it.
        notes: What whoever restores it should know.
        files: All of them but this one.
        verified: The last verification.
    """

    model_config = _STRICT
    format: Literal[1] = 1
    kind: str
    store: str
    version: str
    begun: AwareDatetime
    ended: AwareDatetime
    whole: bool
    buckets: tuple[str, ...]
    notes: tuple[str, ...] = ()
    files: tuple[StoredFile, ...]
    verified: Verified | None = None

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    @property
    def line(self) -> tuple[str, str, tuple[str, ...]]:
        """What it is one of many of: those of one line replace each other."""
        return self.kind, self.store, () if self.whole else tuple(sorted(self.buckets))

    def noted(self, *, at: datetime, how: str, problems: Sequence[str]) -> Self:
        """The same with another verification."""
        return self.model_copy(update={"verified": Verified(at=at, how=how, problems=tuple(problems))})

    def text(self) -> str:
        """The content of the file."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def read_record(folder: Path) -> Record | None:
    """The record of a backup; None where there is none: another program made the folder, or nobody a backup.

    Raises:
        BackupError: It cannot be read.
    """
    file = folder / FILE_NAME
    try:
        return Record.model_validate_json(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BackupError(f"{file} is damaged, or of another version: {place} {first['msg']}") from error


def demand_record(folder: Path) -> Record:
    """The record of a backup of ours.

    Raises:
        BackupError: There is none, or it cannot be read.
    """
    record = read_record(folder)
    if record is None:
        raise BackupError(f"{folder} is no backup of ours")
    return record
