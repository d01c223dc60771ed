"""A real mosquitto on a free loopback port, for tests: started, stopped, killed and started again on the same port."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECS = 10.0
POLL_SECS = 0.01


def find_mosquitto() -> str | None:
    """The path of mosquitto, which Debian keeps outside of a user's PATH; None where it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    """A loopback TCP port on which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Mosquitto:
    """A mosquitto process with a configuration of its own.

    Use it as a context manager. With `persistent`, sessions and queues outlive `stop` and (a second later) `kill`.

    Args:
        folder: Where its configuration, log and saved sessions go; an existing, writable folder.
        lines: Further configuration lines; they stand after the listener, so listener options work too.
        port: Listen there; a free port is chosen on the first start where it is None.
        persistent: Keep sessions and queued messages on disk, saved every second.
        anonymous: Allow clients without a user name.
        unlimited: Keep any number of messages for clients that are away (stock mosquitto keeps 1,000).
    """

    def __init__(
        self,
        folder: Path,
        *,
        lines: Sequence[str] = (),
        port: int | None = None,
        persistent: bool = True,
        anonymous: bool = True,
        unlimited: bool = True,
    ) -> None:
        self.folder = folder
        self.lines = tuple(lines)
        self.persistent = persistent
        self.anonymous = anonymous
        self.unlimited = unlimited
        self._chosen = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The port that it listens on; the same after every restart.

        Raises:
            RuntimeError: It was never started.
        """
        if self._chosen is None:
            raise RuntimeError("mosquitto was not started yet")
        return self._chosen

    @property
    def url(self) -> str:
        """Its address as `mqtt.url` takes it."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id while it runs.

        Raises:
            RuntimeError: It does not run.
        """
        if self._process is None:
            raise RuntimeError("mosquitto is not running")
        return self._process.pid

    @property
    def log(self) -> str:
        """All that it logged since the first start."""
        return (self.folder / "mosquitto.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> Self:
        """Start it and return once it accepts connections.

        Raises:
            RuntimeError: It is not installed, or ended or did not listen in time; with its log.
        """
        attempts = 1 if self._chosen else 5
        for attempt in range(attempts):
            self._chosen = self._chosen if attempts == 1 else free_port()
            if self._try_start():
                return self
            if attempt + 1 < attempts:
                self.kill()
        self.kill()
        raise RuntimeError(f"mosquitto did not start:\n{self.log}")

    def stop(self) -> None:
        """End it in good order (it saves its sessions) and wait for it."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would, and wait for it."""
        self._end(signal.SIGKILL)

    def restart(self, *, kill: bool = False) -> None:
        """Stop (or kill) it and start it again on the same port."""
        self._end(signal.SIGKILL if kill else signal.SIGTERM)
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None

    def _try_start(self) -> bool:
        program = find_mosquitto()
        if program is None:
            raise RuntimeError("mosquitto is not installed: apt-get install mosquitto")
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(self._config()) + "\n", encoding="utf-8")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([program, "-c", str(config)], stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECS
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(POLL_SECS)
            else:
                return True
        return False

    def _config(self) -> list[str]:
        lines = [
            "log_dest stderr",
            "log_type all",
            f"persistence {'true' if self.persistent else 'false'}",
            f"persistence_location {self.folder}/",
        ]
        if os.geteuid() == 0:
            lines.append("user root")  # it would become a user of its own, who may not write into a test's folder
        if self.persistent:
            lines.append("autosave_interval 1")
        if self.unlimited:
            lines += ["max_queued_messages 0", "max_inflight_messages 0"]
        lines += [f"listener {self.port} 127.0.0.1", f"allow_anonymous {'true' if self.anonymous else 'false'}"]
        return lines + list(self.lines)
