"""Whether the data directory can be used."""

from collections import namedtuple
from pathlib import Path

import pytest

from ingestor.cli.checks.datadir import check_data_dir
from ingestor.cli.checks.finding import Finding, Level
from ingestor.config import Config
from ingestor.datadir import state_file
from tests.cli.commands import fill, message

GIB = 2**30
Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - what shutil returns


def found(config: Config, about: str) -> Finding:
    """The only finding about it."""
    (finding,) = [one for one in check_data_dir(config) if one.about == about]
    return finding


def with_free(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """A disk with so many bytes free."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10 * GIB, 0, free))


def test_one_that_is_not_there_yet_can_be_made(tmp_path: Path) -> None:
    """And is not made by looking."""
    finding = found(Config(data_dir=tmp_path / "a" / "data"), "data_dir")

    assert finding.level is Level.OK
    assert "will be made" in finding.text
    assert not (tmp_path / "a").exists()


def test_one_that_is_there_is_written_to_and_left_as_it_was(tmp_path: Path) -> None:
    """The test of writing leaves nothing behind."""
    finding = found(Config(data_dir=tmp_path), "data_dir")

    assert finding.level is Level.OK
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_its_place_is_a_problem(tmp_path: Path) -> None:
    """Also one further up."""
    (tmp_path / "file").touch()

    for path in (tmp_path / "file", tmp_path / "file" / "data"):
        finding = found(Config(data_dir=path), "data_dir")
        assert finding.level is Level.PROBLEM
        assert f"{tmp_path / 'file'} is a file" in finding.text


def test_a_file_in_place_of_the_journal_is_a_problem(tmp_path: Path) -> None:
    """The service would not start, although the data directory itself is fine."""
    (tmp_path / "journal").touch()
    finding = found(Config(data_dir=tmp_path), "data_dir")

    assert finding.level is Level.PROBLEM
    assert f"{tmp_path / 'journal'} is a file" in finding.text


def test_no_right_to_make_it_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says where the right is missing."""
    monkeypatch.setattr("os.access", lambda *_: False)
    finding = found(Config(data_dir=tmp_path / "a" / "data"), "data_dir")

    assert finding.level is Level.PROBLEM
    assert f"no right to write in {tmp_path}" in finding.text


def test_a_disk_that_refuses_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights do not tell of a disk that is read-only or full: writing does, in the system's words."""

    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    finding = found(Config(data_dir=tmp_path), "data_dir")

    assert finding.level is Level.PROBLEM
    assert "cannot be written: Read-only file system" in finding.text


def test_stores_that_are_gone_are_a_problem(tmp_path: Path) -> None:
    """The service would not start; it says how to go on."""
    config = Config(data_dir=tmp_path)
    fill(config, [message(0)], store="old")
    finding = found(config, "stores")

    assert finding.level is Level.PROBLEM
    assert "ingestor stores forget old" in finding.text


def test_the_way_to_give_a_store_up_names_the_configuration(tmp_path: Path) -> None:
    """It can be typed as it stands."""
    config = Config(data_dir=tmp_path)
    fill(config, [message(0)], store="old")
    (text,) = [one.text for one in check_data_dir(config, Path("/etc/farm.yaml")) if one.about == "stores"]

    assert text.endswith("stores forget old --config /etc/farm.yaml")


def test_a_damaged_state_is_a_problem(tmp_path: Path) -> None:
    """What is no database is named."""
    config = Config(data_dir=tmp_path)
    state_file(config).write_text("no database at all, but long enough " * 40)
    findings = [one for one in check_data_dir(config) if one.level is Level.PROBLEM]

    assert len(findings) == 1
    assert "state.db cannot be opened" in findings[0].text


def test_a_disk_that_is_full_before_the_journal_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the numbers, and what to do."""
    with_free(monkeypatch, GIB)
    finding = found(Config(data_dir=tmp_path), "disk")

    assert finding.level is Level.NOTE
    assert "1.0 GiB free" in finding.text
    assert "4.0 GiB" in finding.text


def test_what_the_journal_has_already_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal of 4 GiB that holds 3.5 needs only half a GiB more."""
    (tmp_path / "journal").mkdir()
    with (tmp_path / "journal" / "1.seg").open("wb") as file:
        file.truncate(3 * GIB + GIB // 2)
    with_free(monkeypatch, GIB)

    assert found(Config(data_dir=tmp_path), "disk").level is Level.OK


def test_hardly_any_room_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service would stop taking anything in within minutes."""
    with_free(monkeypatch, 2**20)

    assert found(Config(data_dir=tmp_path), "disk").level is Level.PROBLEM
