"""How much a quiet farm writes to its SD card: `python -m bench.sdcard --minutes 10`.

Two messages a second on four topics, once with the defaults and once with the settings for SD cards, both at the
same time in processes of their own. What each process writes is counted by the kernel. What the block device
writes (the file system's own journal too, and whatever else the machine does) is stated beside it where it can be
seen; with `--one` setting and a `--directory` on a file system of its own, that figure belongs to it alone.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import processes
from bench.broker import Broker, mosquitto
from bench.contestants import Running, ServiceWithSqlite

SETTINGS = {
    "defaults": "",
    "sdcard": "journal: {group_ms: 1000}\nbatch: {max_delay: 30s}",
}
SECTOR_BYTES = 512
DAY_SECS = 86_400


def device_bytes(folder: Path) -> int | None:
    """Bytes ever written to the block device below a folder; None where the kernel does not show it."""
    number = folder.stat().st_dev
    file = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/stat")
    return int(file.read_text().split()[6]) * SECTOR_BYTES if file.exists() else None


def per_day(count: int | None, secs: float) -> float | None:
    """MiB a day, when `count` bytes were written in `secs`."""
    return None if count is None else round(count / secs * DAY_SECS / 2**20, 1)


def start(stack: contextlib.ExitStack, name: str, *, broker: Broker, folder: Path) -> Running:
    """Start the service with one of the settings."""
    own = folder / name
    own.mkdir()
    return ServiceWithSqlite(SETTINGS[name]).start(stack, broker=broker, folder=own)


def measure(names: list[str], *, minutes: float, rate: float, directory: Path | None) -> dict[str, Any]:
    """Run the services side by side under the same load, and say what each writes a day."""
    with tempfile.TemporaryDirectory(prefix="ingestor-sdcard-", dir=directory) as made, contextlib.ExitStack() as stack:
        folder = Path(made)
        broker = stack.enter_context(mosquitto(folder))
        services = {name: start(stack, name, broker=broker, folder=folder) for name in names}
        before = {name: processes.written_bytes(running.pid) for name, running in services.items()}
        device, begin = device_bytes(folder), time.monotonic()
        messages = int(minutes * 60 * rate)
        load = ["--rate", str(rate), "--racks", "4", "--now"]
        command = [sys.executable, "-m", "bench.load", str(broker.port), str(messages), *load]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        processes.wait_for(
            lambda: all(running.done() == messages for running in services.values()),
            what="everything to be stored",
            timeout_secs=60,
        )
        secs = time.monotonic() - begin
        after = device_bytes(folder)
        written = {name: processes.written_bytes(running.pid) - before[name] for name, running in services.items()}
        return {
            "messages": messages,
            "seconds": round(secs, 1),
            "processes_mib_a_day": {name: per_day(count, secs) for name, count in written.items()},
            "device_mib_a_day": None if device is None or after is None else per_day(after - device, secs),
        }


def main() -> None:
    """Read the arguments, measure, and print JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.sdcard", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=2, help="messages a second")
    parser.add_argument("--directory", type=Path, help="where to write; a file system of its own shows most")
    parser.add_argument("--one", choices=sorted(SETTINGS), help="only these settings")
    given = parser.parse_args()
    names = [given.one] if given.one else list(SETTINGS)
    print(json.dumps(measure(names, minutes=given.minutes, rate=given.rate, directory=given.directory), indent=1))


if __name__ == "__main__":
    main()
