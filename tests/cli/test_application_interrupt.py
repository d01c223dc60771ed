"""Ctrl-C at any moment of a command."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from ingestor.stores.sqlite import SqliteStore
from tests.cli.commands import PROCESS_SECS, write_config
from tests.cli.test_read import climate
from tests.export.samples import store_all
from tests.support import ROOT

UP = "from ingestor.cli import main; print('up', flush=True); main()"
"""The interpreter's own first steps are before ours, and cannot be guarded."""


def interrupted(delay_secs: float, *arguments: str | Path, ignoring: bool = False) -> tuple[int, str]:
    """How a command ended, and what it complained of, that got a Ctrl-C so long after it came up."""
    first = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN);" if ignoring else ""
    with subprocess.Popen(
        [sys.executable, "-c", first + UP, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        time.sleep(delay_secs)  # the moment is what is tested
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=PROCESS_SECS)
    return process.returncode, complaint


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of a store with readings."""
    store_all(SqliteStore(tmp_path / "data/stores/local"), climate(60))
    return write_config(tmp_path, stores={"local": {"kind": "sqlite"}})


@pytest.mark.long
@pytest.mark.parametrize("words", [("read", "Farm", "--every", "1h"), ("check",)], ids=" ".join)
def test_ctrl_c_is_quiet_at_any_moment(config: Path, words: tuple[str, ...]) -> None:
    """Nobody sees a traceback while modules are imported, while the command works, and while it ends."""
    random = Random(1)
    ends = [interrupted(random.uniform(0.02, 1.2), *words, "--config", config) for _ in range(20)]

    assert [complaint for _, complaint in ends if "Traceback" in complaint or "Exception ignored" in complaint] == []
    done = {0, 1} if words == ("check",) else {0}  # nothing that it could check is running: the command itself ends 1
    assert {code for code, _ in ends} <= {-signal.SIGINT, 130} | done
    assert {code for code, _ in ends} & {-signal.SIGINT, 130}


def test_ctrl_c_while_modules_are_imported(config: Path) -> None:
    """The process ends as one that was interrupted, and says nothing."""
    assert interrupted(0.03, "read", "Farm", "--config", config) == (-signal.SIGINT, "")


def test_who_shall_not_hear_ctrl_c_does_not(config: Path) -> None:
    """What a script starts in the background goes on, as shells promise."""
    assert interrupted(0.03, "read", "Farm", "--config", config, ignoring=True) == (0, "")
