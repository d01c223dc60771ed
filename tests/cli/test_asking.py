"""Asking a person before something is done."""

import io
import sys

import pytest

from ingestor.cli.asking import ask


class Terminal(io.StringIO):
    """A person at a terminal, who has typed something."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_a_yes_goes_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What it means and the question go to standard error, so that an answer for programs stays alone."""
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    ask(["All of it will be gone."], "Replace it?")
    said = capsys.readouterr()

    assert said.out.strip() == ""
    assert "ingestor: All of it will be gone.\nReplace it? [y/N]" in said.err


@pytest.mark.parametrize("typed", ["n\n", "\n"])
def test_anything_else_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str) -> None:
    """With 1, and the word that nothing was done."""
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    with pytest.raises(SystemExit) as ended:
        ask([], "Replace it?")

    assert ended.value.code == 1
    assert "nothing was changed" in capsys.readouterr().err


def test_where_nobody_can_be_asked_it_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A script says --yes."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(SystemExit):
        ask(["All of it."], "Replace it?")

    assert capsys.readouterr().err == (
        "ingestor: nothing was changed: nobody can be asked here, so say --yes if that is what you want\n"
    )
