"""The journal is full, or the disk: what happens is what was configured, it is counted, and the process lives."""

from pathlib import Path
from typing import Any

import pytest

from tests.servers.disk import fill, small_disk
from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import NUMBERED, ServiceProcess
from tests.support import eventually

MESSAGES = 15_000
TOO_MANY = 30_000  # for a journal of 1 MiB and three batches in memory of 4 MiB
PADDING = b" " * 1_000


def config(when_behind: str) -> dict[str, Any]:
    """A journal of 1 MiB."""
    return {
        **NUMBERED,
        "journal": {"max_bytes": "1MiB"},
        "stores": {"local": {"kind": "sqlite", "when_behind": when_behind}},
    }


def publish(port: int, numbers: range) -> None:
    """Publish these numbers in messages of about 1 KiB."""
    with Publisher(port) as publisher:
        publisher.publish(("numbered/a", b'{"n": %d}' % number + PADDING) for number in numbers)


@pytest.mark.long
def test_a_full_journal_pauses_the_intake_and_loses_nothing(tmp_path: Path) -> None:
    """Under `pause` what does not fit waits at the broker, and all of it is stored when the store is back."""
    with (
        Mosquitto(tmp_path) as broker,
        ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config=config("pause")) as service,
    ):
        publish(broker.port, range(10))
        service.wait_until_settled(10)
        with service.locked("Numbered"):
            publish(broker.port, range(10, MESSAGES))
            full = eventually(lambda: (status := service.status()) and status["journal"]["full"] and status)
        accounts = service.wait_until_settled(MESSAGES)

        assert full
        assert full["ready"] is False
        assert full["journal"]["bytes"] <= 2**20
        assert any("journal: full" in reason for reason in full["reasons"])
        assert (accounts["stored"], accounts["dropped"]) == (MESSAGES, 0)


@pytest.mark.long
@pytest.mark.timeout(200)
def test_a_full_journal_drops_the_oldest_where_that_was_chosen(tmp_path: Path) -> None:
    """Under `drop_oldest` intake goes on; what was dropped is counted, and everything else is stored."""
    with (
        Mosquitto(tmp_path) as broker,
        ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config=config("drop_oldest")) as service,
    ):
        publish(broker.port, range(10))
        service.wait_until_settled(10)
        with service.locked("Numbered"):
            publish(broker.port, range(10, TOO_MANY))
            eventually(lambda: service.store().get("journaled") == TOO_MANY, deadline_secs=90)
        accounts = service.wait_until_settled(TOO_MANY)

        assert accounts["dropped"] > 0
        assert accounts["stored"] + accounts["dropped"] == TOO_MANY
        with service.bucket("Numbered") as bucket:
            kept = [n for (n,) in bucket.execute("SELECT n FROM numbered ORDER BY n")]
        assert len(kept) == accounts["stored"]
        assert kept[-1] == TOO_MANY - 1


@pytest.mark.long
@pytest.mark.parametrize("when_behind", ["pause", "drop_oldest"])
def test_a_full_disk_is_waited_out(tmp_path: Path, when_behind: str) -> None:
    """With no room for anything the process lives and says so; given room, it stores everything once."""
    stores = {"stores": {"local": {"kind": "sqlite", "when_behind": when_behind}}}
    with (
        small_disk(tmp_path / "service" / "data", mib=32),
        Mosquitto(tmp_path) as broker,
        ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config={**NUMBERED, **stores}) as service,
    ):
        publish(broker.port, range(100))
        service.wait_until_settled(100)
        filler = fill(tmp_path / "service" / "data")
        publish(broker.port, range(100, 2_000))
        full = eventually(lambda: (status := service.status()) and not status["ready"] and status, deadline_secs=30)
        filler.unlink()
        accounts = service.wait_until_settled(2_000)
        service.wait_until_ready()

        assert full
        assert any("space" in reason or "full" in reason for reason in full["reasons"])
        assert (accounts["stored"], accounts["dropped"]) == (2_000, 0)
        with service.bucket("Numbered") as bucket:
            found = bucket.execute("SELECT count(*), count(DISTINCT n) FROM numbered").fetchone()
        assert found == (2_000, 2_000)


@pytest.mark.long
def test_what_is_stored_is_not_counted_as_dropped_after_a_kill(tmp_path: Path) -> None:
    """Under `drop_oldest`, with a store that keeps up, kills cost no message and no count."""
    rounds, each = 4, 3_000
    with Mosquitto(tmp_path) as broker:
        service = ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config=config("drop_oldest")).start()
        for number in range(rounds):
            publish(broker.port, range(number * each, (number + 1) * each))
            service.wait_until_settled((number + 1) * each)
            service.kill()
            service.start()
        accounts = service.wait_until_settled(rounds * each)
        with service.bucket("Numbered") as bucket:
            (stored,) = bucket.execute("SELECT count(*) FROM numbered").fetchone()
        service.stop()

        assert (accounts["stored"], accounts["dropped"], stored) == (rounds * each, 0, rounds * each)
