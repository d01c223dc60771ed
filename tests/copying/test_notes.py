"""How far a copy is, in a small file."""

from pathlib import Path

import pytest

from ingestor.copying.notes import BucketState, Notes, Task
from ingestor.errors import DataDirError

STATE = BucketState(
    "Farm",
    "Home",
    [Task("climate", 0, 100, 25, points=7), Task("power", 0, 100, 0)],
    made=True,
    older={"climate": 3},
    set_aside={"power": {"why": 2}},
    left_out={"power": {"x": "float and text"}},
)


def test_what_is_noted_is_read_again(tmp_path: Path) -> None:
    """All of it comes back, also from another process."""
    Notes(tmp_path / "copy", {"from": "a"}).write([STATE, BucketState("Other", "Other")])

    assert Notes(tmp_path / "copy", {"from": "a"}).read() == [STATE, BucketState("Other", "Other")]


def test_another_copy_has_notes_of_its_own(tmp_path: Path) -> None:
    """What was asked in other words goes on with nothing."""
    Notes(tmp_path, {"from": "a"}).write([STATE])

    assert Notes(tmp_path, {"from": "b"}).read() is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"buckets": 1}', '{"buckets": [{}]}', '{"buckets": [{"tasks": [1]}]}']
)
def test_what_makes_no_sense_is_nothing(tmp_path: Path, text: str) -> None:
    """A damaged file is as good as none: the copy begins anew, which changes nothing in the store."""
    notes = Notes(tmp_path, {})
    notes.path.write_text(text, encoding="utf-8")

    assert notes.read() is None


def test_forgetting(tmp_path: Path) -> None:
    """What is forgotten is not read again, and may be forgotten twice."""
    notes = Notes(tmp_path, {})
    notes.write([STATE])
    notes.forget()
    notes.forget()

    assert notes.read() is None
    assert list(tmp_path.iterdir()) == []


def test_finishing(tmp_path: Path) -> None:
    """What failed goes on with the next start, what is done begins anew; where nothing failed, nothing is kept."""
    notes = Notes(tmp_path, {})
    failed = BucketState("Gone", "Gone", [Task("m", 0, 10, 5)], fault="no rights")
    notes.finish([STATE, failed])

    assert notes.read() == [BucketState("Farm", "Home"), failed]

    notes.finish([STATE])

    assert notes.read() is None


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The path is named, so that a person can mend it."""
    (tmp_path / "copy").write_text("in the way", encoding="utf-8")

    with pytest.raises(DataDirError, match=str(tmp_path)):
        Notes(tmp_path / "copy", {}).write([STATE])


def test_how_far_a_bucket_is() -> None:
    """The share is one of time; before anybody has looked it is nothing, and without measurements all."""
    assert STATE.share == 0.125
    assert STATE.points == 7
    assert (BucketState("a", "a").share, BucketState("a", "a", []).share) == (0.0, 1.0)


def test_what_is_whole() -> None:
    """A bucket of which anything was left out, for whatever reason, was not copied as it is."""
    assert BucketState("a", "a", []).is_whole
    assert not any(
        BucketState("a", "a", [], **{what: value}).is_whole  # type: ignore[arg-type]
        for what, value in {
            "fault": "gone",
            "older": {"m": 1},
            "set_aside": {"m": {"why": 1}},
            "left_out": {"m": {"x": "int and text"}},
        }.items()
    )


def test_reasons_do_not_pile_up() -> None:
    """A thousand reasons are told apart, and what comes after them is counted together."""
    state = BucketState("a", "a")
    for number in range(1_200):
        state.set_aside_more("m", {f"reason {number}": 2})
    state.set_aside_more("m", {"reason 0": 1})

    assert state.set_aside["m"]["reason 0"] == 3
    assert state.set_aside["m"]["other reasons"] == 400
    assert len(state.set_aside["m"]) == 1_001
