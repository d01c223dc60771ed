"""Types of fields on a real InfluxDB 2.8: what a plain write makes invisible, and that ours does not."""

import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml

from ingestor.cli.datafiles import in_state
from ingestor.encode.types import FieldKey
from ingestor.ports import FieldType, Reason
from ingestor.state import add_field_types
from ingestor.writer import Report, Writer
from sensors import Measurement
from tests.cli.commands import fill, ingestor, read_config
from tests.servers.influxdb import InfluxDB
from tests.support import run

NOW = time.time_ns() // 10**9 * 10**9
EARLIER = NOW - 60 * 86_400 * 10**9
"""In another shard: they are of 7 days."""


class Tank(Measurement):
    """How full a tank is, as most say it."""

    level: float


class Counter(Measurement):
    """The same from a device that counts whole litres."""

    level: int


@pytest.fixture
def bucket(influxdb: InfluxDB) -> Iterator[str]:
    """A bucket of the test's own."""
    name = f"types-{uuid.uuid4().hex}"
    influxdb.create_bucket(name)
    yield name
    influxdb.delete_bucket(name)


@pytest.fixture
def config(influxdb: InfluxDB, tmp_path: Path) -> Path:
    """A configuration with that server as its store."""
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({"stores": {"farm": influxdb.store()}, "routes": []}), encoding="utf-8")
    return file


def write(config: Path, bucket: str, *readings: Measurement) -> Report:
    """Write with a writer of ours that knows nothing yet but what is registered."""

    async def main() -> Report:
        async with Writer.from_config(config) as writer:
            return await writer.write(readings, bucket=bucket, measurement="tank")

    return run(main())


def reasons(report: Report) -> Sequence[tuple[Reason, int | None]]:
    """What was set aside, and of which time."""
    return [(one.reason, one.reading.time) for one in report.set_aside]


def test_a_plain_write_makes_data_invisible(influxdb: InfluxDB, bucket: str) -> None:
    """The server takes another type in another shard, and a query over both shows one of the two values."""
    influxdb.write(bucket, f"tank level=1.5 {EARLIER}")
    influxdb.write(bucket, f"tank level=2i {NOW}")

    assert len(influxdb.values(bucket, "tank", "level")) == 1


def test_ours_keeps_everything_visible(influxdb: InfluxDB, bucket: str, config: Path) -> None:
    """What another program wrote settles the type; what would hide it is set aside, what fits is stored."""
    influxdb.write(bucket, f"tank level=1.5 {EARLIER}")
    counted = write(config, bucket, Counter(level=2, time=NOW))
    measured = write(config, bucket, Tank(level=3.5, time=NOW))

    assert (counted.stored, measured) == (0, Report(1))
    assert [one.detail for one in counted.set_aside] == ["level is int here, but stored as float"]
    assert sorted(influxdb.values(bucket, "tank", "level")) == ["1.5", "3.5"]


def test_the_order_of_shards_does_not_matter(influxdb: InfluxDB, bucket: str, config: Path) -> None:
    """It is the same for old readings that come after newer ones."""
    influxdb.write(bucket, f"tank level=2i {NOW}")
    report = write(config, bucket, Tank(level=1.5, time=EARLIER), Counter(level=1, time=EARLIER))

    assert reasons(report) == [(Reason.TYPE_CONFLICT, EARLIER)]
    assert sorted(influxdb.values(bucket, "tank", "level")) == ["1", "2"]


def test_a_token_that_may_only_write_goes_on_with_what_is_registered(
    influxdb: InfluxDB, bucket: str, config: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The server does not tell its types then, and the log says so."""
    (found,) = influxdb.call("GET", f"/api/v2/buckets?name={bucket}")["buckets"]
    token = influxdb.create_token(write=[found["id"]], read=[])["token"]
    config.write_text(yaml.safe_dump({"stores": {"farm": influxdb.store(token=token)}}), encoding="utf-8")

    assert write(config, bucket, Tank(level=1.5, time=NOW)) == Report(1)
    assert "field_types_unknown store=farm" in caplog.text


def test_a_type_is_changed_on_purpose(bucket: str, config: Path) -> None:
    """What was said before comes true: the old shard refuses the new type, another one takes it; both are listed."""
    fill(read_config(config), [], store="farm")
    write(config, bucket, Tank(level=1.5, time=NOW))
    changed = ingestor("types", "change", bucket, "tank", "level", "int", "--yes", "--config", config)
    report = write(config, bucket, Counter(level=2, time=NOW + 1), Counter(level=3, time=EARLIER))
    listed = ingestor("types", "list", "--server", "--config", config, "--json").json

    assert changed.code == 0
    assert reasons(report) == [(Reason.TYPE_CONFLICT, NOW + 1)]
    assert [(row["field"], row["type"], row["pinned"], row["server"]) for row in listed] == [
        ("level", "int", True, ["float", "int"])
    ]


def test_what_is_registered_gives_way_to_what_is_stored(influxdb: InfluxDB, bucket: str, config: Path) -> None:
    """A type that is registered here and not pinned gives way to the only one that the server holds."""
    fill(read_config(config), [], store="farm")
    key: FieldKey = (bucket, "tank", "level")
    influxdb.write(bucket, f"tank level=2i {NOW}")
    in_state(config, lambda connection: add_field_types(connection, "farm", {key: FieldType.FLOAT}))
    report = write(config, bucket, Counter(level=3, time=NOW + 1), Tank(level=1.5, time=NOW + 2))

    assert reasons(report) == [(Reason.TYPE_CONFLICT, NOW + 2)]
    assert sorted(influxdb.values(bucket, "tank", "level")) == ["2", "3"]
