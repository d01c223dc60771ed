"""A mosquitto as our child process, with a configuration that we write."""

import asyncio
import base64
import ctypes
import hashlib
import logging
import os
import secrets
import shutil
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ingestor.errors import ListenError

MAX_QUEUED_BYTES = 256 * 2**20
"""What the broker keeps for each client that is away; in place of mosquitto's 1,000 messages."""
_START_SECS = 10.0
_STOP_SECS = 5.0
_RESTART_SECS = 1.0
_POLL_SECS = 0.02
_HASH_ROUNDS = 20_000
_PR_SET_PDEATHSIG = 1

_log = logging.getLogger(__name__)


def find_mosquitto() -> str | None:
    """The path of the program; Debian keeps it outside of a user's PATH. None where it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


class MosquittoBroker:
    """Runs mosquitto for as long as it is entered, and starts it again should it end by itself.

    What it keeps for clients that are away survives restarts (saved every second). It ends with this process, also
    when this process is killed. Its log lines go into ours.

    Args:
        program: The path of mosquitto.
        folder: For its configuration and its data; it is made.
        host: Listen on this address; on all where it is empty.
        port: Listen on this port.
        users: Passwords by name. Without any, everybody who reaches the port may connect.

    Raises:
        ListenError: On entering: it ended or did not answer; with its own words.
    """

    def __init__(self, program: str, folder: Path, *, host: str, port: int, users: Mapping[str, str]) -> None:
        self._program = program
        self._folder = folder
        self._host = host
        self._port = port
        self._users = users
        self._said: deque[str] = deque(maxlen=5)
        self._keeper: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._write_files)
        first = await self._start()
        if not await self._answers(first):
            await self._end(first)
            said = "; ".join(self._said) or "it did not say why"
            raise ListenError(f"mosquitto does not start on port {self._port}: {said}")
        self._keeper = asyncio.create_task(self._keep(first), name="embedded broker")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        if self._process is not None:
            await self._end(self._process)

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            self._program,
            "-c",
            str(self._folder / "mosquitto.conf"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us: it is still needed while we stop in good order
            preexec_fn=_die_with_parent(),
        )
        return self._process

    async def _answers(self, process: asyncio.subprocess.Process) -> bool:
        """Whether it accepts connections before the time is over; its words are read meanwhile."""
        reading = asyncio.create_task(self._forward(process), name="embedded broker's first words")
        try:
            async with asyncio.timeout(_START_SECS):
                while not reading.done():
                    with suppress(OSError):
                        _, writer = await asyncio.open_connection(self._host or "127.0.0.1", self._port)
                        writer.close()
                        return process.returncode is None
                    await asyncio.sleep(_POLL_SECS)
        except TimeoutError:
            return False
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
        return False

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        """Forward its log; start it again when it has ended."""
        while True:
            await self._forward(process)
            _log.error("embedded_broker_ended status=%s: starting it again", await process.wait())
            process = await self._start_again()

    async def _start_again(self) -> asyncio.subprocess.Process:
        """A new process, however often that fails: the program may be being replaced."""
        while True:
            await asyncio.sleep(_RESTART_SECS)
            try:
                return await self._start()
            except OSError as error:
                _log.error("embedded_broker_does_not_start error=%s", error)

    async def _forward(self, process: asyncio.subprocess.Process) -> None:
        """Put its lines into our log, until it ends."""
        if process.stderr is None:
            return
        while line := await process.stderr.readline():
            words = line.decode(errors="replace").strip()
            self._said.append(words)
            level = logging.WARNING if words.startswith(("Error", "Warning")) else logging.DEBUG
            _log.log(level, "embedded_broker_says %s", words)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def _write_files(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        passwords = self._folder / "passwords"
        passwords.unlink(missing_ok=True)
        passwords.touch(mode=0o600)
        passwords.write_text("".join(_account(name, word) for name, word in self._users.items()), encoding="utf-8")
        lines = [
            f"listener {self._port} {self._host}".rstrip(),
            f"allow_anonymous {'false' if self._users else 'true'}",
            "persistence true",
            f"persistence_location {self._folder.resolve()}/",
            "autosave_interval 1",
            "max_inflight_messages 0",
            "max_queued_messages 0",
            f"max_queued_bytes {MAX_QUEUED_BYTES}",
            "log_dest stderr",
            "log_timestamp false",
            "log_type error",
            "log_type warning",
            "log_type notice",
        ]
        if self._users:
            lines.append(f"password_file {passwords.resolve()}")
        if os.geteuid() == 0:
            lines.append("user root")  # else it becomes a user who cannot write into our folder
        (self._folder / "mosquitto.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _account(name: str, password: str) -> str:
    """A line of mosquitto's password file (PBKDF2 with SHA-512)."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _HASH_ROUNDS)
    parts = ("7", str(_HASH_ROUNDS), base64.b64encode(salt).decode(), base64.b64encode(digest).decode())
    return f"{name}:${'$'.join(parts)}\n"


def _die_with_parent() -> Callable[[], None] | None:
    """What the child runs before it becomes mosquitto: Linux ends it when we end, however we end."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here, so that the child does next to nothing between fork and exec
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask
