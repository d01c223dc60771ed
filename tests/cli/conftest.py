"""Fixtures of the tests of commands."""

import pytest

from tests.cli.commands import Cli


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Calls commands in this process, in an environment without settings of ours."""
    for name in ("INGESTOR_MQTT__URL", "INGESTOR_MQTT__USERNAME", "INGESTOR_MQTT__PASSWORD", "INGESTOR_SECRETS_DIR"):
        monkeypatch.delenv(name, raising=False)
    return Cli(capsys, monkeypatch)
