"""`kill -9` of the service, again and again, while readings flow."""

import random
import sqlite3
import threading
import time
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import ServiceProcess

MESSAGES = 50_000
KILLS = 30
POISON_EVERY = 97
SHORT_LIFE_SECS = (0.0, 0.6)
LONG_LIFE_SECS = (5.0, 6.0)  # accounts go to the disk every 5 seconds


def payload(number: int) -> bytes:
    """Mostly the same value without a time; now and then something that cannot be stored."""
    return b"out of order" if number % POISON_EVERY == 0 else b'{"n": %d, "same": 20.5}' % (number // 10)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_nothing_is_lost_or_doubled_by_kill(tmp_path: Path, protocol: str) -> None:
    """After 30 kills at random moments, stored plus set aside is what was published, number for number."""
    chance = random.Random(11)
    poison = sum(number % POISON_EVERY == 0 for number in range(MESSAGES))
    with Mosquitto(tmp_path) as broker:
        service = ServiceProcess(tmp_path / "service", mqtt={"url": broker.url, "protocol": protocol}).start()
        before = exchange_in_peace(broker.port, service)
        publishing = threading.Thread(target=publish_slowly, args=(broker.port,))
        publishing.start()
        for life in range(KILLS):
            if life % 5:
                service.wait_until_ready()
            # The random moment itself, not a wait for something: while it starts, soon after, or past a checkpoint.
            time.sleep(chance.uniform(*(LONG_LIFE_SECS if life % 5 == 1 else SHORT_LIFE_SECS)))
            service.kill()
            service.start(wait=False)
        publishing.join()
        accounts = service.wait_until_settled(before + MESSAGES, deadline_secs=120)
        service.stop()

        assert (accounts["stored"], accounts["set_aside"]) == (before + MESSAGES - poison, poison)
        assert accounts["journaled"] == before + MESSAGES
        with service.bucket("Numbered") as bucket:
            stored = dict(bucket.execute("SELECT n, count(*) FROM numbered GROUP BY n"))
        expected: dict[int, int] = {}
        for number in range(MESSAGES):
            if number % POISON_EVERY:
                expected[number // 10] = expected.get(number // 10, 0) + 1
        assert stored == expected


def exchange_in_peace(port: int, service: ServiceProcess) -> int:
    """Bare readings until the service knows that the broker's ids count up; returns how many it took.

    What a broker sends again can be told from something new only once that is known.
    """
    sent = 0
    with Publisher(port) as publisher:
        while not known(service):
            sent += publisher.publish([("racks/rack1/temperature", b"20.5")])
    return sent


def known(service: ServiceProcess) -> bool:
    """Whether the service keeps on disk that the broker's packet ids count up."""
    with closing(sqlite3.connect(f"file:{service.folder}/data/state.db?mode=ro", uri=True)) as state:
        row = state.execute("SELECT value FROM facts WHERE name = 'ids_in_sequence'").fetchone()
    return row is not None and row[0] == "yes"


def publish_slowly(port: int) -> None:
    """50,000 messages over about the time that the kills take."""
    numbers = iter(range(MESSAGES))
    with Publisher(port) as publisher:
        while group := list(islice(numbers, 500)):
            publisher.publish((f"numbered/{number % 5}", payload(number)) for number in group)
            time.sleep(0.5)  # paces the load: it lasts about as long as the kills
