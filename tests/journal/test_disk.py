"""The system calls that make bytes durable."""

import os
from pathlib import Path

import pytest

from ingestor.journal.disk import Disk


def test_a_write_that_the_system_cuts_short_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may write less than it was given; what is missing follows."""
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: real(file, data[:3], at))
    disk = Disk()
    file = disk.create(tmp_path / "a")
    disk.write(file, b"0123456789", at=2)
    os.close(file)

    assert (tmp_path / "a").read_bytes() == b"\0\0" + b"0123456789"


def test_a_file_is_never_overwritten_by_a_new_one(tmp_path: Path) -> None:
    """Creating a file that exists is an error."""
    (tmp_path / "a").write_bytes(b"old")

    with pytest.raises(FileExistsError):
        Disk().create(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_file_that_is_not_durable_in_its_folder_is_taken_back(tmp_path: Path) -> None:
    """When the folder cannot be synced there is no new file."""

    class Forgetful(Disk):
        def sync_folder(self, folder: Path) -> None:
            raise OSError(5, str(folder))

    with pytest.raises(OSError, match="Errno 5"):
        Forgetful().create(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_truncating_cuts(tmp_path: Path) -> None:
    """After a cut the file is as short as it was told to be."""
    disk = Disk()
    file = disk.create(tmp_path / "a")
    disk.write(file, b"0123456789", at=0)
    disk.truncate(file, 4)
    os.close(file)

    assert (tmp_path / "a").read_bytes() == b"0123"


def test_settling_leaves_the_content(tmp_path: Path) -> None:
    """A file that was settled reads as before."""
    (tmp_path / "a").write_bytes(b"content")
    Disk().settle(tmp_path / "a")

    assert (tmp_path / "a").read_bytes() == b"content"


def test_deleting_what_is_gone_is_no_error(tmp_path: Path) -> None:
    """A file that somebody else deleted is deleted."""
    Disk().unlink(tmp_path / "a")
    (tmp_path / "b").touch()
    Disk().rename(tmp_path / "b", tmp_path / "c")

    assert [path.name for path in tmp_path.iterdir()] == ["c"]
