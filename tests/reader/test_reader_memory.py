"""How much memory a stream takes: what a batch needs, however many of them there are."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.reader.sqlitefarm import points, store
from tests.servers.influxdb import InfluxDB

SERIES = 10
FEW_ROWS, MANY_ROWS = 400_000, 1_600_000
MARGIN_MIB = 30.0
"""Held at the same time, the rows that are more would be 40 bytes each and more: 48 MiB."""

_BUCKET = "Long"
_LINES = 50_000
_READ = """
import asyncio, sys
from datetime import datetime, timezone
from ingestor.reader import Reader

async def main(address, bucket, seconds):
    start, stop = (datetime.fromtimestamp(at, timezone.utc) for at in (0, seconds))
    async with Reader(address) as reader:
        return sum([batch.num_rows async for batch in reader.stream(bucket, start=start, stop=stop)])

rows = asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
with open("/proc/self/status") as status:  # of this program alone: getrusage begins with what its parent held
    print(rows, next(line.split()[1] for line in status if line.startswith("VmHWM:")))
"""


class Streamed(NamedTuple):
    """What a process of its own says after streaming."""

    rows: int
    peak_mib: float


def streamed(address: str, rows: int) -> Streamed:
    """Stream the first rows of the bucket, and keep none of them."""
    command = [sys.executable, "-c", _READ, address, _BUCKET, str(rows // SERIES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=200)
    came, peak_kib = done.stdout.split()
    return Streamed(int(came), int(peak_kib) / 1024)


def fill_file(folder: Path) -> None:
    """A reading a second of each series; the store itself makes the tables, and SQLite fills them sooner."""
    first = {"temperature": 0.0, "humidity": 0.0, "count": 0}
    store(folder, *(each for number in range(SERIES) for each in points([first], bucket=_BUCKET, rack=f"rack{number}")))
    with closing(sqlite3.connect(folder / f"{_BUCKET}.db")) as file, file:
        file.execute(
            "INSERT INTO points_1 (series, time, f1, f2, f3)"
            " WITH RECURSIVE at(second) AS (SELECT 1 UNION ALL SELECT second + 1 FROM at WHERE second < ?)"
            " SELECT id, second * 1000000000, second / 7.0, second / 3.0, second FROM series CROSS JOIN at",
            (MANY_ROWS // SERIES - 1,),
        )


def fill_server(server: InfluxDB) -> None:
    """The same."""
    server.create_bucket(_BUCKET)
    for begin in range(0, MANY_ROWS, _LINES):
        server.write(
            _BUCKET,
            *(
                f"climate,rack=rack{number % SERIES} temperature={number / 7},humidity={number / 3},count={number}i"
                f" {number // SERIES * 10**9}"
                for number in range(begin, begin + _LINES)
            ),
        )


def check(address: str) -> None:
    """Four times as many rows take no more memory."""
    few, many = streamed(address, FEW_ROWS), streamed(address, MANY_ROWS)

    assert (few.rows, many.rows) == (FEW_ROWS, MANY_ROWS)
    assert many.peak_mib - few.peak_mib < MARGIN_MIB


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_long_stream_of_the_embedded_store(tmp_path: Path) -> None:
    """Its memory does not grow with the number of rows."""
    fill_file(tmp_path)

    check(f"sqlite:{tmp_path}")


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_long_stream_of_influxdb(influxdb: InfluxDB) -> None:
    """Its memory does not grow with the number of rows."""
    fill_server(influxdb)

    check(f"influxdb://{influxdb.token}@127.0.0.1:{influxdb.port}/{influxdb.org}")
