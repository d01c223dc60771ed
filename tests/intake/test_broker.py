"""The embedded broker, whichever it is."""

import logging
import socket
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from ingestor.config import Mqtt
from ingestor.errors import ListenError
from ingestor.intake import broker as broker_module
from ingestor.intake.broker import EmbeddedBroker
from ingestor.intake.mosquitto import find_mosquitto
from tests.intake.fakes import MemoryLog
from tests.intake.wait import make_intake, running
from tests.support import LOOPS, eventually_async, free_port, run

KINDS = pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])
USERS = {"farm": "barn", "guest": "gate"}


@pytest.fixture(autouse=True)
def choose(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the kind that the test asks for the one that is there."""
    kind = getattr(request.node, "callspec", None) and request.node.callspec.params.get("kind")
    if kind == "mosquitto" and find_mosquitto() is None:
        pytest.skip("mosquitto is not installed")
    if kind == "amqtt":
        pytest.importorskip("amqtt")
        monkeypatch.setattr(broker_module, "find_mosquitto", lambda: None)


def settings(port: int, **more: Any) -> Mqtt:  # noqa: ANN401 - settings are of any kind
    """The configuration of a broker on this port."""
    return Mqtt.model_validate({"url": f"mqtt://localhost:{port}", "embedded_broker": True, **more})


@KINDS
@pytest.mark.parametrize("loop", LOOPS)
def test_messages_flow_through_it(tmp_path: Path, kind: str, loop: str) -> None:
    """A client with its settings takes what others publish to its port."""

    async def main() -> list[bytes]:
        log = MemoryLog()
        async with EmbeddedBroker(settings(port), tmp_path) as embedded:
            client = embedded.client_settings
            intake = make_intake(client.url, log, settings={"protocol": client.protocol, "keep_alive": "10s"})
            async with running(intake):
                await eventually_async(lambda: intake.subscribed)
                async with aiomqtt.Client("127.0.0.1", embedded.port) as publisher:
                    await publisher.publish("t/a", kind, qos=1)
                await eventually_async(lambda: log.messages)
        return [message.payload for message in log.messages]

    port = free_port()

    assert run(main(), loop=loop) == [kind.encode()]


@KINDS
def test_only_named_users_may_connect(tmp_path: Path, kind: str) -> None:
    """With users, a name and its password are asked for; our own client has one of them."""

    async def main() -> list[bool]:
        async with EmbeddedBroker(settings(port, embedded_users=USERS, username="guest"), tmp_path) as embedded:
            own = embedded.client_settings
            accounts = [("guest", "gate"), ("farm", "gate"), ("nobody", "gate"), (None, None)]
            assert own.password is not None
            accounts.append((own.username, own.password.get_secret_value()))
            return [await _may_connect(embedded.port, name, word) for name, word in accounts]

    port = free_port()

    assert run(main()) == [True, False, False, False, True], kind


async def _may_connect(port: int, name: str | None, word: str | None) -> bool:
    try:
        async with aiomqtt.Client("127.0.0.1", port, username=name, password=word):
            return True
    except aiomqtt.MqttError:
        return False


@KINDS
def test_a_port_that_is_taken_is_told(tmp_path: Path, kind: str) -> None:
    """Who has the port is not ours to guess, but that it is taken is said, before anything starts."""

    async def main() -> None:
        async with EmbeddedBroker(settings(port), tmp_path):
            pytest.fail(f"{kind} started on a port that is taken")

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(ListenError, match=f"port {port}.*in use"):
            run(main())


@KINDS
def test_another_port_is_taken_where_that_is_allowed(tmp_path: Path, kind: str) -> None:
    """For trying things out any port will do."""

    async def main() -> bool:
        async with EmbeddedBroker(settings(port), tmp_path, any_port=True) as embedded:
            return embedded.port != port and await _may_connect(embedded.port, None, None)

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        assert run(main()), kind


@KINDS
def test_without_users_it_is_on_loopback_only(tmp_path: Path, kind: str) -> None:
    """The port is not open to the network unless somebody was named for it."""

    async def main() -> list[str]:
        async with EmbeddedBroker(settings(port), tmp_path):
            return _listening(port)

    port = free_port()

    assert run(main()) == ["0100007F"], kind


def _listening(port: int) -> list[str]:
    """The IPv4 addresses, as the kernel writes them, on which something listens on this port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return [row[1].partition(":")[0] for row in rows if row[3] == "0A" and int(row[1].partition(":")[2], 16) == port]


def test_neither_being_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without mosquitto and without the extra the way out is in the error."""
    monkeypatch.setattr(broker_module, "find_mosquitto", lambda: None)
    monkeypatch.setitem(__import__("sys").modules, "ingestor.intake.amqtt_broker", None)

    async def main() -> None:
        async with EmbeddedBroker(settings(free_port()), tmp_path):
            pytest.fail("something started")

    with pytest.raises(ListenError, match="apt-get install mosquitto"):
        run(main())


@pytest.mark.parametrize("kind", ["amqtt"])
def test_what_amqtt_cannot_do_is_said(tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever runs on it is warned, in one line."""

    async def main() -> None:
        async with EmbeddedBroker(settings(free_port()), tmp_path):
            pass

    with caplog.at_level(logging.WARNING):
        run(main())

    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [f"embedded_broker_is_{kind}"]
