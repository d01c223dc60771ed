"""SIGTERM under load is a designed path."""

import threading
from pathlib import Path

import pytest

from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import ServiceProcess
from tests.support import eventually

MESSAGES = 20_000


@pytest.mark.long
def test_sigterm_does_not_wait_for_a_store_that_is_away(tmp_path: Path) -> None:
    """With a store that takes nothing it ends well too, in time for what stops containers; the journal has the rest."""
    with Mosquitto(tmp_path) as broker, Publisher(broker.port) as publisher:
        service = ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}).start()
        publisher.publish([("numbered/a", b'{"n": 0}')])
        service.wait_until_settled(1)
        with service.locked("Numbered"):
            publisher.publish(("numbered/a", b'{"n": %d}' % number) for number in range(1, 1_000))
            eventually(lambda: service.store().get("journaled") == 1_000)
            code = service.stop()
        with service:
            accounts = service.wait_until_settled(1_000)

        assert code == 0
        assert "stopped_before_all_was_written" in service.log
        assert accounts["stored"] == 1_000


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
            assert "stopped_before_all_was_written" not in service.log
            assert stored_at_the_end > 0
            assert accounts["stored"] == MESSAGES
            with service.bucket("Numbered") as bucket:
                found = bucket.execute("SELECT count(*), count(DISTINCT n) FROM numbered").fetchone()
            assert found == (MESSAGES, MESSAGES)
