"""`ingestor tail`, with a real broker."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.commands import Cli, write_config
from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher


@contextmanager
def tailing(file: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The command, listening."""
    command = [sys.executable, "-m", "ingestor", "tail", "--config", str(file), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "listening to" in process.stderr.readline()
        yield process


def send(broker: Mosquitto, *messages: tuple[str, bytes]) -> None:
    """Publish, and have it acknowledged."""
    with Publisher(broker.port) as publisher:
        publisher.publish(messages)


def test_what_comes_is_shown_until_ctrl_c(broker: Mosquitto, tmp_path: Path) -> None:
    """Each message with its fate; nothing is written, and it ends well."""
    file = write_config(tmp_path, mqtt={"url": broker.url})
    with tailing(file, "--topic", "#") as process:
        send(broker, ("r1/temperature", b"21.5"), ("r1/temperature", b"warm"), ("x", b"\x1b[2J"))
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0

    assert lines[0].startswith("stored    r1/temperature  Climate: temperature,rack=r1 temperature=21.5 ")
    assert lines[1].startswith('set aside r1/temperature  type: temperature is "warm" where a number belongs  in warm')
    assert lines[2] == "unrouted  x  \\x1b[2J\n"
    assert not (tmp_path / "data").exists()


def test_what_is_set_aside_of_a_stored_message_is_marked_so(broker: Mosquitto, tmp_path: Path) -> None:
    """Also where only that is asked for; and a line is one line, whatever breaks are in the payload."""
    file = write_config(tmp_path, mqtt={"url": broker.url})
    with tailing(file, "--only", "set-aside") as process:
        send(broker, ("farm/r1/climate", b'{"humidity": 50}'), ("farm/r1/climate", b'{"humidity": 50,\n"co2": "x"}'))
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0

    assert lines[0].startswith("stored    farm/r1/climate  Climate: climate,rack=r1 humidity=50.0 ")
    told = 'set aside farm/r1/climate  type: co2 is "x" where a number belongs  in {"humidity": 50,\\n"co2": "x"}\n'
    assert lines[1] == told


def test_programs_and_filters(broker: Mosquitto, tmp_path: Path) -> None:
    """One fate alone, in JSON, for a while."""
    file = write_config(tmp_path, mqtt={"url": broker.url})
    with tailing(file, "--only", "set-aside", "--json", "--duration", "30s") as process:
        send(broker, ("r1/temperature", b"21.5"), ("r1/temperature", b"warm"))
        assert process.stdout is not None
        found = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0

    assert (found["payload"], found["fate"]) == ("warm", "set aside")


def test_it_ends_when_its_time_is_over(cli: Cli, broker: Mosquitto, tmp_path: Path) -> None:
    """And says so in nothing but its end."""
    file = write_config(tmp_path, mqtt={"url": broker.url})
    found = cli("tail", "--config", file, "--duration", "200ms")

    assert (found.code, found.out) == (0, "")


def test_wrong_use_and_an_absent_broker_are_one_line(cli: Cli, tmp_path: Path) -> None:
    """With what may be said, and what could not be reached."""
    file = write_config(tmp_path, mqtt={"url": "mqtt://127.0.0.1:9"})

    assert cli("tail", "--only", "lost", "--config", file).code == 2
    found = cli("tail", "--config", file)
    assert (found.code, found.err.count("\n")) == (1, 1)
