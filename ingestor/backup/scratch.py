"""An InfluxDB server for a while: on loopback, in a temporary folder, and gone afterwards."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import aiohttp
from pydantic import SecretStr

from ingestor.backup.record import BackupError
from ingestor.stores.influxdb.server import Server

ORG: Final = "verify"


class Scratch(NamedTuple):
    """Such a server, and the folder of its points."""

    server: Server
    points: Path


_START_SECS = 60.0
_END_SECS = 10.0
_LOOK_SECS = 0.2
_TIMEOUT_SECS = 60.0


class ScratchError(BackupError):
    """No such server can be had; that says nothing of any backup."""


@asynccontextmanager
async def scratch_influxd(program: str) -> AsyncIterator[Scratch]:
    """A server that has nothing, with a token that may do everything.

    Args:
        program: Of InfluxDB 2's server.

    Raises:
        ScratchError: It cannot be started.
    """
    with TemporaryDirectory(prefix="ingestor-verify-") as folder:
        port = _free_port()
        process = await _started(program, Path(folder), port)
        try:
            server = Server(
                f"http://127.0.0.1:{port}", ORG, SecretStr(secrets.token_hex(32)), timeout_secs=_TIMEOUT_SECS
            )
            await _set_up(server, process, Path(folder) / "log")
            yield Scratch(server, Path(folder) / "engine")
        finally:
            await asyncio.shield(_end(process))


async def _started(program: str, folder: Path, port: int) -> asyncio.subprocess.Process:
    places = {"--bolt-path": "bolt", "--sqlite-path": "sqlite", "--engine-path": "engine"}
    options = [word for option, name in places.items() for word in (option, str(folder / name))]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("INFLUX")}
    with (folder / "log").open("wb") as log:
        try:
            return await asyncio.create_subprocess_exec(
                program, *options, "--http-bind-address", f"127.0.0.1:{port}", "--reporting-disabled",
                "--log-level", "error", stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
                env={**environ, "HOME": str(folder)},
            )  # fmt: skip
        except OSError as error:
            raise ScratchError(f"{program} cannot be started: {error.strerror}") from error


async def _set_up(server: Server, process: asyncio.subprocess.Process, log: Path) -> None:
    """Wait until it answers, and make it ours."""
    wish = {
        "username": "verify", "password": secrets.token_hex(16), "org": ORG, "bucket": "scratch",
        "token": server.token.get_secret_value() if server.token else "",
    }  # fmt: skip
    async with aiohttp.ClientSession(server.url, timeout=aiohttp.ClientTimeout(total=_TIMEOUT_SECS)) as session:
        try:
            async with asyncio.timeout(_START_SECS):
                while not await _answers(session):
                    if process.returncode is not None:
                        raise ScratchError(f"it ended at once: {await asyncio.to_thread(_last_words, log)}")
                    await asyncio.sleep(_LOOK_SECS)
            async with session.post("/api/v2/setup", json=wish) as answer:
                if answer.status != 201:
                    raise ScratchError(f"it is no InfluxDB 2: HTTP status {answer.status}")
        except TimeoutError:
            raise ScratchError(f"it did not answer for {_START_SECS:g} s") from None
        except aiohttp.ClientError as error:
            raise ScratchError(str(error)) from error


async def _answers(session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get("/health") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_END_SECS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
