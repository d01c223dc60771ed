"""Reading the embedded store beside SQLite's own command line: `python -m bench.sqlitereading --rows 1000000`.

Ten series of up to three floats are written by the store itself. Then, round by round, each contestant reads all of it
in a process of its own: `sqlite3 -csv` prints the table of points, and scans it; the reader streams it, makes one table
of it, and hourly means. CPU is what a busy machine takes least from; the time on the wall is beside it. "nothing" is
what it costs to start Python and to import all of it: the ratios are of what the reader needs beyond that.
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
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ingestor.ports import FieldType, Point, Series
from ingestor.reader import Reader
from ingestor.stores.sqlite import SqliteStore

SERIES = 10
BATCH = 5_000
FIELDS = ("temperature", "humidity", "light")
SECOND_NS = 10**9
PRINT = "SELECT * FROM points_1"
RATIOS = (("stream", "print"), ("table", "print"), ("hours", "scan"))


async def write(folder: Path, rows: int, fields: Sequence[str]) -> None:
    """A reading a second of each series."""
    values = random.Random(7)
    types = dict.fromkeys(fields, FieldType.FLOAT)
    async with SqliteStore(folder) as store:
        for number in range(SERIES):
            series = Series("Farm", "climate", {"rack": f"rack{number}"}, types=types)
            for begin in range(0, rows // SERIES, BATCH):
                await store.write(
                    [
                        Point(series, at * SECOND_NS + number, {name: 100 * values.random() for name in fields})
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


def compare(folder: Path, rounds: int, fields: int, only: Sequence[str]) -> Mapping[str, Sequence[Mapping[str, float]]]:
    """What each contestant needed in each round."""
    file = str(folder / "Farm.db")
    sums = ", ".join(f"sum(f{number})" for number in range(1, fields + 1))
    ourselves = [sys.executable, "-m", "bench.sqlitereading", "--folder", str(folder), "--read"]
    commands = {
        "print": ["sqlite3", "-csv", file, PRINT],
        "scan": ["sqlite3", "-csv", file, f"SELECT count(*), {sums} FROM points_1"],  # noqa: S608 - numbers of our own
        **{how: [*ourselves, how] for how in ("nothing", "stream", "table", "hours")},
    }
    runs: dict[str, list[Mapping[str, float]]] = {name: [] for name in commands if name in {"nothing", *only}}
    for _ in range(rounds):
        for name, of in runs.items():
            cpu, secs = measured(commands[name])
            of.append({"cpu_secs": cpu, "secs": secs})
    return runs


def summary(runs: Mapping[str, Sequence[Mapping[str, float]]]) -> Mapping[str, Mapping[str, float]]:
    """Medians over the rounds, and those of the ratios within a round."""
    found = {name: {unit: _median(each[unit] for each in of) for unit in of[0]} for name, of in runs.items()}
    for ours, theirs in RATIOS:
        if ours in runs and theirs in runs:
            rounds = list(zip(runs[ours], runs["nothing"], runs[theirs], strict=True))
            found[f"{ours}_of_{theirs}"] = {
                unit: _median((one[unit] - start[unit]) / other[unit] for one, start, other in rounds)
                for unit in ("cpu_secs", "secs")
            }
    return found


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 2)


def main() -> None:
    """Write, compare, print; `--read` is one contestant, and "nothing" is what starting it costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--fields", type=int, choices=(1, 2, 3), default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="print,scan,stream,table,hours", help="some of the contestants")
    parser.add_argument("--folder", type=Path, help="where the store is, or is to be made and kept")
    parser.add_argument("--read", choices=("nothing", "stream", "table", "hours"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.read:
        if asked.read != "nothing":
            asyncio.run(read(asked.folder, asked.read))
        return
    with tempfile.TemporaryDirectory(prefix="ingestor-reading-") as made:
        folder = asked.folder or Path(made)
        if not (folder / "Farm.db").exists():
            asyncio.run(write(folder, asked.rows, FIELDS[: asked.fields]))
        print(json.dumps(summary(compare(folder, asked.rounds, asked.fields, asked.only.split(","))), indent=2))


if __name__ == "__main__":
    main()
