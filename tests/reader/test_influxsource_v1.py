"""A real InfluxDB 1.13 as a source: with Flux turned on it is read like any other, and without it says what to do."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from ingestor.errors import BucketError, StoreMisconfiguredError
from ingestor.reader.influxsource import InfluxSource
from ingestor.reader.question import Interval, Question
from ingestor.stores.influxdb.server import Server
from tests.servers.influxdb1 import InfluxDB1
from tests.support import run

HOUR_NS = 3_600 * 10**9
BEGIN_NS = 1_700_000_000 * 10**9 // HOUR_NS * HOUR_NS


def started(program: str, factory: pytest.TempPathFactory, *, flux: bool) -> Iterator[InfluxDB1]:
    """A server with two databases."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFLUXDB_HTTP_FLUX_ENABLED", str(flux).lower())
        server = InfluxDB1(program, factory.mktemp("influxdb1")).start()
    try:
        server.create_database("farm")
        server.query('CREATE RETENTION POLICY "long" ON "farm" DURATION 0s REPLICATION 1')
        lines = [f'm,rack=rack{at % 2} x={at},n={at}i,s="a\\\\b {at}",on=true {BEGIN_NS + at * HOUR_NS // 4}'
                 for at in range(40)]  # fmt: skip
        server.write("farm", *lines)
        server.write("farm/long", "m x=1 1")
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def with_flux(influxd1: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB1]:
    """One that has Flux turned on."""
    yield from started(influxd1, tmp_path_factory, flux=True)


@pytest.fixture(scope="module")
def without_flux(influxd1: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB1]:
    """One as it is installed."""
    yield from started(influxd1, tmp_path_factory, flux=False)


def read(server: InfluxDB1, bucket: str = "farm", every: Interval | None = None, *functions: str) -> pa.Table:
    """All of m, in the time zone of Kathmandu."""

    async def main() -> pa.Table:
        async with InfluxSource(Server(server.url)) as source:
            zone = ZoneInfo("Asia/Kathmandu")
            asked = Question(bucket, "m", -(2**63), 2**63 - 1, zone, {}, every=every, functions=functions)
            return pa.Table.from_batches([batch async for batch in source.stream(asked)])

    return run(main())


def test_readings_as_they_are(with_flux: InfluxDB1) -> None:
    """Types, tags and texts; of a database its default policy, and any other by name."""
    rows = read(with_flux).sort_by("time").to_pylist()

    assert [row["rack"] for row in rows[:2]] == ["rack0", "rack1"]
    assert [(row["x"], row["n"], row["s"], row["on"]) for row in rows] == [
        (float(at), at, f"a\\b {at}", True) for at in range(40)
    ]
    assert read(with_flux, "farm/long").num_rows == 1


def test_windows(with_flux: InfluxDB1) -> None:
    """Its older Flux gives the same windows, in a zone whose hours begin at a quarter."""
    found = read(with_flux, "farm", Interval(1, "h"), "mean", "max", "first", "count", "median").sort_by(
        [("time", "ascending"), ("rack", "ascending")]
    )
    (first, *_) = found.to_pylist()

    assert first["time"].utcoffset() == timedelta(hours=5, minutes=45)
    assert first["time"].minute == 0
    assert first["x_mean"] == (0 if first["x_count"] == 1 else 1)
    assert sum(found["x_count"].to_pylist()) == 40
    assert found["s_first"].to_pylist()[0] == "a\\b 0"


def test_what_there_is(with_flux: InfluxDB1) -> None:
    """Buckets are databases with their policies; a database that is not there raises."""

    async def look() -> list[object]:
        async with InfluxSource(Server(with_flux.url)) as source:
            return [await source.buckets(), await source.measurements("farm"), await source.tags("farm", "m")]

    assert run(look()) == [["farm", "farm/long"], ["m"], {"rack": ["rack0", "rack1"]}]
    with pytest.raises(BucketError, match="there is no bucket 'nowhere'"):
        read(with_flux, "nowhere")


def test_without_flux_it_says_what_to_do(without_flux: InfluxDB1) -> None:
    """The setting, and the variable that sets it too."""
    with pytest.raises(StoreMisconfiguredError, match=r"flux-enabled = true.*INFLUXDB_HTTP_FLUX_ENABLED=true"):
        read(without_flux)
