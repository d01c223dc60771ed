"""`ingestor stores`: list and forget."""

from contextlib import closing
from pathlib import Path

import pytest

from ingestor import state
from ingestor.cli.datafiles import in_state
from ingestor.datadir import journal_dir
from ingestor.journal.lock import Lock
from tests.cli.commands import Cli, fill, message, read_config, write_config


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of a store `new` that never began; the data directory knows another one, `old`."""
    file = write_config(tmp_path, stores={"new": {"kind": "sqlite"}})
    fill(read_config(file), [message(number) for number in range(3)], position=2, store="old")
    return file


def test_list_has_configured_and_known_stores(cli: Cli, config: Path) -> None:
    """What is no longer configured is there too: it holds the journal back."""
    found = cli("stores", "list", "--config", config)

    assert found.code == 0
    assert [line.split()[0] for line in found.lines] == ["name", "new", "old"]
    assert "not begun" in found.lines[1]
    assert "no longer configured" in found.lines[2]


def test_list_for_programs(cli: Cli, config: Path) -> None:
    """An object a store."""
    told = {row["name"]: row for row in cli("stores", "list", "--config", config, "--json").json}

    assert (told["new"]["configured"], told["new"]["position"]) == (True, None)
    assert (told["old"]["configured"], told["old"]["position"]) == (False, 2)


def test_list_tells_where_points_go(cli: Cli, tmp_path: Path) -> None:
    """A folder for SQLite, an address for InfluxDB; never a token."""
    farm = {"kind": "influxdb", "url": "https://farm.example:8086", "token": "hunter2"}
    file = write_config(tmp_path, stores={"farm": farm, "local": {"kind": "sqlite"}})
    found, told = cli("stores", "list", "--config", file), cli("stores", "list", "--config", file, "--json")

    assert [line.split()[2] for line in found.lines] == ["where", farm["url"], str(tmp_path / "data/stores/local")]
    assert [(row["path"], row["url"]) for row in told.json] == [
        (None, farm["url"]),
        (str(tmp_path / "data/stores/local"), None),
    ]
    assert "hunter2" not in found.out + told.out


def test_list_needs_no_service_to_have_run(cli: Cli, tmp_path: Path) -> None:
    """What the configuration names can always be listed."""
    found = cli("stores", "list", "--config", write_config(tmp_path))

    assert found.code == 0
    assert "local" in found.out
    assert not (tmp_path / "data").exists()


def test_forget_gives_a_store_up(cli: Cli, config: Path) -> None:
    """Its cursor is gone."""
    found = cli("stores", "forget", "old", "--config", config)

    assert found.code == 0
    assert in_state(config, state.cursors) == {}


def test_forgetting_an_unknown_store_is_a_line(cli: Cli, config: Path) -> None:
    """It ends 1 and names it; the others stay."""
    found = cli("stores", "forget", "odd", "--config", config)

    assert found.code == 1
    listed = f"ingestor stores list --config {config}"
    assert found.err == f"ingestor: this data directory knows no store 'odd'; see: {listed}\n"
    assert set(in_state(config, state.cursors)) == {"old"}


def test_forget_waits_for_no_running_service(cli: Cli, config: Path) -> None:
    """A service that runs would go on with what is deleted."""
    with closing(Lock(journal_dir(read_config(config)))):
        found = cli("stores", "forget", "old", "--config", config)

    assert found.code == 1
    assert "is in use by another ingestor" in found.err
    assert set(in_state(config, state.cursors)) == {"old"}


def test_forget_without_a_journal_is_a_line(cli: Cli, config: Path) -> None:
    """Half a data directory gives no traceback."""
    folder = journal_dir(read_config(config))
    folder.rename(folder.with_name("elsewhere"))
    found = cli("stores", "forget", "old", "--config", config)

    assert found.code == 1
    assert found.err == f"ingestor: {folder} cannot be locked: No such file or directory\n"


def test_forget_where_nothing_ran_says_so(cli: Cli, tmp_path: Path) -> None:
    """And makes nothing."""
    found = cli("stores", "forget", "local", "--config", write_config(tmp_path))

    assert found.code == 1
    assert "no service has run" in found.err
    assert not (tmp_path / "data").exists()
