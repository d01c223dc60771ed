"""The bar that tells how far something is."""

import pytest

from ingestor.cli.progress import progress_bar


def test_on_a_terminal_it_shows_share_and_readings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, so that it never mixes with an answer."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with progress_bar("farm.csv") as move:
        move(0.5, 1_234_567)
    said = capsys.readouterr()

    assert said.out == ""
    assert "farm.csv" in said.err
    assert "50%" in said.err
    assert "1,234,567 readings" in said.err


def test_in_a_pipe_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs read it."""
    with progress_bar("farm.csv") as move:
        move(0.5, 1)

    assert capsys.readouterr() == ("", "")
