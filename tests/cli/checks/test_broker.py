"""Whether the broker lets us in and grants what we need; against real ones."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ingestor.cli.checks.broker import answers, broker_half, check_broker
from ingestor.cli.checks.finding import Finding, Level
from ingestor.config import Config, Mqtt
from ingestor.intake.probe import Finding as Probed
from tests.cli.commands import read_config, write_config
from tests.servers.mosquitto import Mosquitto
from tests.support import free_port, run

PLAIN = Mqtt()
FINE = Probed(
    protocol="5",
    receive_maximum=20,
    session_expiry_secs=7 * 86_400,
    maximum_qos=2,
    retain_available=True,
    refused=(),
    only_qos_0=(),
)
"""What a broker answers that takes us as we are."""


def config_of(folder: Path, **mqtt: object) -> Config:
    """A configuration with this broker."""
    return read_config(write_config(folder, mqtt=mqtt))


def levels(findings: list[Finding]) -> list[tuple[str, Level]]:
    """What they are about, and how they matter."""
    return [(finding.about, finding.level) for finding in findings]


def test_a_broker_that_takes_us_is_fine(tmp_path: Path, broker: Mosquitto) -> None:
    """Version, subscriptions, how long it keeps our session; and its half of the promise as a note."""
    findings = run(check_broker(config_of(tmp_path, url=broker.url)))
    texts = [finding.text for finding in findings]

    assert levels(findings) == [
        ("broker", Level.OK),
        ("subscriptions", Level.OK),
        ("while away", Level.OK),
        ("while away", Level.NOTE),
    ]
    assert "speaks MQTT 5 (receive maximum " in texts[0]
    assert texts[1] == "all granted: +/temperature, farm/+/climate"
    assert "7 d" in texts[2]
    assert "mosquitto version" in texts[3]
    assert "max_queued_messages 0" in texts[3]


def test_a_broker_of_the_older_version_does_not_tell(tmp_path: Path, broker: Mosquitto) -> None:
    """That is a note, and no problem."""
    findings = run(check_broker(config_of(tmp_path, url=broker.url, protocol="3.1.1")))

    assert "speaks MQTT 3.1.1" in findings[0].text
    assert levels(findings)[2] == ("while away", Level.NOTE)


def test_a_short_session_is_noted() -> None:
    """A broker that forgets us sooner than we asked says so, and so do we."""
    findings = answers(PLAIN, replace(FINE, session_expiry_secs=3600), ["a"])

    assert levels(findings) == [("broker", Level.OK), ("subscriptions", Level.OK), ("while away", Level.NOTE)]
    assert "forgets us after 1 h (7 d were asked for)" in findings[2].text


def test_each_refused_subscription_is_a_problem() -> None:
    """And nothing says that all were granted."""
    findings = answers(PLAIN, replace(FINE, refused=("a refused: not authorized", "b refused: quota")), ["a", "b", "c"])

    assert levels(findings)[1:3] == [("subscriptions", Level.PROBLEM)] * 2
    assert findings[1].text.startswith("a refused: not authorized; ")
    assert "all granted" not in str(findings)


def test_qos_0_is_noted() -> None:
    """Of all that the broker sends, or of one subscription."""
    overall = answers(PLAIN, replace(FINE, maximum_qos=0), ["a"])
    single = answers(PLAIN, replace(FINE, only_qos_0=("a",)), ["a", "b"])

    assert levels(overall)[0] == ("broker", Level.NOTE)
    assert levels(single)[1] == ("subscriptions", Level.NOTE)
    assert single[1].text.endswith(": a")


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (None, "a stock mosquitto keeps only 1,000"),
        ("mosquitto version 2.0.11", "this is mosquitto version 2.0.11, which as it comes keeps only 1,000"),
        ("HiveMQ 4", "this is HiveMQ 4: look up"),
    ],
)
def test_the_brokers_half_is_always_told(version: str | None, words: str) -> None:
    """QoS 0 has no promise at any broker; what it keeps is said as exactly as it can be."""
    (finding,) = broker_half(PLAIN, version)

    assert words in finding.text
    assert "QoS 0 has no promise" in finding.text


@pytest.mark.parametrize(("version", "noted"), [(None, True), ("mosquitto version 2", True), ("HiveMQ 4", False)])
def test_mosquittos_access_list_is_told_to_who_has_a_user(version: str | None, noted: bool) -> None:  # noqa: FBT001
    """It grants what it then does not deliver, so that all granted means little."""
    findings = list(broker_half(PLAIN.model_copy(update={"username": "farm"}), version))

    assert ("acl_file" in findings[-1].text) is noted


def test_a_wrong_password_is_a_problem(tmp_path: Path, guarded: Mosquitto) -> None:
    """What to mend is named; nothing more is asked of a broker that does not let us in."""
    login = {"url": guarded.url, "username": "farm", "password": "s3cret"}
    findings = run(check_broker(config_of(tmp_path, **login)))

    assert levels(findings) == [("broker", Level.PROBLEM)]
    assert "mqtt.username" in findings[0].text
    assert "s3cret" not in findings[0].text


def test_nobody_there_is_a_problem(tmp_path: Path) -> None:
    """With the address that was tried."""
    port = free_port()
    findings = run(check_broker(config_of(tmp_path, url=f"mqtt://127.0.0.1:{port}")))

    assert levels(findings) == [("broker", Level.PROBLEM)]
    assert f"127.0.0.1:{port}" in findings[0].text


def test_tls_to_a_port_without_it_is_asked_about(tmp_path: Path) -> None:
    """What TLS says of it helps nobody: the advice does."""

    async def main() -> list[Finding]:
        async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
            url = f"mqtts://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            return await check_broker(config_of(tmp_path, url=url))

    (finding,) = run(main())

    assert finding.level is Level.PROBLEM
    assert finding.text.endswith("Or does that port speak without TLS (mqtt://)?")


def test_the_session_of_the_service_is_left_alone(tmp_path: Path, broker: Mosquitto) -> None:
    """Whoever checks beside a running service does not throw it out."""
    run(check_broker(config_of(tmp_path, url=broker.url, client_id="the-service")))

    assert "the-service" not in broker.log


def test_a_certificate_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    """With its key in the configuration."""
    findings = run(check_broker(config_of(tmp_path, url="mqtts://127.0.0.1:1", tls={"ca": "no.pem"})))

    assert levels(findings) == [("mqtt.tls.ca", Level.PROBLEM)]


def test_an_embedded_broker_is_started_and_asked(tmp_path: Path, mosquitto: str) -> None:
    """In a folder of its own; nothing is left of it."""
    assert mosquitto
    config = config_of(tmp_path, url=f"mqtt://127.0.0.1:{free_port()}", embedded_broker=True)
    findings = run(check_broker(config))

    assert levels(findings)[:3] == [
        ("embedded broker", Level.OK),
        ("broker", Level.OK),
        ("subscriptions", Level.OK),
    ]
    assert not config.data_dir.exists()


def test_without_a_mosquitto_the_one_in_its_place_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is for trying things out, and whoever relies on it ought to know."""
    for module in ("ingestor.intake.broker", "ingestor.cli.checks.broker"):
        monkeypatch.setattr(f"{module}.find_mosquitto", lambda: None)
    config = config_of(tmp_path, url=f"mqtt://127.0.0.1:{free_port()}", embedded_broker=True)
    findings = run(check_broker(config))

    assert levels(findings)[:2] == [("embedded broker", Level.NOTE), ("broker", Level.OK)]
    assert "apt-get install mosquitto" in findings[0].text


def test_an_embedded_broker_without_its_port_is_a_problem(tmp_path: Path) -> None:
    """Another program has it."""

    async def main() -> list[Finding]:
        async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
            url = f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            return await check_broker(config_of(tmp_path, url=url, embedded_broker=True))

    findings = run(main())

    assert levels(findings) == [("embedded broker", Level.PROBLEM)]
    assert "change mqtt.url" in findings[0].text


@pytest.mark.parametrize("protocol", ["auto", "5"])
def test_what_is_no_broker_is_a_problem(tmp_path: Path, protocol: str) -> None:
    """A web server on that port, say: one line, soon."""

    async def main() -> list[Finding]:
        async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
            url = f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            return await check_broker(config_of(tmp_path, url=url, protocol=protocol))

    assert levels(run(main())) == [("broker", Level.PROBLEM)]
