"""The data directory: where what lies, and what its files say while no service runs."""

import dataclasses
import os
import stat
from contextlib import closing
from pathlib import Path

import pytest

from ingestor import state
from ingestor.config import Config
from ingestor.datadir import (
    disk_bytes_written,
    journal_dir,
    journal_files,
    make_data_dir,
    make_table,
    state_file,
    stopped_snapshot,
)
from ingestor.errors import DataDirError
from tests.cli.commands import fill, message
from tests.routing.homes import ROW, Home, body

MANY = [message(number) for number in range(10)]


def config_in(folder: Path) -> Config:
    """A configuration of that data directory."""
    return Config(data_dir=folder / "data")


def test_others_may_not_look_in(tmp_path: Path) -> None:
    """What devices say, and the broker's password file, are nobody else's business."""
    make_data_dir(tmp_path / "a" / "data")

    assert stat.S_IMODE((tmp_path / "a" / "data").stat().st_mode) == 0o700


def test_a_data_dir_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """Its rights are its owner's affair."""
    tmp_path.chmod(0o755)
    make_data_dir(tmp_path)

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_file_in_its_place_is_named(tmp_path: Path) -> None:
    """It says which path, in the system's words."""
    (tmp_path / "data").touch()
    with pytest.raises(DataDirError, match=r"data.* cannot be made: File exists"):
        make_data_dir(tmp_path / "data")


def test_bytes_written_grow(tmp_path: Path) -> None:
    """What the system counts includes what this process syncs."""
    before = disk_bytes_written()
    with (tmp_path / "file").open("wb") as file:
        file.write(os.urandom(2**20))
        os.fsync(file.fileno())
    after = disk_bytes_written()

    assert before is not None
    assert after is not None
    assert after >= before


def test_the_accounts_of_a_stopped_service(tmp_path: Path) -> None:
    """Both equations hold, and what was not settled is pending."""
    config = config_in(tmp_path)
    counts = {"stored": 4, "set_aside": 1, "unrouted": 1, "held": 1, "points": 5, "reason.type": 2}
    fill(config, MANY, position=7, counts=counts, intake={"recognised": 3, "skipped": 2})
    snapshot = stopped_snapshot(config)
    intake, (store,) = snapshot.intake, snapshot.stores

    assert intake.received == 15 == intake.journaled + intake.recognised + intake.skipped
    assert (store.name, store.journaled, store.pending, store.held) == ("local", 10, 4, 1)
    assert store.journaled == store.stored + store.set_aside + store.unrouted + store.pending
    assert store.reasons == {"type": 2}
    assert not snapshot.ready


def test_the_lag_is_the_age_of_the_oldest_that_waits(tmp_path: Path) -> None:
    """What waits in a stopped service grows older; where nothing waits there is no lag."""
    waiting, settled = config_in(tmp_path / "a"), config_in(tmp_path / "b")
    fill(waiting, MANY, position=9)
    fill(settled, MANY)

    assert stopped_snapshot(waiting).stores[0].lag_secs >= 1.0
    assert stopped_snapshot(settled).stores[0].lag_secs == 0.0


def test_the_journal_is_measured(tmp_path: Path) -> None:
    """Its size is that of its files, its end that of its messages."""
    config = config_in(tmp_path)
    fill(config, MANY)
    journal = stopped_snapshot(config).journal

    assert (journal.end, journal.segments) == (10, 1)
    assert journal.bytes == sum(path.stat().st_size for path in journal_dir(config).glob("*.seg"))


def test_looking_changes_nothing(tmp_path: Path) -> None:
    """Two looks say the same, but for the time that passed."""
    config = config_in(tmp_path)
    fill(config, MANY)
    first, second = stopped_snapshot(config), stopped_snapshot(config)

    assert dataclasses.replace(first, stores=()) == dataclasses.replace(second, stores=())
    assert first.stores == second.stores


def test_where_no_service_ran_it_says_so(tmp_path: Path) -> None:
    """And makes no files."""
    config = config_in(tmp_path)
    with pytest.raises(DataDirError, match="no service has run"):
        stopped_snapshot(config)
    with pytest.raises(DataDirError, match="no service has run"):
        journal_files(config)

    assert not config.data_dir.exists()


def test_a_journal_that_is_gone_is_named(tmp_path: Path) -> None:
    """state.db alone is half a data directory."""
    config = config_in(tmp_path)
    fill(config, [])
    journal_dir(config).rename(tmp_path / "elsewhere")

    assert state_file(config).exists()
    with pytest.raises(DataDirError, match="journal is not there"):
        stopped_snapshot(config)


def test_a_journal_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A file in its place, say."""
    config = config_in(tmp_path)
    config.data_dir.mkdir()
    journal_dir(config).touch()
    with pytest.raises(DataDirError, match=r"journal cannot be read: Not a directory"):
        journal_files(config)


def test_what_devices_announced_to_the_service_is_known_beside_it(tmp_path: Path) -> None:
    """To whoever asks what would become of a message; without a service there is nothing to know."""
    config = Config.model_validate({"data_dir": tmp_path / "data", "routes": [ROW]})
    assert make_table(config).announced_topics == []
    home = Home()
    home.announce(body())
    with closing(state.open_state(state_file(config))) as connection:
        state.add_announcements(connection, home.table.announced.unsaved)

    assert make_table(config).announced_topics == ["kitchen/temperature"]
    assert make_table(config.model_copy(update={"routes": ()})).announced_topics == []
