"""Commands for tests: called in this process, or run as a process of their own; and a data directory to look into."""

import json
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestor import configfile, deadletters, state
from ingestor.cli import application
from ingestor.config import Config
from ingestor.datadir import journal_dir, state_file
from ingestor.deadletters import Letter
from ingestor.journal import Journal
from ingestor.ports import Message
from ingestor.state import State
from tests.support import free_port, run

PROCESS_SECS = 50
ROUTES = (
    {"topic": "{rack}/temperature", "model": "temperature", "format": "value", "bucket": "Climate"},
    {"topic": "farm/{rack}/climate", "model": "climate", "bucket": "Climate"},
)


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it said on standard output, by lines."""
        return self.out.splitlines()

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command answers
        """Its answer, where that is one line of JSON."""
        return json.loads(self.out)


class Cli:
    """Calls commands in this process, with what they print captured."""

    def __init__(self, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._patch = patch

    def __call__(self, *arguments: str | Path) -> Result:
        """The outcome of `ingestor` with these arguments."""
        self._patch.setattr(sys, "argv", ["ingestor", *map(str, arguments)])
        self._capsys.readouterr()
        try:
            application.call()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
        said = self._capsys.readouterr()
        return Result(code, said.out, said.err)


def ingestor(
    *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, piped: str | None = None
) -> Result:
    """The outcome of the real command in a process of its own.

    Args:
        arguments: Of the command.
        env: More variables for it.
        cwd: Its working directory.
        piped: A shell command that reads what it prints.
    """
    command: list[str] = [sys.executable, "-m", "ingestor", *map(str, arguments)]
    if piped is not None:
        command = ["bash", "-o", "pipefail", "-c", f'"$@" | {piped}', "bash", *command]
    found = subprocess.run(
        command,
        env={"PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "error", **(env or {})},
        cwd=cwd or Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=PROCESS_SECS,
        check=False,
    )
    return Result(found.returncode, found.stdout, found.stderr)


def write_config(folder: Path, **sections: object) -> Path:
    """A configuration file with two routes, whose web port nobody listens on."""
    chosen: dict[str, object] = {"routes": list(ROUTES), "web": {"port": free_port()}} | sections
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(chosen), encoding="utf-8")
    return file


def read_config(file: Path) -> Config:
    """What such a file says."""
    return configfile.load(file, environ={})


def message(number: int, *, topic: str = "rack1/temperature", payload: bytes | None = None, flags: int = 2) -> Message:
    """A message of the journal that was received some ns ago, the later the larger its number."""
    payload = b"%d.5" % number if payload is None else payload
    return Message(topic, payload, time.time_ns() - 10**9 + number, flags, number + 1 if flags & 6 else 0)


def fill(
    config: Config,
    messages: Sequence[Message],
    *,
    position: int | None = None,
    counts: Mapping[str, int] | None = None,
    intake: Mapping[str, int] | None = None,
    letters: Sequence[Letter] = (),
    store: str = "local",
) -> None:
    """What a service leaves that has taken in these messages.

    Args:
        config: Its configuration.
        messages: The journal from position 0 on.
        position: How many of them the store has settled; all where it is None.
        counts: The store's counters; all settled ones stored where it is None.
        intake: The counters of the intake.
        letters: What was set aside.
        store: The store's name.
    """
    settled = len(messages) if position is None else position

    async def main() -> None:
        folder = journal_dir(config)
        folder.mkdir(parents=True, exist_ok=True)
        async with Journal(folder, group_ms=0) as journal, State(state_file(config)) as held:
            if messages:
                await journal.append(messages)
            await held.run(lambda connection: state.begin_cursor(connection, store, 0))
            await held.run(lambda connection: state.move_cursor(connection, store, settled))
            await held.run(
                lambda connection: state.count(connection, store, {"stored": settled} if counts is None else counts)
            )
            await held.run(lambda connection: state.count(connection, state.INTAKE, intake or {}))
            await held.run(lambda connection: deadletters.add(connection, store, letters))

    run(main())


@contextmanager
def stranger() -> Iterator[int]:
    """The port of another program, which hangs up on everybody."""
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
