"""`ingestor simulate`: against real brokers, as a process and in this one."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ingestor.cli.simulate import which_broker
from tests.cli.commands import Cli, ingestor, write_config
from tests.servers.mosquitto import Mosquitto
from tests.support import eventually, free_port


def test_it_publishes_for_a_while_and_ends_well(broker: Mosquitto) -> None:
    """The number it tells is what the broker has acknowledged."""
    found = ingestor("simulate", "--url", broker.url, "--rate", "200", "--duration", "1", "--faults", "1", "--json")

    assert (found.code, found.err) == (0, "")
    assert found.json["published"] == broker.log.count("Sending PUBACK") > 0
    assert 0 < found.json["faulty"] < found.json["published"]


def test_it_takes_the_broker_of_the_configuration(cli: Cli, broker: Mosquitto, tmp_path: Path) -> None:
    """Without --url; and says in words how it went."""
    file = write_config(tmp_path, mqtt={"url": broker.url})
    found = cli("simulate", "--config", file, "--duration", "500ms", "--devices", "2")

    assert found.code == 0
    assert broker.url in found.lines[0]
    assert found.lines[-1].startswith("published ")


def test_ctrl_c_ends_it_well(broker: Mosquitto) -> None:
    """What was under way is finished, the sum is told, and it ends 0."""
    command = [sys.executable, "-m", "ingestor", "simulate", "--url", broker.url, "--rate", "50"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        eventually(lambda: "Sending PUBACK" in broker.log, deadline_secs=30)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (0, "")
    assert f"published {broker.log.count('Sending PUBACK')} message" in out.splitlines()[-1]


def test_it_waits_for_a_broker_that_comes_back(broker: Mosquitto) -> None:
    """Once it has worked, a restart of the broker is waited for, and said once."""
    command = [sys.executable, "-m", "ingestor", "simulate", "--url", broker.url, "--rate", "50"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        eventually(lambda: "Sending PUBACK" in broker.log, deadline_secs=30)
        broker.restart(kill=True)
        before = broker.log.count("Sending PUBACK")
        eventually(lambda: broker.log.count("Sending PUBACK") > before, deadline_secs=30)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)

    assert process.returncode == 0
    assert err.count("trying again until it is back") == err.count("\n") == 1


def test_a_broker_that_is_not_there_is_one_line(cli: Cli) -> None:
    """At the first attempt it gives up: the address may be wrong."""
    port = free_port()
    found = cli("simulate", "--url", f"mqtt://127.0.0.1:{port}")

    assert (found.code, found.out) == (1, "")  # nor did it say that it publishes
    assert found.err == f"ingestor: mqtt://127.0.0.1:{port}: Connection refused\n"


def test_a_refusal_is_one_line(cli: Cli, guarded: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is in no message."""
    monkeypatch.setenv("INGESTOR_MQTT__PASSWORD", "s3cret")
    found = cli("simulate", "--url", guarded.url, "--username", "rack", "--json")

    assert (found.code, found.out) == (1, "")
    assert found.err.count("\n") == 1
    assert "refused the connection: Not author" in found.err
    assert "s3cret" not in found.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--url", "http://broker"], "the broker's address is mqtt://"),
        (["--duration", "0"], "more than 0"),
        (["--rate", "0"], "rate"),
        (["--devices", "0"], "devices"),
    ],
)
def test_wrong_use_ends_with_2(cli: Cli, arguments: list[str], words: str) -> None:
    """It says what would be right."""
    found = cli("simulate", *arguments)

    assert found.code == 2
    assert words in found.err


def test_an_address_does_not_take_the_user_of_another_broker_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration in the working directory is about its own broker: its password is not shown to others."""
    write_config(tmp_path, mqtt={"url": "mqtt://ours", "username": "farm", "password": "s3cret"})
    monkeypatch.chdir(tmp_path)
    ours = which_broker(None, url=None, username=None)
    other = which_broker(None, url="mqtt://other", username=None)

    assert (ours.url, ours.username) == ("mqtt://ours", "farm")
    assert (other.url, other.username, other.password) == ("mqtt://other", None, None)


def test_an_address_for_a_named_configuration_changes_that_alone(tmp_path: Path) -> None:
    """Who names both wants the same user at another address."""
    file = write_config(tmp_path, mqtt={"url": "mqtt://ours", "username": "farm", "password": "s3cret"})
    found = which_broker(file, url="mqtt://other:1884", username=None)

    assert (found.url, found.username, found.keep_alive) == ("mqtt://other:1884", "farm", 30.0)
    assert found.password is not None


def test_the_password_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never from the command line, which everybody on the machine can read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INGESTOR_MQTT__PASSWORD", "s3cret")
    found = which_broker(None, url=None, username="rack")

    assert found.username == "rack"
    assert found.password is not None
    assert found.password.get_secret_value() == "s3cret"


def test_without_anything_it_is_the_broker_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has no configuration yet can try it out."""
    monkeypatch.chdir(tmp_path)

    assert which_broker(None, url=None, username=None).url == "mqtt://localhost:1883"
