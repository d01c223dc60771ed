"""What stands beside the files of a backup."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from ingestor.backup.record import FILE_NAME, BackupError, Record, StoredFile, demand_record, read_record
from tests.backup.farms import NOON


def record(**changed: object) -> Record:
    """One of a whole server."""
    about: dict[str, object] = {
        "kind": "influxdb", "store": "farm", "version": "2.8.0", "begun": NOON, "ended": NOON + timedelta(seconds=2),
        "whole": True, "buckets": ("B", "A"), "files": (StoredFile(name="a.gz", size=3, sha256="00"),),
    }  # fmt: skip
    return Record.model_validate(about | changed)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    """All of it comes back, a verification too."""
    one = record().noted(at=NOON, how="files", problems=["a.gz is missing"])
    (tmp_path / FILE_NAME).write_text(one.text(), encoding="utf-8")

    assert read_record(tmp_path) == one


def test_without_one_it_is_not_ours(tmp_path: Path) -> None:
    """Another program's folder has none, and neither has what is no folder."""
    (tmp_path / "file").touch()

    assert read_record(tmp_path) is None
    assert read_record(tmp_path / "file") is None
    assert read_record(tmp_path / "nothing") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "damaged"),
        ("{}", "another version: kind Field required"),
        (json.dumps(json.loads(record().text()) | {"format": 2}), "another version: format"),
        (record().text().replace("a.gz", "../a.gz"), "no file name"),
        (record().text().replace("a.gz", ".."), "no file name"),
    ],
)
def test_one_that_cannot_be_trusted_is_refused(tmp_path: Path, text: str, why: str) -> None:
    """Damaged, of a later version, or leading out of its folder."""
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")

    with pytest.raises(BackupError, match=why):
        read_record(tmp_path)


def test_one_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """What the disk says is one line."""
    (tmp_path / FILE_NAME).mkdir()

    with pytest.raises(BackupError, match="cannot be read: Is a directory"):
        read_record(tmp_path)


def test_backups_replace_each_other_only_where_they_hold_the_same() -> None:
    """A backup of one bucket is no successor of one of everything, nor of another store's."""
    assert record().line == record(buckets=("A", "B", "C")).line
    assert record(whole=False).line == record(whole=False, buckets=("A", "B")).line
    assert len({record().line, record(whole=False).line, record(store="b").line, record(kind="k").line}) == 4
    assert record().size == 3


def test_a_folder_of_another_program_is_told(tmp_path: Path) -> None:
    """Who needs the record hears that there is none."""
    with pytest.raises(BackupError, match="is no backup of ours"):
        demand_record(tmp_path)
