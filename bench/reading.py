"""How long it takes to have the readings of a real InfluxDB 2.8 as an Arrow table, and with how much memory.

See bench/README.md. Each contestant is a process of its own, so that its peak memory is its own.
"""

import argparse
import asyncio
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from bench import processes
from bench.broker import free_port, listens
from ingestor.reader.flux import LAST_NS, Result, Span, query
from ingestor.reader.influxsource import InfluxSource
from ingestor.reader.question import Interval, Question
from ingestor.stores.influxdb.server import Server

ROOT = Path(__file__).parents[1]
ORG, TOKEN, BUCKET = "bench", "bench-token", "Farm"
SERIES, BEGIN_SECS = 100, 1_700_000_000
FIELDS = ("battery", "humidity", "temperature")
_LINES = 50_000


def main() -> None:
    """Fill a server, let each contestant read all of it in turn, and print the figures and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of three fields each, in a hundred series")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="curl,table,stream,windows,official", help="some of the contestants")
    parser.add_argument("--contestant", nargs=2, metavar=("NAME", "URL"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.contestant:
        print(json.dumps(asyncio.run(_contest(*asked.contestant, rows=asked.rows))))
        return
    with tempfile.TemporaryDirectory(prefix="bench-reading-") as folder:
        _run(asked.rows, asked.rounds, asked.only.split(","), Path(folder))


def _run(rows: int, rounds: int, names: Sequence[str], folder: Path) -> None:
    program = os.environ.get("INFLUXD") or _output([str(ROOT / "scripts" / "influxd"), "2", "--found"])
    port = free_port()
    command = [
        program, "--bolt-path", str(folder / "bolt"), "--sqlite-path", str(folder / "sqlite"), "--engine-path",
        str(folder / "engine"), "--http-bind-address", f"127.0.0.1:{port}", "--reporting-disabled", "--log-level",
        "error", "--storage-cache-snapshot-write-cold-duration", "1s",
    ]  # fmt: skip
    with processes.running(command, log=folder / "influxd.log"):
        processes.wait_for(lambda: listens(port), what=f"InfluxDB, see {folder}/influxd.log")
        url = f"http://127.0.0.1:{port}"
        _fill(url, rows)
        found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
        for number in range(rounds):
            for name in (*names[number % len(names) :], *names[: number % len(names)]):
                found[name].append(_measure(name, url, rows))
                print(json.dumps({"round": number + 1, "contestant": name, **found[name][-1]}), flush=True)
    print(json.dumps(_summary(found), indent=2))


def _measure(name: str, url: str, rows: int) -> dict[str, float]:
    if name == "curl":
        return _curl(url, rows)
    command = [sys.executable, "-m", "bench.reading", "--rows", str(rows), "--contestant", name, url]
    measured: dict[str, float] = json.loads(_output(command))
    return measured


def _summary(found: dict[str, list[dict[str, float]]]) -> dict[str, float]:
    """Medians over the rounds of what is compared within one."""
    ratios = {}
    for name, other in (("table", "curl"), ("stream", "curl"), ("official", "table")):
        if found.get(name) and found.get(other):
            pairs = zip(found[name], found[other], strict=True)
            ratios[f"{name}_of_{other}"] = round(statistics.median(one["secs"] / two["secs"] for one, two in pairs), 2)
    return ratios


def _curl(url: str, rows: int) -> dict[str, float]:
    """The query of our reader, for all of the time at once; and nothing is done with what comes."""
    body = json.dumps({"query": _flux(rows), "dialect": {"annotations": ["datatype", "group", "default"]}})
    command = [
        "curl", "--silent", "--fail", "--output", "/dev/null", "--write-out", "%{time_total} %{size_download}",
        "--header", f"Authorization: Token {TOKEN}", "--header", "Content-Type: application/json",
        "--data-binary", "@-", f"{url}/api/v2/query?org={ORG}",
    ]  # fmt: skip
    secs, size = subprocess.run(command, input=body, capture_output=True, text=True, check=True).stdout.split()
    return {"secs": round(float(secs), 3), "mib": round(int(size) / 2**20, 1)}


async def _contest(name: str, url: str, *, rows: int) -> dict[str, float]:
    work = {"table": _table, "stream": _stream, "windows": _windows, "official": _official}[name]
    importlib.import_module("pandas" if name == "official" else "pyarrow")  # what the other needs costs memory
    importlib.import_module("influxdb_client.client.influxdb_client_async")
    begin = time.perf_counter()
    got = await work(url, rows)
    secs = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"secs": round(secs, 3), "rows": got, "peak_mib": round(peak, 1)}


async def _table(url: str, rows: int) -> int:
    async with _source(url) as source:
        batches = [batch async for batch in source.stream(_question(rows))]
    return sum(batch.num_rows for batch in batches)


async def _stream(url: str, rows: int) -> int:
    async with _source(url) as source:
        return sum([batch.num_rows async for batch in source.stream(_question(rows))])


async def _windows(url: str, rows: int) -> int:
    async with _source(url) as source:
        question = _question(rows, every=Interval(1, "h"), functions=("mean",))
        return sum([batch.num_rows async for batch in source.stream(question)])


async def _official(url: str, rows: int) -> int:
    """The official client's data frame, of the query that its users write: fields side by side."""
    from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync  # noqa: PLC0415

    flux = (
        f'from(bucket: "{BUCKET}") |> range(start: {BEGIN_SECS}, stop: {BEGIN_SECS + rows // SERIES})'
        ' |> filter(fn: (r) => r._measurement == "climate")'
        ' |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
    )
    async with InfluxDBClientAsync(url, token=TOKEN, org=ORG, timeout=3_600_000) as client:
        frame = await client.query_api().query_data_frame(flux)
    return len(frame) if not isinstance(frame, list) else sum(map(len, frame))


def _source(url: str) -> InfluxSource:
    return InfluxSource(Server(url, ORG, SecretStr(TOKEN)))


def _question(rows: int, *, every: Interval | None = None, functions: tuple[str, ...] = ()) -> Question:
    stop_ns = (BEGIN_SECS + rows // SERIES) * 10**9
    zone = ZoneInfo("Asia/Singapore")
    return Question(BUCKET, "climate", BEGIN_SECS * 10**9, stop_ns, zone, {}, every=every, functions=functions)


def _flux(rows: int) -> str:
    asked = _question(rows)
    return query(asked, Span(asked.start_ns, min(asked.stop_ns, LAST_NS)), [(Result(), FIELDS)])


def _fill(url: str, rows: int) -> None:
    setup = {"username": "bench", "password": "bench-password", "org": ORG, "bucket": BUCKET, "token": TOKEN}
    _post(f"{url}/api/v2/setup", json.dumps(setup).encode())
    lines: list[str] = []
    for line in _lines(rows):
        lines.append(line)
        if len(lines) == _LINES:
            _write(url, lines)
            lines = []
    _write(url, lines)


def _lines(rows: int) -> Iterator[str]:
    """Values with two digits, as sensors have them; a reading a second of each series."""
    for number in range(rows):
        series, second = number % SERIES, number // SERIES
        mixed = number * 2_654_435_761 % 2**32
        yield (
            f"climate,rack=rack{series},room=room{series % 3} temperature={20 + mixed % 700 / 100:.2f},"
            f"humidity={50 + mixed % 2_000 / 100:.2f},battery={mixed % 100}i {BEGIN_SECS + second}"
        )


def _write(url: str, lines: Sequence[str]) -> None:
    if lines:
        _post(f"{url}/api/v2/write?org={ORG}&bucket={BUCKET}&precision=s", "\n".join(lines).encode())


def _post(url: str, body: bytes) -> None:
    request = urllib.request.Request(url, body, {"Authorization": f"Token {TOKEN}"})  # noqa: S310 - http
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        answer.read()


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
