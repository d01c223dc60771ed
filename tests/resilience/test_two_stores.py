"""Two stores over one journal: each at its own pace; one delays the other only where that was chosen."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.resilience.load import numbered
from tests.servers.influxdb import InfluxDB
from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import NUMBERED, ServiceProcess
from tests.support import eventually

OUTAGE_SECS = 70.0
RATE_A_SEC = 500
TOO_MANY = 20_000  # for a journal of 1 MiB, and for what the dead store's delivery holds in memory
PADDING = b" " * 1_000


def config(server: InfluxDB, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - sections
    """The embedded store and a server, side by side."""
    return {**NUMBERED, "stores": {"local": {"kind": "sqlite"}, "farm": server.store()}, **more}


def stored_locally(service: ServiceProcess) -> list[int]:
    """The numbers in the embedded store."""
    with service.bucket("Numbered") as bucket:
        return [n for (n,) in bucket.execute("SELECT n FROM numbered ORDER BY n")]


def stored_remotely(server: InfluxDB) -> list[int]:
    """The numbers in the server."""
    return sorted(map(int, server.values("Numbered", "numbered", "n")))


@pytest.fixture
def server(tmp_path: Path, influxd: str) -> InfluxDB:
    """A server of the test's own, not started."""
    folder = tmp_path / "influxdb"
    folder.mkdir()
    return InfluxDB(influxd, folder)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_dead_store_does_not_delay_the_other(tmp_path: Path, server: InfluxDB) -> None:
    """With the server dead for minutes the embedded store stays current; afterwards both hold the same."""
    with (
        server,
        Mosquitto(tmp_path) as broker,
        ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config=config(server)) as service,
        Publisher(broker.port) as publisher,
    ):
        server.create_bucket("Numbered")
        sent = publisher.publish(numbered(0, RATE_A_SEC))
        service.wait_until_settled(sent, store="farm")
        server.kill()
        end, lags = time.monotonic() + OUTAGE_SECS, []
        while time.monotonic() < end:
            sent += publisher.publish(numbered(sent, RATE_A_SEC))
            time.sleep(1.0)  # paces the load
            lags.append(service.store("local")["pending"])
        behind = service.store("farm")["pending"]
        server.start()
        caught_up = service.wait_until_settled(sent, store="farm")

        assert max(lags) < 5 * RATE_A_SEC
        assert behind > sent // 2
        assert caught_up["stored"] == sent
        assert stored_locally(service) == stored_remotely(server) == list(range(sent))


@pytest.mark.long
@pytest.mark.timeout(200)
@pytest.mark.parametrize("when_behind", ["pause", "drop_oldest"])
def test_a_journal_full_because_of_one_store_follows_that_stores_choice(
    tmp_path: Path, server: InfluxDB, when_behind: str
) -> None:
    """Under `drop_oldest` the dead store loses its oldest, counted; under `pause` all wait, and nothing is lost."""
    stores = {"local": {"kind": "sqlite"}, "farm": server.store(when_behind=when_behind)}
    with (
        server,
        Mosquitto(tmp_path) as broker,
        ServiceProcess(
            tmp_path / "service",
            mqtt={"url": broker.url},
            config=config(server, stores=stores, journal={"max_bytes": "1MiB"}),
        ) as service,
        Publisher(broker.port) as publisher,
    ):
        server.create_bucket("Numbered")
        publisher.publish(numbered(0, 10))
        service.wait_until_settled(10, store="farm")
        server.kill()
        publisher.publish((topic, payload + PADDING) for topic, payload in numbered(10, TOO_MANY - 10))
        if when_behind == "drop_oldest":
            service.wait_until_settled(TOO_MANY, store="local")
        else:
            eventually(lambda: (status := service.status()) and status["journal"]["full"])
        server.start()
        local = service.wait_until_settled(TOO_MANY, store="local")
        farm = service.wait_until_settled(TOO_MANY, store="farm")
        remote = stored_remotely(server)

        assert (local["stored"], local["dropped"]) == (TOO_MANY, 0)
        assert farm["stored"] + farm["dropped"] == TOO_MANY
        assert (farm["dropped"] > 0) is (when_behind == "drop_oldest")
        assert len(remote) == len(set(remote)) == farm["stored"]
        assert stored_locally(service) == list(range(TOO_MANY))
