"""Backups of the embedded store while the service writes 5,000 messages a second."""

import sqlite3
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingestor.backup.verify import RESTORED, verify
from ingestor.journal import JournalFiles
from ingestor.ports import FieldType, Point, Series
from ingestor.stores.sqlite import SqliteStore, bucket_path
from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import NUMBERED, ServiceProcess
from tests.support import run

RATE = 5_000
SECS = 8
CHUNK = 250
OLD = 600_000
MEASUREMENTS = {"Numbered": "numbered", "Temperature": "temperature"}


async def fill(place: Path) -> None:
    """Have something to copy: readings of the time before the journal."""
    series = Series("Numbered", "numbered", {"source": "old"}, types={"n": FieldType.INT, "same": FieldType.FLOAT})
    async with SqliteStore(place) as store:
        for begin in range(0, OLD, 20_000):
            points = [Point(series, at, {"n": -1 - at, "same": 0.5}) for at in range(begin, begin + 20_000)]
            assert await store.write(points) == []


def messages(begin: int, count: int) -> Iterator[tuple[str, bytes]]:
    """In turn for either bucket."""
    for n in range(begin, begin + count):
        yield ("numbered/a", b'{"n": %d}' % n) if n % 2 else ("racks/r1/temperature", b"%.1f" % (n % 400 / 10))


def lags(service: ServiceProcess, broker: Mosquitto, begin: int) -> list[float]:
    """How many seconds the store is behind, looked at again and again, while messages come."""
    found: list[float] = []
    with Publisher(broker.port) as publisher:
        began = time.monotonic()
        for at in range(0, RATE * SECS, CHUNK):
            while time.monotonic() < began + at / RATE:
                found.append(float(service.store()["lag_secs"]))
                time.sleep(0.01)  # the pace, and not to be a load of its own
            publisher.publish(messages(begin + at, CHUNK))
    service.wait_until_settled(begin + RATE * SECS)
    return found


def stored(file: Path, bucket: str) -> list[int]:
    """The times in a bucket's file, of what came over the journal."""
    with closing(sqlite3.connect(file)) as connection:
        query = f"SELECT time_ns FROM {MEASUREMENTS[bucket]} WHERE time_ns > ? ORDER BY time_ns"  # noqa: S608 - our own
        return [time_ns for (time_ns,) in connection.execute(query, (OLD,))]


@pytest.mark.long
def test_each_copy_is_the_store_at_one_position_of_the_journal(mosquitto: str, tmp_path: Path) -> None:
    """Bucket by bucket it has exactly what came up to some message; and the store is hardly later for it."""
    folder, backups = tmp_path / "service", tmp_path / "backups"
    run(fill(folder / "data" / "stores" / "local"))
    task = {"backup": {"every": "1s", "directory": str(backups), "keep": 100}}
    assert mosquitto
    with Mosquitto(tmp_path) as broker:
        config: Mapping[str, Any] = {**NUMBERED, "journal": {"keep": "1d"}}
        service = ServiceProcess(folder, mqtt={"url": broker.url}, config=config)
        with service:
            without = lags(service, broker, 0)
            service.stop()
        service.configure({"mqtt": {"url": broker.url}, "web": {"port": service.web_port}, **config, "tasks": task})
        with service:
            beside = lags(service, broker, RATE * SECS)
            service.stop()
    journaled: dict[str, list[int]] = {bucket: [] for bucket in MEASUREMENTS}
    for _, message in JournalFiles(folder / "data" / "journal").messages(0):
        journaled["Numbered" if message.topic.startswith("numbered") else "Temperature"].append(message.received_ns)
    made = sorted(path for path in backups.iterdir() if not path.name.startswith("."))

    assert len(made) >= 3
    places = []
    for one in made:
        for bucket in MEASUREMENTS:
            times = stored(bucket_path(one, bucket), bucket)
            assert times == journaled[bucket][: len(times)]
            places.append(len(times))
    assert any(0 < place < RATE * SECS for place in places)
    found = run(verify(made[-1]), timeout_secs=60)
    assert (found.how, found.problems) == (RESTORED, [])
    assert statistics.mean(beside) <= 1.5 * statistics.mean(without)
