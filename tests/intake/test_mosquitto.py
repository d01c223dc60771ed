"""The mosquitto that we start as a child."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import aiomqtt
import pytest

from ingestor.errors import ListenError
from ingestor.intake.mosquitto import MosquittoBroker, find_mosquitto
from tests.support import LOOPS, eventually, eventually_async, free_port, run

PROGRAM = find_mosquitto() or ""
pytestmark = pytest.mark.skipif(not PROGRAM, reason="mosquitto is not installed")

HOST_THAT_IS_KILLED = """
import asyncio, sys
from pathlib import Path
from ingestor.intake.mosquitto import MosquittoBroker

async def main():
    broker = MosquittoBroker(sys.argv[1], Path(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[3]), users={})
    async with broker:
        print(broker.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def make(folder: Path) -> MosquittoBroker:
    """A broker for a test."""
    return MosquittoBroker(PROGRAM, folder / "broker", host="127.0.0.1", port=free_port(), users={})


def gone(pid: int) -> bool:
    """Whether the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("loop", LOOPS)
def test_ends_with_us(tmp_path: Path, loop: str) -> None:
    """After leaving there is no process any more."""

    async def main() -> int:
        async with make(tmp_path) as broker:
            return broker.pid or 0

    pid = run(main(), loop=loop)

    assert pid
    assert gone(pid)


def test_ends_with_us_when_we_are_killed(tmp_path: Path) -> None:
    """`kill -9` of its parent ends the broker too."""
    arguments = [sys.executable, "-c", HOST_THAT_IS_KILLED, PROGRAM, str(tmp_path), str(free_port())]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        alive = not gone(pid)
        parent.kill()

    assert alive
    eventually(lambda: gone(pid))


def test_starts_again_when_it_ends_by_itself(tmp_path: Path) -> None:
    """A broker that crashed is back soon, with what it kept."""

    async def main() -> str:
        async with make(tmp_path) as broker:
            port, first = broker._port, broker.pid
            async with aiomqtt.Client("127.0.0.1", port) as client:
                await client.publish("kept", "1", qos=1, retain=True)
            saved = tmp_path / "broker" / "mosquitto.db"
            await eventually_async(lambda: saved.exists() and b"kept" in saved.read_bytes())
            os.kill(first or 0, signal.SIGKILL)
            await eventually_async(lambda: broker.pid not in {None, first})
            await eventually_async(lambda: _listens(port))
            async with aiomqtt.Client("127.0.0.1", port) as client:
                await client.subscribe("kept")
                return str((await anext(client.messages)).payload)

    assert run(main()) == "b'1'"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_what_it_says_when_it_does_not_start_is_told(tmp_path: Path) -> None:
    """Its own words are in the error."""

    async def main() -> None:
        broker = MosquittoBroker(PROGRAM, tmp_path, host="256.0.0.1", port=free_port(), users={})
        async with broker:
            pytest.fail("it started")

    with pytest.raises(ListenError, match="Error"):
        run(main())


def test_passwords_are_not_in_its_files(tmp_path: Path) -> None:
    """The password file holds hashes, and only we may read it."""
    broker = MosquittoBroker(PROGRAM, tmp_path, host="", port=1, users={"farm": "barn"})
    broker._write_files()
    path = tmp_path / "passwords"

    assert path.read_text(encoding="utf-8").startswith("farm:$7$20000$")
    assert "barn" not in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
