"""The main road into a real InfluxDB: everything arrives once, however often the server or the service dies."""

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.resilience.load import numbered, resident_mib
from tests.servers.influxdb import InfluxDB
from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import NUMBERED, ServiceProcess
from tests.support import eventually

MESSAGES = 100_000
RATE_A_SEC = 1_000
CRASHES = 5
RESTARTS = {1, 3}  # the crashes of the server during which the service is restarted, too
OUTAGE_SECS, LIVE_SECS = 4.0, 3.0
GROWTH_MIB = 30.0


def config(server: InfluxDB) -> dict[str, Any]:
    """The service's only store is that server."""
    return {**NUMBERED, "stores": {"farm": server.store()}}


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_hundred_thousand_messages_are_stored_once(tmp_path: Path, influxdb: InfluxDB) -> None:
    """Real broker, real server: each number is there once, with the value and the type it was sent with."""
    influxdb.create_bucket("Numbered")
    with (
        Mosquitto(tmp_path) as broker,
        ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config=config(influxdb)) as service,
    ):
        with Publisher(broker.port) as publisher:
            publisher.publish((f"numbered/{n % 50}", b'{"n": %d, "same": %d.25}' % (n, n % 9)) for n in range(MESSAGES))
        accounts = service.wait_until_settled(MESSAGES, deadline_secs=120)
    numbers = influxdb.values("Numbered", "numbered", "n")
    same = influxdb.values("Numbered", "numbered", "same")
    influxdb.delete_bucket("Numbered")

    assert accounts["stored"] == MESSAGES
    assert sorted(map(int, numbers)) == list(range(MESSAGES))
    assert Counter(same) == Counter(f"{n % 9}.25" for n in range(MESSAGES))


@pytest.mark.long
@pytest.mark.timeout(400)
def test_crashes_of_the_server_and_restarts_of_the_service_lose_nothing(tmp_path: Path, influxd: str) -> None:
    """Five kills of the server under load, two restarts of the service: equality, flat memory, a quick catch-up."""
    folder = tmp_path / "influxdb"
    folder.mkdir()
    load = Load()
    with (
        InfluxDB(influxd, folder) as server,
        Mosquitto(tmp_path) as broker,
        ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config=config(server)) as service,
    ):
        server.create_bucket("Numbered")
        load.start(broker.port)
        eventually(lambda: service.store().get("stored", 0) > RATE_A_SEC)
        base_mib = resident_mib(service.pid)
        growths = []
        for number in range(CRASHES):
            server.kill()
            time.sleep(OUTAGE_SECS)  # the load goes on
            if number in RESTARTS:
                service.stop() if number == min(RESTARTS) else service.kill()
                service.start(wait=False)
            server.start()
            eventually(lambda: 0 <= service.store().get("pending", -1) < RATE_A_SEC, deadline_secs=60)
            growths.append(resident_mib(service.pid) - base_mib)
            time.sleep(LIVE_SECS)
        behind_of_live = service.store()["pending"]
        sent = load.stop()
        accounts = service.wait_until_settled(sent)
        numbers = sorted(map(int, server.values("Numbered", "numbered", "n")))

        assert numbers == list(range(sent))
        assert accounts["stored"] == sent
        assert max(growths) < GROWTH_MIB
        assert behind_of_live < 2 * RATE_A_SEC  # it has caught up while the load went on


class Load:
    """Numbers published at a steady rate, in a thread, until it is stopped."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._sent = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._port = 0

    def start(self, port: int) -> None:
        """Begin to publish to the broker on that port."""
        self._port = port
        self._thread.start()

    def stop(self) -> int:
        """Stop; returns how many numbers the broker has acknowledged: all from 0 on."""
        self._stopping.set()
        self._thread.join(timeout=60)
        return self._sent

    def _run(self) -> None:
        with Publisher(self._port) as publisher:
            while not self._stopping.wait(0.1):
                self._sent += publisher.publish(numbered(self._sent, RATE_A_SEC // 10))
