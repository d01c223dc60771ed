"""Subscribing to other topics while connected."""

from collections.abc import Sequence
from pathlib import Path

from tests.intake.fakes import MemoryLog
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
