"""Writing from Python into a real InfluxDB 2.8, and what a script is told when that cannot be."""

import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestor.errors import BucketError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.writer import Report, Writer
from sensors.climate import Climate
from tests.servers.influxdb import InfluxDB
from tests.support import free_port, run


@pytest.fixture
def bucket(influxdb: InfluxDB) -> str:
    """A bucket of the test's own."""
    name = f"door-{uuid.uuid4().hex}"
    influxdb.create_bucket(name)
    return name


def write(folder: Path, store: dict[str, Any], bucket: str, *, count: int = 1, deadline_secs: float = 30.0) -> Report:
    """Write some readings of a rack with the writer of a configuration with that store."""
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump({"stores": {"farm": store}}), encoding="utf-8")

    async def main() -> Report:
        async with Writer.from_config(file, deadline_secs=deadline_secs) as writer:
            return await writer.write(
                (Climate(rack="rack1", temperature=at / 500) for at in range(count)), bucket=bucket
            )

    return run(main())


def test_readings_are_there_when_it_returns(tmp_path: Path, influxdb: InfluxDB, bucket: str) -> None:
    """Several batches of one series, each reading a point of its own."""
    report = write(tmp_path, influxdb.store(), bucket, count=12_000)

    assert report == Report(12_000)
    assert sorted(map(float, influxdb.values(bucket, "climate", "temperature"))) == [at / 500 for at in range(12_000)]


def test_a_missing_bucket_is_raised_at_once(tmp_path: Path, influxdb: InfluxDB) -> None:
    """With the bucket's name."""
    with pytest.raises(BucketError, match="nowhere"):
        write(tmp_path, influxdb.store(), "nowhere")


def test_a_wrong_token_is_raised_at_once(tmp_path: Path, influxdb: InfluxDB, bucket: str) -> None:
    """Without the token in what is said."""
    token = uuid.uuid4().hex
    with pytest.raises(StoreMisconfiguredError) as raised:
        write(tmp_path, influxdb.store(token=token), bucket)
    assert token not in str(raised.value)


def test_a_server_that_is_away_is_given_up(tmp_path: Path, influxdb: InfluxDB, bucket: str) -> None:
    """After the deadline, with what happened."""
    store = influxdb.store(url=f"http://127.0.0.1:{free_port()}")

    with pytest.raises(StoreUnavailableError, match=r"store farm took nothing for 0\.5 s: .*127\.0\.0\.1"):
        write(tmp_path, store, bucket, deadline_secs=0.5)
