"""An ordinary MQTT client, and what goes wrong with it in words."""

from pathlib import Path

import pytest

from ingestor.cli.mqttclient import connected
from ingestor.config import Mqtt, Tls
from ingestor.errors import BrokerRefusedError, BrokerUnavailableError, ConfigError
from tests.servers.mosquitto import Mosquitto
from tests.support import LOOPS, free_port, run


async def publish_and_hear(config: Mqtt) -> bytes:
    """What comes back of a message that is published and subscribed to."""
    async with connected(config) as client:
        await client.subscribe("echo", qos=1)
        await client.publish("echo", b"21.5", qos=1)
        async for message in client.messages:
            return message.payload
    raise AssertionError("the messages ended")


@pytest.mark.parametrize("loop", LOOPS)
def test_it_talks_to_a_broker(broker: Mosquitto, loop: str) -> None:
    """In both event loops."""
    assert run(publish_and_hear(Mqtt(url=broker.url)), loop=loop) == b"21.5"


def test_nobody_there_is_unavailable() -> None:
    """With the address and the system's words, without the library's numbers."""
    port = free_port()
    with pytest.raises(BrokerUnavailableError) as raised:
        run(publish_and_hear(Mqtt(url=f"mqtt://127.0.0.1:{port}")))

    assert str(raised.value) == f"mqtt://127.0.0.1:{port}: Connection refused"


def test_a_refusal_is_in_words(guarded: Mosquitto) -> None:
    """Whoever forgot the password reads that they are not authorized."""
    with pytest.raises(BrokerRefusedError, match=r"refused the connection: Not author"):
        run(publish_and_hear(Mqtt(url=guarded.url)))


def test_a_broker_that_goes_away_is_unavailable(broker: Mosquitto) -> None:
    """Also in the middle of the work."""

    async def main() -> None:
        async with connected(Mqtt(url=broker.url)) as client:
            await client.publish("a", b"1", qos=1)
            broker.kill()
            while True:
                await client.publish("a", b"2", qos=1, timeout=0.5)

    with pytest.raises(BrokerUnavailableError, match=broker.url):
        run(main())


def test_a_certificate_that_is_not_there_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    """It is found before anything is connected to."""
    config = Mqtt(url="mqtts://127.0.0.1:1", tls=Tls(ca=tmp_path / "no.pem"))
    with pytest.raises(ConfigError, match=r"mqtt\.tls\.ca"):
        run(publish_and_hear(config))
