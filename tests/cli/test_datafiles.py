"""Access of commands to `state.db`."""

import sqlite3
from pathlib import Path

import pytest

from ingestor import state
from ingestor.cli.datafiles import in_state
from ingestor.datadir import state_file
from ingestor.errors import DataDirError, StateError
from tests.cli.commands import fill, read_config, write_config


def test_work_sees_and_changes_the_state(tmp_path: Path) -> None:
    """What it does is there for the next one."""
    file = write_config(tmp_path)
    fill(read_config(file), [])
    in_state(file, lambda connection: state.set_fact(connection, "colour", "green"))

    assert in_state(file, lambda connection: state.fact(connection, "colour")) == "green"


def test_nothing_is_made_where_no_service_ran(tmp_path: Path) -> None:
    """Looking does not make a data directory, which root would own then."""
    file = write_config(tmp_path)
    with pytest.raises(DataDirError, match="no service has run"):
        in_state(file, state.cursors)

    assert not (tmp_path / "data").exists()


def test_a_failure_leaves_it_as_it_was(tmp_path: Path) -> None:
    """Work that fails changes nothing."""
    file = write_config(tmp_path)
    fill(read_config(file), [])

    def fail(connection: sqlite3.Connection) -> None:
        state.set_fact(connection, "colour", "red")
        connection.execute("SELECT * FROM nowhere")

    with pytest.raises(StateError):
        in_state(file, fail)

    assert in_state(file, lambda connection: state.fact(connection, "colour")) is None


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    """What is no database of ours is not touched."""
    file = write_config(tmp_path)
    path = state_file(read_config(file))
    path.parent.mkdir()
    path.write_text("not a database, but long enough to be taken for one" * 20)
    with pytest.raises(DataDirError, match="cannot be opened"):
        in_state(file, state.cursors)
