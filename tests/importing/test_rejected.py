"""What could not be imported."""

from pathlib import Path

import pytest

from ingestor.files.table import FileError, Reading, Unreadable
from ingestor.importing.rejected import Rejected
from tests.builders import point


@pytest.mark.parametrize(
    ("name", "rejected"),
    [("a.b.csv.gz", "a.b.rejected.csv"), ("a.lp", "a.rejected.lp"), ("a.parquet", "a.rejected.txt")],
)
def test_the_file_stands_beside_and_is_of_the_same_format(tmp_path: Path, name: str, rejected: str) -> None:
    """So that it can be mended and imported."""
    with Rejected(tmp_path / name, head="h\n", unit="line") as found:
        before = found.path
        found.add(Unreadable(3, "a,b", "why\nnot"), "why\nnot")
        found.add(Reading(5, "c,d", point()), "too old")

    assert (before, found.path) == (None, tmp_path / rejected)
    assert (tmp_path / rejected).read_text() == "h\n# line 3: why not\na,b\n# line 5: too old\nc,d\n"


def test_there_is_none_where_nothing_was_rejected(tmp_path: Path) -> None:
    """Nor one of an earlier import."""
    (tmp_path / "a.rejected.lp").write_text("old")
    with Rejected(tmp_path / "a.lp", head="", unit="line"):
        pass

    assert list(tmp_path.iterdir()) == []


def test_readings_that_are_no_text_are_described(tmp_path: Path) -> None:
    """Rows of Parquet."""
    with Rejected(tmp_path / "a.parquet", head="", unit="row") as found:
        found.add(Reading(5, "", point(temperature=1.5)), "too old")
        found.add(Unreadable(6, "", "has no time"), "has no time")

    said = (tmp_path / "a.rejected.txt").read_text().splitlines()
    assert said[0] == "# row 5: too old"
    assert "temperature=1.5" in said[1]
    assert said[2:] == ["# row 6: has no time"]


def test_bytes_that_are_no_text_stay_as_they_were(tmp_path: Path) -> None:
    """A line that is not UTF-8 is rejected as it is."""
    with Rejected(tmp_path / "a.lp", head="", unit="line") as found:
        found.add(Unreadable(1, "m\udcff", "why"), "why")

    assert (tmp_path / "a.rejected.lp").read_bytes() == b"# line 1: why\nm\xff\n"


def test_a_place_that_cannot_be_written_is_told_by_its_own_name(tmp_path: Path) -> None:
    """Not by that of the imported file."""
    (tmp_path / "a.rejected.lp").mkdir()

    with (
        pytest.raises(FileError, match=r"a\.rejected\.lp cannot be written: Is a directory"),
        Rejected(tmp_path / "a.lp", head="", unit="line"),
    ):
        pass


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """In words for people; whether it is full when a line is written or when the file is closed."""

    def fill(raw: str) -> None:
        with Rejected(tmp_path / "full.lp", head="", unit="line") as found:
            (tmp_path / "full.rejected.lp").symlink_to("/dev/full")
            found.add(Unreadable(1, raw, "why"), "why")

    for raw in ("short", "long" * 100_000):
        with pytest.raises(FileError, match=r"full\.rejected\.lp cannot be written: No space left"):
            fill(raw)
