"""The two ends of a copy."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ingestor.config import Config
from ingestor.copying.ends import CopyError, find_end, opened
from ingestor.ports import BucketInfo, FieldType
from ingestor.stores.sqlitebuckets import SqliteBuckets
from tests.copying.ends import DAY_NS, START_NS, THREE, fill, folder
from tests.servers.influxdb import InfluxDB
from tests.support import run

STORES = {
    "local": {"kind": "sqlite"},
    "farm": {"kind": "influxdb", "url": "http://127.0.0.1:1", "org": "farm", "token": "secret-token"},
}
CONFIG = Config.model_validate({"stores": STORES, "data_dir": "/data"})


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("local", "sqlite:/data/stores/local"),
        ("farm", "http://127.0.0.1:1/farm"),
        ("sqlite:/other/folder", "sqlite:/other/folder"),
        ("influxdb://secret-token@127.0.0.1/farm", "http://127.0.0.1:8086/farm"),
        ("influxdb://127.0.0.1:8087", "http://127.0.0.1:8087"),
        ("influxdbs://secret-token@host/farm", "https://host/farm"),
    ],
)
def test_names_and_addresses(word: str, place: str) -> None:
    """A store is named as in the configuration or by its address; where it is, is said without a token."""
    assert find_end(CONFIG, word).place == place


@pytest.mark.parametrize("word", ["nowhere", "mqtt://secret-token@host", "sqlite:", "influxdb://secret-token@"])
def test_what_is_neither_is_said(word: str) -> None:
    """What is no store is refused with what there is, and no token is shown."""
    with pytest.raises(CopyError, match=r"sqlite:FOLDER") as refused:
        find_end(CONFIG, word)

    assert "secret-token" not in str(refused.value)


def test_an_end_is_read_written_and_looked_at(tmp_path: Path) -> None:
    """Opened, it has all three sides of a store."""

    async def look() -> tuple[object, ...]:
        async with opened(await fill(tmp_path, *THREE[:1], rows=3)) as end, SqliteBuckets(tmp_path) as buckets:
            await buckets.change(BucketInfo(THREE[0], "Meters", 3600.0))
            types = await end.store.field_types(THREE[0])
            return await end.source.buckets(), types, await end.bucket(THREE[0]), await end.bucket("Nope")

    assert run(look()) == (
        [THREE[0]],
        {("power", "power"): {FieldType.FLOAT}},
        BucketInfo(THREE[0], "Meters", 3600.0),
        None,
    )


def test_sqlite_mixes_no_types(tmp_path: Path) -> None:
    """In the embedded store each field has one type; nobody is asked."""

    async def look() -> Mapping[tuple[str, str], str]:
        async with opened(folder(tmp_path / "not there")) as end:
            return await end.mixed("Farm")

    assert run(look()) == {}


def test_mixed_types_of_influxdb(influxdb: InfluxDB) -> None:
    """A field that other weeks hold as text cannot be a column; whole numbers beside others can."""
    bucket = "mixed-for-copying"
    influxdb.create_bucket(bucket)
    lines = ("m both=1.5,mixed=1.5,one=1i", "m both=1i,mixed=true,one=2i", 'm mixed="text"')
    for number, line in enumerate(lines):
        influxdb.write(bucket, f"{line} {START_NS + number * 14 * DAY_NS}")
    word = f"influxdb://{influxdb.token}@127.0.0.1:{influxdb.port}/{influxdb.org}"

    async def look() -> Mapping[tuple[str, str], str]:
        async with opened(find_end(Config(), word)) as end:
            return await end.mixed(bucket)

    found = run(look())
    influxdb.delete_bucket(bucket)

    assert found == {("m", "mixed"): "bool and float and text"}
