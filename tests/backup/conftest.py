"""Fixtures of the tests of backups."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backup.farms import back_up, fill, server_of
from tests.servers.influxdb import InfluxDB
from tests.support import run


@pytest.fixture(scope="session")
def farm(influxd: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB]:
    """An InfluxDB 2.8 with three buckets that no test changes."""
    with InfluxDB(influxd, tmp_path_factory.mktemp("farm")) as server:
        fill(server)
        yield server


@pytest.fixture
def empty(influxd: str, tmp_path: Path) -> Iterator[InfluxDB]:
    """An InfluxDB 2.8 that has nothing but the bucket it was set up with."""
    folder = tmp_path / "empty"
    folder.mkdir()
    with InfluxDB(influxd, folder) as server:
        yield server


@pytest.fixture(scope="session")
def whole(farm: InfluxDB, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a backup of that farm, which no test changes."""
    return run(back_up(server_of(farm), tmp_path_factory.mktemp("backups"))).folder
