"""The store refuses or hangs while readings flow: nothing is lost, memory stays flat, the broker hears from us."""

import threading
import time
from pathlib import Path

import pytest

from tests.resilience.load import numbered, resident_mib
from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import ServiceProcess

OUTAGE_SECS = 70.0
RATE_A_SEC = 1_000
CATCH_UP_SECS = 60.0
GROWTH_MIB = 30.0


@pytest.mark.long
@pytest.mark.timeout(400)
def test_backlog_of_an_outage_is_worked_off_beside_live_traffic(tmp_path: Path) -> None:
    """With the bucket locked for over a minute nothing is lost, memory is flat, and pings are answered."""
    with (
        Mosquitto(tmp_path) as broker,
        ServiceProcess(tmp_path / "service", mqtt={"url": broker.url, "keep_alive": "5s"}) as service,
        Publisher(broker.port) as publisher,
    ):
        sent = publisher.publish(numbered(0, RATE_A_SEC))
        service.wait_until_settled(sent)
        before_mib = peak_mib = resident_mib(service.pid)
        with service.locked("Numbered"):
            end = time.monotonic() + OUTAGE_SECS
            while time.monotonic() < end:
                sent += publisher.publish(numbered(sent, RATE_A_SEC))
                time.sleep(1.0)  # paces the load
                peak_mib = max(peak_mib, resident_mib(service.pid))
            held = service.status()
        threading.Thread(target=live_traffic, args=(broker.port, sent), daemon=True).start()
        end = time.monotonic() + CATCH_UP_SECS
        while service.store().get("stored", 0) < sent + 5 * RATE_A_SEC and time.monotonic() < end:
            peak_mib = max(peak_mib, resident_mib(service.pid))
        accounts = service.store()

        assert held is not None
        assert held["stores"][0]["pending"] > sent // 2
        assert "locked" in held["reasons"][0]
        assert held["intake"]["reconnects"] == 0
        assert peak_mib - before_mib < GROWTH_MIB
        assert accounts["stored"] == sent + 5 * RATE_A_SEC
        with service.bucket("Numbered") as bucket:
            assert (
                bucket.execute("SELECT count(DISTINCT n), count(*) FROM numbered").fetchone()
                == (accounts["stored"],) * 2
            )


def live_traffic(port: int, begin: int) -> None:
    """Five seconds of it."""
    with Publisher(port) as publisher:
        for second in range(5):
            publisher.publish(numbered(begin + second * RATE_A_SEC, RATE_A_SEC))
            time.sleep(1.0)  # paces the load
