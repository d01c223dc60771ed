"""The stores whose readings are read back, with the same points in each."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
from pydantic import SecretStr

from ingestor.ports import Point, Store, Value
from ingestor.reader import Reader
from ingestor.reader.influxsource import InfluxSource
from ingestor.reader.source import Source
from ingestor.reader.sqlitesource import SqliteSource
from ingestor.stores.influxdb.server import Server
from ingestor.stores.influxdb.store import InfluxStore
from ingestor.stores.sqlite import SqliteStore
from tests.builders import series
from tests.contract.sourcemodel import Row, nanoseconds
from tests.servers.influxdb import InfluxDB
from tests.stores.influxdb.reading import Org
from tests.support import run

UNITS = {"temperature": "°C", "humidity": "%"}
TAGS: Sequence[Mapping[str, str]] = (
    {"rack": "rack2", "level": "1"},
    {"rack": "rack1", "level": "2"},
    {"rack": "rack1"},
    {"level": "a, \"b\" 'c' = ☃"},
    {},
)
CHANGES = {
    "Asia/Singapore": datetime(2026, 6, 15, tzinfo=UTC),
    "Asia/Singapore in 1970": datetime(1970, 1, 1, tzinfo=UTC),
    "Europe/Berlin": datetime(2026, 3, 29, 1, tzinfo=UTC),
    "Europe/Berlin in autumn": datetime(2026, 10, 25, 1, tzinfo=UTC),
    "America/New_York": datetime(2026, 3, 8, 7, tzinfo=UTC),
    "America/New_York in autumn": datetime(2025, 11, 2, 6, tzinfo=UTC),
    "America/St_Johns": datetime(2026, 11, 1, 4, 30, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 4, 15, tzinfo=UTC),
    "Australia/Lord_Howe in spring": datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
}
"""When clocks are changed (in Singapore they are not), on Lord Howe by half an hour; there are readings for two days on
both sides, and so some from before 1970."""

AROUND = timedelta(days=2)


class Subject(NamedTuple):
    """A store that is written and read."""

    make_store: Callable[[], Store]
    make_source: Callable[[], Source]
    knows_units: bool

    def write(self, points: Sequence[Point]) -> None:
        """Store them."""
        run(self._write(points))

    def ask(self, work: Callable[[Reader], Any]) -> Any:  # noqa: ANN401 - whatever that returns
        """What a method of a reader returns."""

        async def asked() -> Any:  # noqa: ANN401
            async with self.reader() as reader:
                return await work(reader)

        return run(asked())

    def read(self, bucket: str, **wish: Any) -> pa.Table:  # noqa: ANN401 - what a reader takes
        """A table."""
        return self.ask(lambda reader: reader.read(bucket, **wish))

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        """A reader of it."""
        async with Reader(self.make_source()) as reader:
            yield reader

    async def _write(self, points: Sequence[Point]) -> None:
        async with self.make_store() as store:
            for begin in range(0, len(points), 5_000):
                rejections = await store.write(points[begin : begin + 5_000])
                assert list(rejections) == []


def in_sqlite(folder: Path, _: pytest.FixtureRequest) -> Subject:
    """The embedded store."""
    return Subject(lambda: SqliteStore(folder), lambda: SqliteSource(folder), knows_units=True)


def in_influxdb(folder: Path, request: pytest.FixtureRequest) -> Subject:
    """A real InfluxDB 2.8, in an organisation of its own."""
    server = request.getfixturevalue("influxdb")
    assert isinstance(server, InfluxDB)
    org = Org.create(server, str(folder))
    reached = Server(org.url, org.name, SecretStr(org.token))
    return Subject(lambda: InfluxStore(reached, create=True), lambda: InfluxSource(reached), knows_units=False)


def in_another_org(folder: Path, request: pytest.FixtureRequest) -> Subject:
    """The same server with a token that was made in another organisation and may read all of them."""
    server = request.getfixturevalue("influxdb")
    assert isinstance(server, InfluxDB)
    reached = Server(server.url, Org.create(server, str(folder)).name, SecretStr(server.token))
    return Subject(lambda: InfluxStore(reached, create=True), lambda: InfluxSource(reached), knows_units=False)


SUBJECTS = {"sqlite": in_sqlite, "influxdb": in_influxdb}
EVERY_WAY = {**SUBJECTS, "influxdb, another org": in_another_org}
"""The same, and the other way of asking an InfluxDB what there is."""


def readings() -> list[Point]:
    """Five series around each change of clocks, with fields that are missing, also for hours, and times on the hour."""
    points = []
    for number, tags in enumerate(TAGS):
        of = series("Farm", "climate", tags=tags)
        of.units = UNITS
        for change in CHANGES.values():
            time = change - AROUND
            step = 0
            while time < change + AROUND:
                if not 100 < step < 130:
                    points.append(Point(of, nanoseconds(time), _fields(number, step)))
                time += timedelta(minutes=15 if step % 7 else 11, seconds=0 if step % 5 else number)
                step += 1
    return points


def _fields(number: int, step: int) -> Mapping[str, Value]:
    fields: dict[str, Value] = {"temperature": 20 + number + step % 23 / 7}
    if 40 < step < 90 or step % 3:
        fields["humidity"] = 50.0 - step % 11
    if step % 4 and not 20 < step < 60:
        fields["count"] = 2**53 + 1 + number * 1_000 + step * step
    if step % 10 == number:
        fields["state"] = f"state {step}"
    if step % 2 and number:
        fields["on"] = step % 3 == 0
    return fields


def rows(table: pa.Table, tags: Sequence[str] = ("level", "rack")) -> list[Row]:
    """A table as the model has it."""
    columns = {name: table[name].to_pylist() for name in table.column_names[1:]}
    times = table["time"].cast(pa.int64()).to_pylist()
    return [
        {
            "time": time_ns,
            "tags": tuple((tag, columns[tag][at]) for tag in tags if tag in columns and columns[tag][at] is not None),
            **{name: values[at] for name, values in columns.items() if name not in tags},
        }
        for at, time_ns in enumerate(times)
    ]


def assert_same(found: Sequence[Row], expected: Sequence[Row]) -> None:
    """Compare rows; floats may differ in their last digits, as sums do that are made in another order."""
    assert [(row["time"], row["tags"]) for row in found] == [(row["time"], row["tags"]) for row in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for name, value in other.items():
            same = pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            assert one[name] == same, (name, one, other)
