"""What is published is stored, all of it, once: over both protocols, at every quality of service."""

from pathlib import Path

import pytest

from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import ServiceProcess

MESSAGES = 20_000


@pytest.mark.long
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_numbered_messages_are_all_stored_once(tmp_path: Path, protocol: str, qos: int) -> None:
    """Each of 20,000 numbers published at any QoS is in the store once, with its own time of receipt."""
    numbers = range(MESSAGES)
    with (
        Mosquitto(tmp_path) as broker,
        ServiceProcess(tmp_path / "service", mqtt={"url": broker.url, "protocol": protocol}) as service,
    ):
        with Publisher(broker.port, protocol=protocol) as publisher:
            publisher.publish(((f"numbered/{n % 7}", b'{"n": %d}' % n) for n in numbers), qos=qos)
        accounts = service.wait_until_settled(MESSAGES)

        assert accounts["stored"] == accounts["journaled"] == MESSAGES
        with service.bucket("Numbered") as bucket:
            assert [n for (n,) in bucket.execute("SELECT n FROM numbered ORDER BY n")] == list(numbers)


def test_equal_values_in_a_burst_are_all_stored(tmp_path: Path) -> None:
    """1,000 equal bare numbers of one topic, faster than any clock ticks, are 1,000 readings."""
    with Mosquitto(tmp_path) as broker, ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}) as service:
        with Publisher(broker.port) as publisher:
            publisher.publish([("racks/rack1/temperature", b"20.5")] * 1_000)
        service.wait_until_settled(1_000)

        with service.bucket("Temperature") as bucket:
            assert bucket.execute(
                "SELECT count(*), min(temperature), max(temperature) FROM temperature"
            ).fetchall() == [(1_000, 20.5, 20.5)]
