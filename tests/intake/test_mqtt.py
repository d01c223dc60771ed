"""The intake with a real mosquitto."""

import asyncio
import json
import re
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiomqtt
import pytest
import trustme

from ingestor.errors import BrokerRefusedError
from ingestor.intake.link import PAUSE_BYTES
from ingestor.intake.mqtt import MqttIntake
from tests.intake.fakes import MemoryLog
from tests.intake.wait import Notes, make_intake, running, serving
from tests.servers.mosquitto import Mosquitto, find_mosquitto, free_port
from tests.support import LOOPS, eventually_async, run

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")

RIGHTS_PLUGIN = next(Path("/usr/lib").glob("**/mosquitto_dynamic_security.so"), None)
needs_rights = pytest.mark.skipif(RIGHTS_PLUGIN is None, reason="mosquitto has no plugin for rights here")
VERSIONS = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


async def publish(
    broker: Mosquitto, payloads: Sequence[str], *, topic: str = "t/a", qos: int = 1, retain: bool = False
) -> None:
    """Publish, and return when the broker has confirmed it."""
    async with aiomqtt.Client("127.0.0.1", broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        for payload in payloads:
            await client.publish(topic, payload, qos=qos, retain=retain)


async def subscribed(intake: MqttIntake) -> None:
    """Return once all subscriptions are in force."""
    await eventually_async(lambda: intake.subscribed)


def payloads(log: MemoryLog) -> list[str]:
    """What was journaled, in order."""
    return [message.payload.decode() for message in log.messages]


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


@VERSIONS
def test_a_restarted_broker_is_found_again(tmp_path: Path, protocol: str) -> None:
    """With and without its memory the broker's messages flow again without help."""

    async def main(broker: Mosquitto) -> tuple[list[str], int]:
        log = MemoryLog()
        async with running(intake := make_intake(broker.url, log, settings={"protocol": protocol})):
            for times, kill in enumerate((False, True), start=1):
                await subscribed(intake)
                broker.persistent = not kill
                broker.restart(kill=kill)
                await eventually_async(partial(_reconnected, intake, times))
            await subscribed(intake)
            await publish(broker, ["after"])
            await eventually_async(lambda: log.messages)
        return payloads(log), intake.reconnects

    with Mosquitto(tmp_path) as broker:
        got, reconnects = run(main(broker))

    assert got == ["after"]
    assert reconnects >= 2


def _reconnected(intake: MqttIntake, times: int) -> bool:
    return intake.reconnects >= times


def test_a_broker_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    """At first start an unreachable broker is no reason to end."""

    async def main(broker: Mosquitto) -> str | None:
        intake = make_intake(broker.url, MemoryLog())
        async with running(intake):
            await eventually_async(lambda: intake.fault)
            fault = intake.fault
            broker.start()
            await subscribed(intake)
        return fault

    broker = Mosquitto(tmp_path, port=free_port())
    try:
        assert "cannot reach the broker at 127.0.0.1" in str(run(main(broker)))
    finally:
        broker.kill()


@VERSIONS
def test_a_black_hole_is_noticed(tmp_path: Path, protocol: str) -> None:
    """A connection that swallows everything is left within 1.5 times the keep-alive, and another one is made."""

    async def main(broker: Mosquitto) -> list[str]:
        log = MemoryLog()
        swallowing = asyncio.Event()
        async with _proxy(broker.port, swallowing) as port:
            intake = make_intake(f"mqtt://127.0.0.1:{port}", log, settings={"protocol": protocol})
            async with running(intake):
                await subscribed(intake)
                swallowing.set()
                await publish(broker, ["swallowed"])
                await eventually_async(lambda: intake.fault and "silent for 1.5 s" in intake.fault)
                swallowing.clear()
                await eventually_async(lambda: log.messages)
        return payloads(log)

    with Mosquitto(tmp_path) as broker:
        assert run(main(broker)) == ["swallowed"]


@asynccontextmanager
async def _proxy(target: int, swallowing: asyncio.Event) -> AsyncIterator[int]:
    """A port that passes bytes on to another, or takes them and does nothing, without ever closing."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if not swallowing.is_set():
                writer.write(data)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, away = await asyncio.open_connection("127.0.0.1", target)
        try:
            await asyncio.gather(pump(reader, away), pump(there, writer))
        finally:
            away.close()
            await away.wait_closed()

    async with serving(serve) as port:
        yield port


def test_a_paused_connection_lives(tmp_path: Path) -> None:
    """While the journal is behind, nothing is read for several keep-alives, and the connection is still the same."""

    async def main(broker: Mosquitto) -> tuple[bool, int, list[str]]:
        log = MemoryLog()
        async with running(intake := make_intake(broker.url, log)):
            await subscribed(intake)
            log.backlog_bytes = PAUSE_BYTES + 1
            await publish(broker, ["first"])
            await eventually_async(lambda: intake.paused)
            await publish(broker, ["second"])
            await eventually_async(lambda: broker.log.count("Received PINGREQ from intake") >= 6)
            paused_with = (intake.paused, len(log.messages))
            log.backlog_bytes = 0
            await eventually_async(lambda: len(log.messages) == 2)
            return paused_with[0] and paused_with[1] == 1, intake.reconnects, payloads(log)

    with Mosquitto(tmp_path) as broker:
        assert run(main(broker)) == (True, 0, ["first", "second"])


def test_two_clients_of_one_name_are_told_so(tmp_path: Path) -> None:
    """This mosquitto does not say that a session was taken over, but the fault that is seen names the likely reason."""

    async def main(broker: Mosquitto) -> str:
        first, second = (make_intake(broker.url, MemoryLog()) for _ in range(2))
        async with running(first), running(second):
            told = await eventually_async(
                lambda: [one.fault for one in (first, second) if one.fault and "another client" in one.fault]
            )
        return str(told[0])

    with Mosquitto(tmp_path) as broker:
        assert "uses the client id intake too" in run(main(broker))


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


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, a server's server.pem and a client's client.pem (key and certificate in one)."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for name, identity in (("server", "127.0.0.1"), ("client", "farm@example.com")):
        authority.issue_cert(identity).private_key_and_cert_chain_pem.write_to_path(folder / f"{name}.pem")
    trustme.CA().cert_pem.write_to_path(folder / "other.pem")
    return folder


def _tls_lines(certificates: Path) -> list[str]:
    server = certificates / "server.pem"
    return [
        f"cafile {certificates / 'ca.pem'}",
        f"certfile {server}",
        f"keyfile {server}",
        "require_certificate true",
    ]


@pytest.mark.parametrize("loop", LOOPS)
def test_tls_with_a_client_certificate(tmp_path: Path, certificates: Path, loop: str) -> None:
    """Messages flow over TLS to a client that shows its certificate."""
    client = str(certificates / "client.pem")

    async def main(broker: Mosquitto) -> list[str]:
        log = MemoryLog()
        tls = {"ca": str(certificates / "ca.pem"), "cert": client, "key": client}
        intake = make_intake(f"mqtts://127.0.0.1:{broker.port}", log, settings={"tls": tls})
        async with running(intake):
            await subscribed(intake)
            context = ssl.create_default_context(cafile=certificates / "ca.pem")
            context.load_cert_chain(client)
            async with aiomqtt.Client("127.0.0.1", broker.port, tls_context=context) as publisher:
                await publisher.publish("t/a", "secret", qos=1)
            await eventually_async(lambda: log.messages)
        return payloads(log)

    with Mosquitto(tmp_path, lines=_tls_lines(certificates)) as broker:
        assert run(main(broker), loop=loop) == ["secret"]


@pytest.mark.parametrize(
    ("ca", "cert", "words"),
    [("other.pem", "client.pem", "certificate verify failed"), ("ca.pem", None, "(?i)certificate.required|broke")],
)
def test_what_is_wrong_with_tls_is_told(
    tmp_path: Path, certificates: Path, ca: str, cert: str | None, words: str
) -> None:
    """A certificate that is not trusted, or not shown, is the fault that is seen."""

    async def main(broker: Mosquitto) -> str:
        path = str(certificates / cert) if cert else None
        tls = {"ca": str(certificates / ca), "cert": path, "key": path}
        intake = make_intake(f"mqtts://127.0.0.1:{broker.port}", MemoryLog(), settings={"tls": tls})
        async with running(intake):
            return str(await eventually_async(lambda: intake.fault))

    with Mosquitto(tmp_path, lines=_tls_lines(certificates)) as broker:
        fault = run(main(broker))

    assert re.search(words, fault)


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
