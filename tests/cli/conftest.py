"""Fixtures of the tests of commands."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Cli
from tests.servers.mosquitto import Mosquitto


@pytest.fixture
def log_as_before() -> Iterator[None]:
    """Commands set up the log of the whole process; take that back."""
    root, ours = logging.getLogger(), logging.getLogger("ingestor")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, log_as_before: None) -> Cli:
    """Calls commands in this process, in an environment without settings of ours."""
    assert log_as_before is None
    for name in [name for name in os.environ if name.startswith("INGESTOR_")]:
        monkeypatch.delenv(name)
    return Cli(capsys, monkeypatch)


@pytest.fixture
def broker(tmp_path: Path, mosquitto: str) -> Iterator[Mosquitto]:
    """A broker that lets everybody in."""
    assert mosquitto
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    with Mosquitto(folder) as running:
        yield running


@pytest.fixture
def guarded(tmp_path: Path, mosquitto: str) -> Iterator[Mosquitto]:
    """A broker that lets nobody in without a password, and knows no user."""
    assert mosquitto
    folder = tmp_path / "guarded"
    folder.mkdir()
    with Mosquitto(folder, anonymous=False) as running:
        yield running
