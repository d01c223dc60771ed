"""The directory of backups."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingestor.backup.draft import STAMP, Draft
from ingestor.backup.folder import copy, find_backups, rotate, too_many
from ingestor.backup.record import FILE_NAME, BackupError, Record, read_record
from tests.backup.farms import NOON, names_in
from tests.backup.test_record import record
from tests.support import run


async def make(directory: Path, day: int, store: str = "farm", **changed: object) -> Path:
    """A backup of that day, with one file."""
    begun = NOON + timedelta(days=day)
    async with Draft(directory, f"{begun:{STAMP}}-{store}") as draft:
        async with draft.create("a.gz") as file:
            await file.write(b"content")
        return await draft.finish(record(store=store, begun=begun, files=draft.files, **changed))


def make_days(directory: Path, days: int) -> Sequence[Path]:
    """One a day, oldest first."""
    return [run(make(directory, day)) for day in range(days)]


def spoil(folder: Path, how: str) -> None:
    """Make it one that is known to be damaged."""
    if how == "missing":
        (folder / "a.gz").unlink()
    elif how == "short":
        (folder / "a.gz").write_bytes(b"cont")
    elif how == "record":
        (folder / FILE_NAME).write_text("{", encoding="utf-8")
    else:
        found = read_record(folder)
        assert found is not None
        noted = found.noted(at=NOON, how="files", problems=["a.gz is damaged"])
        (folder / FILE_NAME).write_text(noted.text(), encoding="utf-8")


def read(folder: Path) -> Record:
    """Its record."""
    found = read_record(folder)
    assert found is not None
    return found


def test_backups_are_found_newest_first(tmp_path: Path) -> None:
    """Ours, and those of the command `influx`; not what is being made, nor what is none."""
    days = make_days(tmp_path, 3)
    theirs = tmp_path / "0-theirs"
    theirs.mkdir()
    (theirs / "20261129T222711Z.manifest").write_bytes(b"12345")
    (tmp_path / "file").touch()
    for name in ("holiday", ".20261130T120000Z-farm.part"):
        (tmp_path / name).mkdir()
    spoil(days[0], "record")

    found = find_backups(tmp_path)

    assert [one.folder for one in found] == [*reversed(days), theirs]
    assert [one.size for one in found] == [7, 7, 7, 5]
    assert [one.record is None for one in found] == [False, False, True, True]
    assert [bool(one.fault) for one in found] == [False, False, True, False]
    assert found[0].begun == NOON + timedelta(days=2)
    assert found[3].begun == datetime(2026, 11, 29, 22, 27, 11, tzinfo=UTC)
    assert found[2].begun is None


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    """In a line."""
    with pytest.raises(BackupError, match="gone cannot be read: No such file"):
        find_backups(tmp_path / "gone")


def test_the_newest_stay(tmp_path: Path) -> None:
    """What is older goes, and all of it."""
    days = make_days(tmp_path, 5)

    assert run(rotate(tmp_path, read(days[4]), keep=2)) == [days[2], days[1], days[0]]
    assert names_in(tmp_path) == [days[3].name, days[4].name]
    assert run(rotate(tmp_path, read(days[4]), keep=2)) == []


@pytest.mark.parametrize("how", ["missing", "short", "noted"])
def test_the_last_good_one_always_stays(tmp_path: Path, how: str) -> None:
    """What is known to be damaged does not count, and goes when enough newer ones are good."""
    days = make_days(tmp_path, 4)
    for day in days[1:3]:
        spoil(day, how)

    assert run(rotate(tmp_path, read(days[3]), keep=2)) == []
    spoil(days[3], how)
    assert run(rotate(tmp_path, read(days[3]), keep=1)) == []
    newest = run(make(tmp_path, 9))
    assert run(rotate(tmp_path, read(newest), keep=1)) == [days[3], days[2], days[1], days[0]]


def test_what_is_of_another_kind_stays(tmp_path: Path) -> None:
    """Another store's, one of single buckets, another program's, and one whose record cannot be read."""
    days = make_days(tmp_path, 2)
    others = [run(make(tmp_path, 0, "other")), run(make(tmp_path, 7, whole=False))]
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "1.manifest").touch()
    unread = run(make(tmp_path, -1))
    spoil(unread, "record")

    assert too_many(find_backups(tmp_path), read(days[1]), keep=1)[0].folder == days[0]
    assert run(rotate(tmp_path, read(days[1]), keep=1)) == [days[0]]
    assert names_in(tmp_path) == sorted(path.name for path in (days[1], *others, theirs, unread))


def test_the_one_just_made_stays_whatever_the_clock_said_before(tmp_path: Path) -> None:
    """One that is dated ahead, or that a person gave another name, does not count as newer; and it stays too."""
    ahead = run(make(tmp_path, 4_000))
    kept = run(make(tmp_path, -9)).rename(tmp_path / "before the upgrade")
    days = make_days(tmp_path, 2)

    assert run(rotate(tmp_path, read(days[1]), keep=1)) == [days[0]]
    assert names_in(tmp_path) == sorted(path.name for path in (ahead, kept, days[1]))


def test_a_copy_is_compared_with_the_record(tmp_path: Path) -> None:
    """It has the same name and the same files; what is damaged is not copied."""
    (day,) = make_days(tmp_path / "one", 1)
    steps: list[int] = []

    copied = run(copy(day, tmp_path / "two", on_bytes=steps.append))

    assert copied == tmp_path / "two" / day.name
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == {
        path.name: path.read_bytes() for path in day.iterdir()
    }
    assert steps == [7]
    (day / "a.gz").write_bytes(b"CONTENT")
    with pytest.raises(BackupError, match=r"a\.gz is not what was recorded of it: it was not copied"):
        run(copy(day, tmp_path / "three"))
    assert names_in(tmp_path / "three") == []
    with pytest.raises(BackupError, match="is there already"):
        run(copy(day, tmp_path / "two"))


def test_only_what_has_a_record_is_copied(tmp_path: Path) -> None:
    """Of another program's nobody knows what belongs to it."""
    with pytest.raises(BackupError, match=r"has no backup\.json"):
        run(copy(tmp_path, tmp_path / "two"))
