"""What real InfluxDB servers of any version have in common: a process on a free loopback port, and its API."""

import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support import eventually, free_port

START_SECS = 60.0


class InfluxProcess:
    """An `influxd` process of its own: started, killed and started again on the same port. A context manager.

    Args:
        program: The path of the server; see the fixtures `influxd` and `influxd1`.
        folder: Where its data and its log go; an existing, writable folder.
        token: What its API asks for, where it does.
        health: The path at which it answers once it is ready.
    """

    def __init__(self, program: str, folder: Path, *, token: str | None = None, health: str) -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._headers = {"Authorization": f"Token {token}"} if token else {}
        self._health = health
        self.folder = folder
        self.port = free_port()

    @property
    def url(self) -> str:
        """Its address as `stores.*.url` takes it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All that it logged since the first start."""
        return (self.folder / "influxd.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> Self:
        """Start it, and return once it answers."""
        with (self.folder / "influxd.log").open("ab") as log:
            command = [self._program, *self._arguments()]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        eventually(self._answers, deadline_secs=START_SECS)
        return self

    def _arguments(self) -> Sequence[str]:
        raise AssertionError("each version has its own")

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=60)
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log
        try:
            self.call("GET", self._health)
        except OSError:  # a 503 while it starts, too
            return False
        return True

    def call(self, method: str, path: str, body: Mapping[str, Any] | bytes | None = None) -> Any:  # noqa: ANN401 - JSON
        """What its API answers: parsed where it is JSON, else text.

        Raises:
            urllib.error.HTTPError: It answered with a fault.
            OSError: It did not answer.
        """
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**self._headers, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}{path}", data=data, method=method, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            text = answer.read().decode()
        return json.loads(text) if text and answer.headers.get_content_type() == "application/json" else text
