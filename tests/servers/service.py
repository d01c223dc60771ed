"""`ingestor run` as a process of its own, for tests that kill it, stop it, and look at what it stored."""

import json
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from ingestor.stores.sqlite import bucket_path
from tests.support import eventually, free_port

READY_SECS = 20.0

NUMBERED: Mapping[str, Any] = {
    "models": {"numbered": {"fields": {"n": {"type": "int", "required": True}, "same": {}}}},
    "routes": [
        {"topic": "numbered/{source}", "model": "numbered", "bucket": "Numbered"},
        {"topic": "racks/{rack}/temperature", "model": "temperature", "format": "value", "bucket": "Temperature"},
    ],
}
"""Routes for messages with a number of their own, and for bare ones."""


class ServiceProcess:
    """The service, in a folder of its own.

    Args:
        folder: Configuration, data and log go there.
        mqtt: The section `mqtt` of its configuration.
        config: Further sections; those of `NUMBERED` where there are none.
    """

    def __init__(self, folder: Path, *, mqtt: Mapping[str, Any], config: Mapping[str, Any] = NUMBERED) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.web_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.configure({"mqtt": dict(mqtt), "web": {"port": self.web_port}, **config})

    def configure(self, config: Mapping[str, Any]) -> None:
        """Write its configuration; it takes it at the next start."""
        (self.folder / "config.yaml").write_text(yaml.safe_dump(dict(config)), encoding="utf-8")

    @property
    def pid(self) -> int:
        """Its process id while it runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """All that it ever logged."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def start(self, *, wait: bool = True) -> Self:
        """Start it; with `wait`, return when data can flow."""
        command = [sys.executable, "-m", "ingestor", "run", "--config", str(self.folder / "config.yaml")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        if wait:
            self.wait_until_ready()
        return self

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End it with SIGTERM, in good order; returns its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(timeout=30)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.running:
            self.kill()

    def status(self) -> dict[str, Any] | None:
        """What /api/status says; None while nothing answers."""
        url = f"http://127.0.0.1:{self.web_port}/api/status"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                found: dict[str, Any] = json.load(answer)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return None
        return found

    def store(self, name: str | None = None) -> dict[str, Any]:
        """The accounts of a store, of the first where none is named; empty while nothing answers."""
        stores = (self.status() or {}).get("stores", ())
        return next((store for store in stores if name in {None, store["name"]}), {})

    def wait_until_ready(self, *, deadline_secs: float = READY_SECS) -> None:
        """Wait until data can flow from the broker to the store."""

        def ready() -> bool:
            assert self.running, self.log
            return bool((self.status() or {}).get("ready"))

        eventually(ready, deadline_secs=deadline_secs)

    def wait_until_settled(
        self, messages: int, *, store: str | None = None, deadline_secs: float = 60.0
    ) -> dict[str, Any]:
        """Wait until so many messages are journaled and none is pending in a store; returns its accounts."""
        name = store

        def settled() -> dict[str, Any]:
            store = self.store(name)
            return store if store and store["journaled"] >= messages and store["pending"] == 0 else {}

        return eventually(settled, deadline_secs=deadline_secs)

    @contextmanager
    def bucket(self, name: str) -> Iterator[sqlite3.Connection]:
        """The file of a bucket, open for reading."""
        path = bucket_path(self.folder / "data" / "stores" / "local", name)
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            yield connection

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold the right to write a bucket's file, as a long transaction of another program would."""
        path = bucket_path(self.folder / "data" / "stores" / "local", name)
        with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")
