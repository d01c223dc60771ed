"""One process at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingestor.errors import DataDirError
from ingestor.journal.lock import Lock

HOLD = """
import sys
from pathlib import Path
from ingestor.journal.lock import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_one_is_refused_by_name(tmp_path: Path) -> None:
    """The error names the folder and the process that has it."""
    lock = Lock(tmp_path)

    with pytest.raises(DataDirError, match=rf"{tmp_path} is in use .*process {os.getpid()}"):
        Lock(tmp_path)
    lock.close()


def test_a_closed_lock_lets_the_next_one_in(tmp_path: Path) -> None:
    """After closing the folder is free."""
    Lock(tmp_path).close()
    Lock(tmp_path).close()

    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    """However a process ends, its lock ends with it."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        held = process.stdout.readline()
        with pytest.raises(DataDirError, match=f"process {process.pid}"):
            Lock(tmp_path)
        process.kill()
        process.wait()

        assert held == b"held\n"
        Lock(tmp_path).close()
