"""Servers for the tests of the InfluxDB store."""

from collections.abc import Iterator

import pytest

from tests.servers.influxdb1 import InfluxDB1


@pytest.fixture(scope="session")
def influxdb1(influxd1: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB1]:
    """A running InfluxDB 1.13 that all tests here share: each uses databases of its own, and none harms the server."""
    with InfluxDB1(influxd1, tmp_path_factory.mktemp("influxdb1")) as server:
        yield server
