"""The intake with a mosquitto that speaks TLS and wants to see a certificate."""

import re
import ssl
from pathlib import Path

import aiomqtt
import pytest
import trustme

from tests.intake.fakes import MemoryLog
from tests.intake.wait import make_intake, payloads, running, subscribed
from tests.servers.mosquitto import Mosquitto, find_mosquitto
from tests.support import LOOPS, eventually_async, run

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")


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
