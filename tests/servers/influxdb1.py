"""A real InfluxDB 1.13 on free loopback ports, for tests: started, killed and started again on the same ports."""

import json
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support import eventually, free_port

START_SECS = 60.0


class InfluxDB1:
    """An `influxd` process of its own, without users and without a database.

    Use it as a context manager.

    Args:
        program: The path of `influxd` 1.13; see the fixture `influxd1`.
        folder: Where its configuration, its data and its log go; an existing, writable folder.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = folder
        self.port = free_port()
        self._rpc_port = free_port()

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
        config = self.folder / "influxdb.conf"
        config.write_text(self._config(), encoding="utf-8")
        command = [self._program, "run", "-config", str(config)]
        with (self.folder / "influxd.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        eventually(self._answers, deadline_secs=START_SECS)
        return self

    def _config(self) -> str:
        where = {name: json.dumps(str(self.folder / name)) for name in ("meta", "data", "wal")}
        return "\n".join(
            [
                "reporting-disabled = true",
                f'bind-address = "127.0.0.1:{self._rpc_port}"',
                f"[meta]\ndir = {where['meta']}",
                f"[data]\ndir = {where['data']}\nwal-dir = {where['wal']}\nquery-log-enabled = false",
                f'[http]\nbind-address = "127.0.0.1:{self.port}"\nlog-enabled = false',
                "[monitor]\nstore-enabled = false",
                '[logging]\nlevel = "error"',
            ]
        )

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
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
            self.call("GET", "/ping")
        except OSError:
            return False
        return True

    def call(self, method: str, path: str, body: bytes | None = None) -> Any:  # noqa: ANN401 - JSON
        """What its API answers: parsed where it is JSON, else text.

        Raises:
            urllib.error.HTTPError: It answered with a fault.
            OSError: It did not answer.
        """
        request = urllib.request.Request(f"{self.url}{path}", data=body, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            text = answer.read().decode()
        return json.loads(text) if text and answer.headers.get_content_type() == "application/json" else text

    def create_database(self, name: str) -> None:
        """Make a database, with a policy that keeps for ever."""
        self.query(f'CREATE DATABASE "{name}"')

    def write(self, database: str, *lines: str) -> None:
        """Write lines as another program would."""
        self.call("POST", f"/api/v2/write?bucket={database}&precision=ns", "\n".join(lines).encode())

    def query(self, influxql: str, *, database: str = "") -> list[dict[str, Any]]:
        """The series that one statement of InfluxQL gives: `name`, `tags` where grouped by, `columns`, `values`.

        Times are in nanoseconds.

        Raises:
            AssertionError: The statement failed; with its words.
        """
        asked = urllib.parse.urlencode({"q": influxql, "db": database, "epoch": "ns"})
        (result,) = self.call("POST", f"/query?{asked}")["results"]
        assert "error" not in result, result["error"]
        series: list[dict[str, Any]] = result.get("series", [])
        return series
