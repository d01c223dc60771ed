"""Commands as the person at the terminal can type them."""

import sys
from pathlib import Path

import pytest

from ingestor.cli.invocation import command, how_to_call, short


def test_commands_are_named_as_they_can_be_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A program that is not on PATH with its place; seen from the working directory."""
    program = tmp_path / ".venv" / "bin" / "ingestor"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", "/nowhere")
    off_path = how_to_call()
    monkeypatch.setenv("PATH", str(program.parent))
    on_path = how_to_call()

    assert (off_path, on_path) == (".venv/bin/ingestor", "ingestor")


def test_a_command_names_the_configuration_that_was_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Seen from here and quoted for a shell; where none was named, none is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["-m"])

    assert command("deadletters list") == "ingestor deadletters list"
    assert command("run", tmp_path / "my farm.yaml") == "ingestor run --config 'my farm.yaml'"


def test_a_path_elsewhere_stays_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only what is below the working directory is shortened."""
    monkeypatch.chdir(tmp_path)

    assert short("/etc/farm.yaml") == "/etc/farm.yaml"
    assert short(f"{tmp_path}/farm.yaml") == "farm.yaml"
