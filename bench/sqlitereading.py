"""Reading the embedded store beside SQLite's own command line: `python -m bench.sqlitereading --rows 1000000`.

Ten series of three floats are written by the store itself. Then, round by round, each contestant reads all of it in a
process of its own: `sqlite3 -csv` prints the table of points, and a plain scan; the reader streams it, makes one table
of it, and hourly means. What counts is CPU, of which a busy machine takes nothing away; the time on the wall is beside
it. "nothing" is what it costs to start Python and to import all of it, and belongs to no row.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ingestor.ports import FieldType, Point, Series
from ingestor.reader import Reader
from ingestor.stores.sqlite import SqliteStore

SERIES = 10
BATCH = 5_000
FIELDS = ("temperature", "humidity", "light")
SECOND_NS = 10**9
PRINT = "SELECT * FROM points_1"
SCAN = "SELECT avg(f1), avg(f2), avg(f3) FROM points_1"


async def write(folder: Path, rows: int) -> None:
    """A reading a second of each series."""
    values = random.Random(7)
    types = dict.fromkeys(FIELDS, FieldType.FLOAT)
    async with SqliteStore(folder) as store:
        for number in range(SERIES):
            series = Series("Farm", "climate", {"rack": f"rack{number}"}, types=types)
            for begin in range(0, rows // SERIES, BATCH):
                await store.write(
                    [
                        Point(series, at * SECOND_NS + number, {name: 100 * values.random() for name in FIELDS})
                        for at in range(begin, min(begin + BATCH, rows // SERIES))
                    ]
                )


async def read(folder: Path, how: str) -> int:
    """How many rows came; `how` is stream, table or hours."""
    span = {"start": "1970-01-01", "stop": "2200-01-01"}
    async with Reader(f"sqlite:{folder}") as reader:
        if how == "stream":
            return sum([batch.num_rows async for batch in reader.stream("Farm", **span)])  # type: ignore[arg-type]
        every = "1h" if how == "hours" else None
        return int((await reader.read("Farm", every=every, **span)).num_rows)  # type: ignore[arg-type]


def measured(command: Sequence[str]) -> tuple[float, float]:
    """Seconds of CPU, and seconds on the wall, of a process."""
    begin = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, time.monotonic() - begin


def compare(folder: Path, rounds: int) -> Mapping[str, Mapping[str, float]]:
    """The medians of each contestant."""
    file = str(folder / "Farm.db")
    ourselves = [sys.executable, "-m", "bench.sqlitereading", "--folder", str(folder), "--read"]
    commands = {
        "sqlite3 -csv": ["sqlite3", "-csv", file, PRINT],
        "sqlite3 scan": ["sqlite3", "-csv", file, SCAN],
        **{how: [*ourselves, how] for how in ("nothing", "stream", "table", "hours")},
    }
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(measured(command))
    medians = {name: [statistics.median(values) for values in zip(*of, strict=True)] for name, of in runs.items()}
    return {name: {"cpu_secs": round(cpu, 2), "secs": round(secs, 2)} for name, (cpu, secs) in medians.items()}


def main() -> None:
    """Write, compare, print; `--read` is one contestant, and "nothing" is what starting it costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--read", choices=("nothing", "stream", "table", "hours"))
    asked = parser.parse_args()
    if asked.read:
        if asked.read != "nothing":
            asyncio.run(read(asked.folder, asked.read))
        return
    with tempfile.TemporaryDirectory(prefix="ingestor-reading-") as made:
        folder = asked.folder or Path(made)
        if not (folder / "Farm.db").exists():
            asyncio.run(write(folder, asked.rows))
        print(json.dumps(compare(folder, asked.rounds), indent=2))


if __name__ == "__main__":
    main()
