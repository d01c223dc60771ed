"""SIGTERM under load is a designed path."""

import threading
from pathlib import Path

import pytest

from ingestor.app import STOP_SECS
from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import ServiceProcess
from tests.support import eventually

MESSAGES = 20_000


@pytest.mark.long
def test_sigterm_under_load_ends_well_and_loses_nothing(tmp_path: Path) -> None:
    """It ends with 0 before the deadline; what it had taken in is stored, and the next start has the rest."""
    with Mosquitto(tmp_path) as broker, Publisher(broker.port) as publisher:
        service = ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}).start()
        messages = (("numbered/a", b'{"n": %d}' % number) for number in range(MESSAGES))
        load = threading.Thread(target=publisher.publish, args=(messages,))
        load.start()
        eventually(lambda: service.store().get("stored", 0) > 0)
        code = service.stop()
        load.join()
        with service.bucket("Numbered") as bucket:
            (stored_at_the_end,) = bucket.execute("SELECT count(*) FROM numbered").fetchone()
        with service:
            accounts = service.wait_until_settled(MESSAGES)

            assert code == 0
            assert "stopped_before_all_was_written" not in service.log, f"it took over {STOP_SECS} s"
            assert stored_at_the_end > 0
            assert accounts["stored"] == MESSAGES
            with service.bucket("Numbered") as bucket:
                found = bucket.execute("SELECT count(*), count(DISTINCT n) FROM numbered").fetchone()
            assert found == (MESSAGES, MESSAGES)
