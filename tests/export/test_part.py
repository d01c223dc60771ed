"""Files that are written in portions."""

import fcntl
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from ingestor.export.part import Part
from ingestor.files.table import FileError

ASKED = {"bucket": "Farm"}


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    """Until then there is a part; in the end nothing else is left."""
    target = tmp_path / "farm.csv"
    with Part(target, ASKED) as part:
        part.write(b"a")
        part.write(b"b")
        part.finish_portion({"rows": 2})
        assert not target.exists()
        part.complete()

    assert target.read_bytes() == b"ab"
    assert list(tmp_path.iterdir()) == [target]


def test_it_goes_on_after_the_last_finished_portion(tmp_path: Path) -> None:
    """What was written and not noted is cut off: it is written again."""
    target = tmp_path / "farm.csv"
    with Part(target, ASKED) as part:
        part.write(b"one,")
        part.finish_portion({"rows": 1})
        part.write(b"tw")
    assert part.path.read_bytes() == b"one,tw"

    with Part(target, ASKED) as part:
        assert part.notes == {"rows": 1}
        part.finish_portion({"rows": 1, "empty": True})
        part.write(b"two,")
        part.finish_portion({"rows": 2})
    with Part(target, ASKED) as part:
        assert part.notes == {"rows": 2}
        part.complete()

    assert target.read_bytes() == b"one,two,"


def test_what_was_begun_for_something_else_is_not_taken(tmp_path: Path) -> None:
    """Nor is it lost: a person decides."""
    target = tmp_path / "farm.csv"
    with Part(target, ASKED) as part:
        part.write(b"one")
        part.finish_portion({"rows": 1})

    with pytest.raises(FileError, match="was begun for something else; ask for the same again, or say --anew"):
        Part(target, {"bucket": "Lab"}).__enter__()
    assert part.path.read_bytes() == b"one"
    with Part(target, {"bucket": "Lab"}, anew=True) as part:
        assert part.notes == {}
        assert part.path.read_bytes() == b""


@pytest.mark.parametrize(
    "note", ["", "{", '{"bytes": 3}', '{"bytes": 999, "notes": {}, "asked": {"bucket": "Farm"}}', "[]"]
)
def test_a_note_that_makes_no_sense_is_none(tmp_path: Path, note: str) -> None:
    """It begins again rather than go on from a wrong place."""
    (tmp_path / "farm.csv.part").write_bytes(b"one")
    (tmp_path / "farm.csv.part.json").write_text(note)

    with Part(tmp_path / "farm.csv", ASKED) as part:
        assert part.notes == {}
        assert part.path.read_bytes() == b""


def test_only_one_process_writes_it(tmp_path: Path) -> None:
    """Two would mix their portions."""
    with Part(tmp_path / "farm.csv", ASKED), pytest.raises(FileError, match="being written by another process"):
        Part(tmp_path / "farm.csv", ASKED).__enter__()


def test_what_never_began_leaves_nothing(tmp_path: Path) -> None:
    """A wrong name of a bucket, say."""
    with pytest.raises(FileError, match="no such bucket"), Part(tmp_path / "farm.csv", ASKED):
        raise FileError("no such bucket")

    assert list(tmp_path.iterdir()) == []


def test_portions_may_be_made_into_another_file(tmp_path: Path) -> None:
    """Broken off while that is done, the portions are still there."""
    target = tmp_path / "farm.parquet"

    def broken(portions: Path, whole: Path) -> None:
        whole.write_bytes(portions.read_bytes()[:1])
        raise OSError("disk full")

    def whole(portions: Path, whole: Path) -> None:
        whole.write_bytes(b"<" + portions.read_bytes() + b">")

    with Part(target, ASKED) as part:
        part.write(b"ab")
        part.finish_portion({"rows": 2})
        with pytest.raises(OSError, match="disk full"):
            part.complete(broken)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["farm.parquet.part", "farm.parquet.part.json"]
    with Part(target, ASKED) as part:
        part.complete(whole)

    assert target.read_bytes() == b"<ab>"
    assert list(tmp_path.iterdir()) == [target]


def test_given_up_it_begins_anew_and_the_portions_stay(tmp_path: Path) -> None:
    """For a person to look at."""
    with Part(tmp_path / "farm.csv", ASKED) as part:
        part.write(b"ab")
        part.finish_portion({"rows": 2})
        part.give_up()
    assert part.path.read_bytes() == b"ab"

    with Part(tmp_path / "farm.csv", ASKED) as part:
        assert part.notes == {}


def test_a_folder_in_the_place_of_the_file_is_told_before_any_work(tmp_path: Path) -> None:
    """Not after hours, when the file is to be put there; and nothing is left beside it."""
    folder = tmp_path / "farm.csv"
    folder.mkdir()

    with pytest.raises(FileError, match=r"farm\.csv is a folder: name a file"):
        Part(folder, {}).__enter__()

    assert list(tmp_path.iterdir()) == [folder]


def test_a_disk_that_is_full_at_the_note(tmp_path: Path) -> None:
    """What was noted before counts, and half a note does not lie about."""
    with Part(tmp_path / "farm.csv", ASKED) as part:
        part.write(b"one,")
        part.finish_portion({"rows": 1})
        part.write(b"two,")
        with file_size_limit(16), pytest.raises(OSError, match="File too large"):
            part.finish_portion({"rows": 2})

    assert sorted(path.name for path in tmp_path.iterdir()) == ["farm.csv.part", "farm.csv.part.json"]
    with Part(tmp_path / "farm.csv", ASKED) as part:
        assert part.notes == {"rows": 1}
        assert part.path.read_bytes() == b"one,"


@pytest.mark.parametrize("removed", [False, True])
def test_another_process_was_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, removed: bool) -> None:
    """It finished, or gave up, after the part was opened and before it was locked: what was opened is not written."""
    target = tmp_path / "farm.csv"
    part = Part(target, ASKED)

    def late(file: IO[bytes], how: int) -> None:
        monkeypatch.undo()
        part.path.write_bytes(b"theirs")
        if removed:
            part.path.unlink()
        else:
            part.path.rename(target)
        fcntl.flock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with part:
        part.write(b"ours")
        assert removed or target.read_bytes() == b"theirs"
        part.complete()

    assert target.read_bytes() == b"ours"


def test_a_part_that_failed_is_removed_while_it_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the lock is gone it may be another's."""
    tried = []

    def unlink(path: Path, *, missing_ok: bool) -> None:
        tried.append((path, missing_ok))
        if path == part.path:
            with path.open("ab") as file, pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    part = Part(tmp_path / "farm.csv", ASKED)
    monkeypatch.setattr(Path, "unlink", unlink)
    with pytest.raises(FileError, match="no such bucket"), part:
        raise FileError("no such bucket")

    assert tried[-1] == (part.path, True)


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file can become larger meanwhile: a full disk without a disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
