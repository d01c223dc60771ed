"""How all tests run: property tests without a clock, and nothing left behind that only shows later."""

import gc
import os
import threading
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import support
from tests.servers.influxdb import InfluxDB


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--fast`: without what is long, and fewer examples for each property."""
    parser.addoption("--fast", action="store_true", help="leave out what is long")


def pytest_configure(config: pytest.Config) -> None:
    """Choose how many examples a property is tried on; a slow machine is no fault."""
    settings.register_profile("thorough", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
    settings.register_profile("fast", settings.get_profile("thorough"), max_examples=25)
    settings.load_profile("fast" if config.getoption("--fast") else "thorough")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--fast`, take out the tests that are marked `long`."""
    if not config.getoption("--fast"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test whose threads outlive it: what it opened was not closed."""
    before = set(threading.enumerate())
    yield
    support.eventually(lambda: set(threading.enumerate()) <= before)


@pytest.fixture(autouse=True, scope="module")
def nothing_unclosed() -> Iterator[None]:
    """Collect garbage after each test file, so that an unclosed file or socket is reported where it was made."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def mosquitto() -> str:
    """The path of the mosquitto broker; without it the test is skipped, and fails in CI."""
    return support.mosquitto()


@pytest.fixture(scope="session")
def influxd() -> str:
    """The path of InfluxDB 2.8's server; without it the test is skipped, and fails in CI."""
    return support.influxd("2")


@pytest.fixture(scope="session")
def influxd1() -> str:
    """The same of InfluxDB 1.13."""
    return support.influxd("1")


@pytest.fixture(scope="session")
def influx() -> str:
    """The path of InfluxDB's own command."""
    return support.influxd("cli")


@pytest.fixture(scope="session")
def influxdb(influxd: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB]:
    """A running InfluxDB 2.8 that all tests share: each uses buckets of its own, and none harms the server."""
    with InfluxDB(influxd, tmp_path_factory.mktemp("influxdb")) as server:
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that would be skipped fails: nothing may go unshown in silence."""
    del item, call
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"CI skips nothing, and this would be skipped: {report.longrepr}"
    return report
