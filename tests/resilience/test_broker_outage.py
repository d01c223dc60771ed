"""The broker goes away, in good order or not, or the network swallows everything: readings flow again without help."""

from pathlib import Path

import pytest

from tests.servers.mosquitto import Mosquitto
from tests.servers.proxy import Proxy
from tests.servers.publisher import Publisher
from tests.servers.service import ServiceProcess
from tests.support import eventually


def publish(port: int, numbers: range) -> None:
    """Publish these numbers, each once, whatever the broker's state."""
    with Publisher(port) as publisher:
        publisher.publish(("numbered/a", b'{"n": %d}' % number) for number in numbers)


def stored(service: ServiceProcess) -> list[int]:
    """The numbers in the store, in order."""
    with service.bucket("Numbered") as bucket:
        return [n for (n,) in bucket.execute("SELECT n FROM numbered ORDER BY n")]


@pytest.mark.parametrize("persistent", [True, False], ids=["with persistence", "without persistence"])
@pytest.mark.parametrize("kill", [True, False], ids=["killed", "stopped"])
def test_flows_again_after_the_broker_was_restarted(tmp_path: Path, *, persistent: bool, kill: bool) -> None:
    """Whether or not the broker remembers our session, subscriptions are restored and readings stored once."""
    with (
        Mosquitto(tmp_path, persistent=persistent) as broker,
        ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}) as service,
    ):
        publish(broker.port, range(500))
        service.wait_until_settled(500)
        broker.restart(kill=kill)
        eventually(lambda: (status := service.status()) and status["intake"]["reconnects"] and status["ready"])
        publish(broker.port, range(500, 1000))
        service.wait_until_settled(1000)

        assert stored(service) == list(range(1000))


def test_flows_again_after_the_network_swallowed_everything(tmp_path: Path) -> None:
    """A connection on which nothing comes any more, with no end to it, is given up and made anew."""
    with (
        Mosquitto(tmp_path) as broker,
        Proxy(broker.port) as proxy,
        ServiceProcess(
            tmp_path / "service", mqtt={"url": f"mqtt://127.0.0.1:{proxy.port}", "keep_alive": "2s"}
        ) as service,
    ):
        publish(broker.port, range(500))
        service.wait_until_settled(500)
        proxy.swallow()
        publish(broker.port, range(500, 1000))
        accounts = service.wait_until_settled(1000)

        assert proxy.connections > 1
        assert accounts["stored"] == 1000
        assert stored(service) == list(range(1000))
