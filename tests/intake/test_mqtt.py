"""The intake with a real mosquitto."""

import asyncio
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingestor.errors import BrokerRefusedError
from tests.intake.fakes import MemoryLog
from tests.intake.wait import VERSIONS, Notes, make_intake, payloads, publish, running, subscribed
from tests.servers.mosquitto import Mosquitto, find_mosquitto, free_port
from tests.support import LOOPS, eventually_async, run

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")

RIGHTS_PLUGIN = next(Path("/usr/lib").glob("**/mosquitto_dynamic_security.so"), None)
needs_rights = pytest.mark.skipif(RIGHTS_PLUGIN is None, reason="mosquitto has no plugin for rights here")


@VERSIONS
@pytest.mark.parametrize("loop", LOOPS)
def test_takes_what_is_published_at_every_quality(tmp_path: Path, protocol: str, loop: str) -> None:
    """Messages of QoS 0, 1 and 2 are journaled once each, at QoS 1 at the most."""

    async def main(broker: Mosquitto) -> tuple[list[str], str]:
        log = MemoryLog()
        intake = make_intake(broker.url, log, settings={"protocol": protocol})
        async with running(intake):
            await subscribed(intake)
            for qos in (0, 1, 2):
                await publish(broker, [f"{qos}-{number}" for number in range(50)], qos=qos)
            await eventually_async(lambda: len(log.messages) >= 150)
        return payloads(log), intake.protocol

    with Mosquitto(tmp_path) as broker:
        got, spoken = run(main(broker), loop=loop)

    assert sorted(got) == sorted(f"{qos}-{number}" for qos in (0, 1, 2) for number in range(50))
    assert spoken == protocol


@VERSIONS
def test_the_session_keeps_what_comes_while_we_are_away(tmp_path: Path, protocol: str) -> None:
    """Messages published between two runs are had by the second."""

    async def main(broker: Mosquitto) -> list[str]:
        log = MemoryLog()
        for _ in range(2):
            intake = make_intake(broker.url, log, settings={"protocol": protocol})
            async with running(intake):
                await subscribed(intake)
            await publish(broker, ["away"])
        intake = make_intake(broker.url, log, settings={"protocol": protocol})
        async with running(intake):
            await eventually_async(lambda: len(log.messages) >= 2)
        return payloads(log)

    with Mosquitto(tmp_path) as broker:
        assert run(main(broker)) == ["away", "away"]


@VERSIONS
def test_a_stop_acknowledges_what_is_on_its_way_to_the_disk(tmp_path: Path, protocol: str) -> None:
    """A stop in good order waits for the journal, so the broker has nothing to send again."""

    async def main(broker: Mosquitto) -> tuple[list[str], int]:
        log = MemoryLog(at_once=False)
        first = make_intake(broker.url, log, settings={"protocol": protocol})
        async with running(first, stop=False) as task:
            await subscribed(first)
            await publish(broker, ["20"] * 10)
            await eventually_async(lambda: log.waiting)
            stopping = asyncio.create_task(first.stop())
            await eventually_async(lambda: not first._link or first._link._holding)
            log.commit()
            await stopping
            await task
        second = make_intake(broker.url, log, settings={"protocol": protocol})
        async with running(second):
            await subscribed(second)
            await publish(broker, ["end"])
            await eventually_async(lambda: _committed(log)[-1:] == ["end"])
        return payloads(log), second.recognised

    with Mosquitto(tmp_path) as broker:
        assert run(main(broker)) == (["20"] * 10 + ["end"], 0)


@VERSIONS
def test_a_redelivery_after_a_crash_is_recognised(tmp_path: Path, protocol: str) -> None:
    """Equal readings whose acknowledgements were lost are not journaled again, those that were not on disk are."""

    async def main(broker: Mosquitto) -> tuple[list[str], int, int]:
        log, notes = MemoryLog(at_once=False), Notes()
        first = make_intake(broker.url, log, notes, settings={"protocol": protocol})
        async with running(first, stop=False) as task:
            await subscribed(first)
            for _ in range(3):
                await publish(broker, ["20"])
                await eventually_async(lambda: log.waiting)
                log.commit()
                await eventually_async(lambda: first._link and not first._link.owes)
            await eventually_async(lambda: notes.orders == [True])
            await publish(broker, ["20"] * 20)
            await eventually_async(lambda: _taken(log) == 20)
            task.cancel()
            log.commit(1)
            on_disk = len(log.messages)
            log.crash()
        second = make_intake(broker.url, log, notes, settings={"protocol": protocol}, ids_in_sequence=True)
        async with running(second, stop=False):
            await subscribed(second)
            await publish(broker, ["end"])
            await eventually_async(lambda: _committed(log)[-1:] == ["end"])
        return payloads(log), second.recognised, on_disk

    with Mosquitto(tmp_path) as broker:
        got, recognised, on_disk = run(main(broker))

    assert got == ["20"] * 23 + ["end"]
    assert recognised == on_disk - 3


def _committed(log: MemoryLog) -> list[str]:
    log.commit()
    return payloads(log)


def _taken(log: MemoryLog) -> int:
    return sum(len(messages) for messages, _ in log._waiting)


def test_a_new_version_of_the_routes_changes_the_subscriptions(tmp_path: Path) -> None:
    """Filters that are not wanted any more are given up, although the session is kept."""

    async def main(broker: Mosquitto) -> tuple[list[str], list[Sequence[str]]]:
        log, notes = MemoryLog(), Notes()
        async with running(first := make_intake(broker.url, log, notes, filters=("t/#", "old/#"))):
            await subscribed(first)
        again = make_intake(broker.url, log, notes, filters=("t/#",), previous_filters=notes.subscribed[-1])
        async with running(again):
            await subscribed(again)
            await publish(broker, ["no"], topic="old/x")
            await publish(broker, ["yes"])
            await eventually_async(lambda: log.messages)
        return payloads(log), notes.subscribed

    with Mosquitto(tmp_path) as broker:
        assert run(main(broker)) == (["yes"], [("t/#", "old/#"), ("t/#",)])


def test_kept_messages_come_once(tmp_path: Path) -> None:
    """Under MQTT 5 a retained message is sent for a new subscription only, not on every reconnect."""

    async def main(broker: Mosquitto) -> list[bool]:
        log = MemoryLog()
        await publish(broker, ["kept"], retain=True)
        for _ in range(2):
            async with running(intake := make_intake(broker.url, log)):
                await subscribed(intake)
                await publish(broker, ["live"])
                await eventually_async(lambda: payloads(log)[-1:] == ["live"])
        return [message.retain for message in log.messages if message.payload == b"kept"]

    with Mosquitto(tmp_path) as broker:
        assert run(main(broker)) == [True]


def test_workers_of_a_group_share_the_messages(tmp_path: Path) -> None:
    """Each message goes to one of two members."""

    async def main(broker: Mosquitto) -> tuple[list[str], bool]:
        logs = [MemoryLog(), MemoryLog()]
        first, second = (
            make_intake(broker.url, log, client_id=f"worker{at}", settings={"shared_group": "farm"})
            for at, log in enumerate(logs)
        )
        async with running(first), running(second):
            await subscribed(first)
            await subscribed(second)
            await publish(broker, [str(number) for number in range(40)])
            await eventually_async(lambda: sum(len(log.messages) for log in logs) >= 40)
        return sorted(payloads(logs[0]) + payloads(logs[1]), key=int), bool(logs[0].messages and logs[1].messages)

    with Mosquitto(tmp_path) as broker:
        assert run(main(broker)) == ([str(number) for number in range(40)], True)


@VERSIONS
def test_a_wrong_password_is_told_in_words_at_first_start(tmp_path: Path, protocol: str) -> None:
    """The broker's reason ends the run."""
    passwords = tmp_path / "passwords"
    passwords.touch()
    subprocess.run(["mosquitto_passwd", "-b", passwords, "me", "right"], check=True, capture_output=True)
    with Mosquitto(tmp_path, lines=[f"password_file {passwords}"], anonymous=False) as broker:
        settings = {"protocol": protocol, "username": "me", "password": "wrong"}
        intake = make_intake(broker.url, MemoryLog(), settings=settings)

        with pytest.raises(BrokerRefusedError, match="not authorized"):
            run(intake.run())


@needs_rights
def test_a_refused_subscription_is_told_in_words_at_first_start(tmp_path: Path) -> None:
    """Which filter and why is in the error."""

    async def main(broker: Mosquitto) -> None:
        await make_intake(broker.url, MemoryLog(), filters=("t/#", "secret/#")).run()

    with Mosquitto(tmp_path, lines=_allow(tmp_path, "t/#")) as broker:
        refused = "subscription to secret/# refused: not authorized"
        with pytest.raises(BrokerRefusedError, match=refused) as caught:
            run(main(broker))

    assert "subscription to t/#" not in str(caught.value)


@needs_rights
def test_a_refusal_later_is_an_alarm_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Rights that are taken away and given back stop and start the flow, and are logged once."""

    async def main(broker: Mosquitto) -> tuple[str | None, str | None]:
        log = MemoryLog()
        async with running(intake := make_intake(broker.url, log)):
            await subscribed(intake)
            _allow(tmp_path, "other/#")
            broker.restart()
            await eventually_async(lambda: intake.fault and "refused" in intake.fault)
            fault = intake.fault
            await eventually_async(lambda: broker.log.count("Sending SUBACK") >= 4)
            _allow(tmp_path, "t/#")
            broker.restart()
            await subscribed(intake)
            await publish(broker, ["1"])
            await eventually_async(lambda: log.messages)
            return fault, intake.fault

    with Mosquitto(tmp_path, lines=_allow(tmp_path, "t/#")) as broker:
        fault, after = run(main(broker))

    assert fault == "subscription to t/# refused: not authorized"
    assert after is None
    assert sum("refused: not authorized" in record.getMessage() for record in caplog.records) == 1


def _allow(folder: Path, *filters: str) -> list[str]:
    """Configuration lines for a mosquitto that lets everybody subscribe to these filters, and to nothing else."""
    path = folder / "rights.json"
    rights = [{"acltype": "subscribePattern", "topic": name, "allow": True} for name in filters]
    everything = {"publishClientSend": True, "publishClientReceive": True, "subscribe": False, "unsubscribe": True}
    document = {
        "defaultACLAccess": everything,
        "clients": [],
        "groups": [{"groupname": "all", "roles": [{"rolename": "reader"}]}],
        "roles": [{"rolename": "reader", "acls": rights}],
        "anonymousGroup": "all",
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return [f"plugin {RIGHTS_PLUGIN}", f"plugin_opt_config_file {path}"]


def test_oversized_messages_are_reported_and_counted(tmp_path: Path) -> None:
    """A message over the limit leaves its head; those around it are journaled."""

    async def main(broker: Mosquitto) -> tuple[list[str], list[tuple[str, int]], int]:
        log, notes = MemoryLog(), Notes()
        async with running(intake := make_intake(broker.url, log, notes, settings={"max_packet": "1KiB"})):
            await subscribed(intake)
            await publish(broker, ["before", "x" * 5000, "after"])
            await eventually_async(lambda: len(log.messages) == 2 and intake.skipped == 1)
        return payloads(log), [(head.topic, len(head.payload_head)) for head in notes.heads], intake.skipped

    with Mosquitto(tmp_path) as broker:
        assert run(main(broker)) == (["before", "after"], [("t/a", 1024)], 1)


@VERSIONS
def test_many_oversized_messages_at_once_do_not_keep_us_from_subscribing(tmp_path: Path, protocol: str) -> None:
    """However many of them wait at the broker, all are recorded, and what is behind them comes."""
    settings = {"max_packet": "1KiB", "protocol": protocol}

    async def main(broker: Mosquitto) -> tuple[list[str], int]:
        log, notes = MemoryLog(), Notes()
        async with running(intake := make_intake(broker.url, log, notes, settings=settings)):
            await subscribed(intake)
        await publish(broker, ["x" * 3000] * 40 + ["good"])
        async with running(intake := make_intake(broker.url, log, notes, settings=settings)):
            await eventually_async(lambda: payloads(log) == ["good"] and intake.skipped == 40)
        return payloads(log), intake.reconnects

    with Mosquitto(tmp_path) as broker:
        assert run(main(broker)) == (["good"], 0)


def test_a_stop_before_any_connection_is_quick() -> None:
    """An intake that waits for its broker stops at once."""

    async def main() -> bool:
        intake = make_intake(f"mqtt://127.0.0.1:{free_port()}", MemoryLog())
        task = asyncio.create_task(intake.run())
        await eventually_async(lambda: intake.fault)
        await intake.stop()
        await task
        return intake.connected

    assert not run(main(), timeout_secs=5)
