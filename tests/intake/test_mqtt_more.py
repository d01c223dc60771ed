"""Subscribing to other topics while connected."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.intake.fakes import MemoryLog
from tests.intake.test_mqtt import _allow
from tests.intake.wait import VERSIONS, Notes, make_intake, payloads, publish, running, subscribed
from tests.servers.mosquitto import Mosquitto
from tests.support import eventually_async, run


@VERSIONS
def test_what_comes_to_be_wanted_is_subscribed_to_while_connected(tmp_path: Path, protocol: str) -> None:
    """What is gone is given up, what was there is not asked for again, and all of it is told each time."""

    async def main(broker: Mosquitto) -> tuple[list[str], list[Sequence[str]], int]:
        log, notes, more = MemoryLog(), Notes(), ["a"]
        await publish(broker, ["kept"], topic="a", retain=True)
        intake = make_intake(broker.url, log, notes, settings={"protocol": protocol}, more=lambda: list(more))
        async with running(intake):
            await subscribed(intake)
            await eventually_async(lambda: notes.subscribed)
            more[:] = ["a", "b"]
            intake.changed()
            await eventually_async(lambda: len(notes.subscribed) == 2)
            await publish(broker, ["1"], topic="b")
            more[:] = ["b"]
            intake.changed()
            await eventually_async(lambda: len(notes.subscribed) == 3)
            await publish(broker, ["no"], topic="a")
            await publish(broker, ["2"], topic="t/x")
            await eventually_async(lambda: "2" in payloads(log))
            await eventually_async(lambda: log.messages)
        return payloads(log), notes.subscribed, intake.reconnects

    with Mosquitto(tmp_path) as broker:
        got, told, reconnects = run(main(broker))

    assert got == ["kept", "1", "2"]
    assert told == [("t/#", "a"), ("t/#", "a", "b"), ("t/#", "b")]
    assert reconnects == 0


def test_what_may_not_be_read_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Anybody may announce anything: the rest flows, all is well, and it is told once; also at the first start."""

    async def main(broker: Mosquitto) -> tuple[list[str], str | None]:
        log, notes, more = MemoryLog(), Notes(), ["secret", "a"]
        intake = make_intake(broker.url, log, notes, more=lambda: list(more))
        async with running(intake):
            await eventually_async(lambda: notes.subscribed)
            await publish(broker, ["1"], topic="a")
            more.append("secret/too")
            intake.changed()
            await eventually_async(lambda: len(notes.subscribed) == 2)
            await publish(broker, ["2"])
            await eventually_async(lambda: sorted(payloads(log)) == ["1", "2"])
            assert intake.subscribed
        return payloads(log), intake.fault

    with Mosquitto(tmp_path, lines=_allow(tmp_path, "t/#", "a")) as broker:
        got, fault = run(main(broker))

    assert sorted(got) == ["1", "2"]
    assert fault is None
    told = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert told == ["mqtt_announced_refused filters=1 first=subscription to secret refused: not authorized"]
