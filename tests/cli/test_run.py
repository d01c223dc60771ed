"""`ingestor run`, as the process that it is: what it says, how it ends, and every mistake as one line."""

import gc
import signal
import socket
from pathlib import Path

import pytest

from ingestor.cli.checks.routes import NO_ROUTES
from ingestor.cli.run import tune_collector
from tests.cli.commands import ingestor, write_config
from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import ServiceProcess
from tests.support import free_port


def test_it_says_what_it_does_stores_and_ends_well(tmp_path: Path, broker: Mosquitto) -> None:
    """One line for people at the start; SIGTERM ends it with 0, and everything is stored."""
    with ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}) as service:
        with Publisher(broker.port) as publisher:
            publisher.publish(("numbered/a", b'{"n": %d}' % number) for number in range(50))
        service.wait_until_settled(50)
        code = service.stop()
        with service.bucket("Numbered") as bucket:
            (stored,) = bucket.execute("SELECT count(*) FROM numbered").fetchone()

    assert (code, stored) == (0, 50)
    assert service.log.rstrip().endswith("INFO ingestor.cli.run stopped pending=0")
    assert f"{broker.url} -> 2 routes -> local (sqlite); status on http://127.0.0.1:" in service.log


def test_ctrl_c_ends_it_well(tmp_path: Path, broker: Mosquitto) -> None:
    """As SIGTERM does, without a traceback."""
    with ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}) as service:
        code = service._end(signal.SIGINT)

    assert code == 0
    assert "Traceback" not in service.log


def test_a_second_one_on_the_same_data_is_refused(tmp_path: Path, broker: Mosquitto) -> None:
    """It names the process that is there; the first one does not notice."""
    with ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}) as service:
        other = {"INGESTOR_WEB__PORT": str(free_port())}
        found = ingestor("run", "--config", service.folder / "config.yaml", "--log-level", "error", env=other)
        still_runs = service.running

    assert (found.code, found.out) == (1, "")
    assert found.err.count("\n") == 1
    assert f"is in use by another ingestor (process {service.pid})" in found.err
    assert still_runs


def test_a_port_that_is_taken_is_one_line(tmp_path: Path, broker: Mosquitto) -> None:
    """It says which key to change."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        file = write_config(tmp_path, mqtt={"url": broker.url}, web={"port": taken.getsockname()[1]})
        found = ingestor("run", "--config", file, "--log-level", "error")

    assert (found.code, found.out) == (1, "")
    assert found.err.count("\n") == 1
    assert "web.port" in found.err


def test_a_broker_that_refuses_ends_it(tmp_path: Path, guarded: Mosquitto) -> None:
    """At first start a person is there to act: it ends 1 with the broker's reason, soon."""
    file = write_config(tmp_path, mqtt={"url": guarded.url})
    found = ingestor("run", "--config", file, "--log-level", "error")

    assert found.code == 1
    assert found.err.count("\n") == 1
    assert "not authorized; mend mqtt.username and mqtt.password" in found.err


def test_no_routes_end_it(tmp_path: Path) -> None:
    """It would run and store nothing; nothing is made."""
    found = ingestor("run", "--config", write_config(tmp_path, routes=[]))

    assert (found.code, found.out) == (1, "")
    assert found.err == f"ingestor: routes: {NO_ROUTES}\n"
    assert not (tmp_path / "data").exists()


def test_a_store_that_is_gone_is_one_line(tmp_path: Path, broker: Mosquitto) -> None:
    """It names the command to give the store up with; after that it starts."""
    with ServiceProcess(tmp_path, mqtt={"url": broker.url}) as service:
        service.stop()
    renamed = write_config(tmp_path, mqtt={"url": broker.url}, stores={"other": {"kind": "sqlite"}})
    found = ingestor("run", "--config", renamed, "--log-level", "error")

    assert (found.code, found.err.count("\n")) == (1, 1)
    assert f"ingestor stores forget local --config {renamed}" in found.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mqtt: {url: http://x}\n", "a.yaml:1"),
        ("routes:\n  - {topic: a, model: nothing, bucket: B}\n", "a.yaml:2"),
        ("routes: [\n", "a.yaml:"),
    ],
    ids=["value", "route", "yaml"],
)
def test_a_wrong_configuration_is_a_line_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    """Also where it is wrong only for the routes; nothing is made of it."""
    (tmp_path / "a.yaml").write_text(text)
    found = ingestor("run", "--config", "a.yaml", cwd=tmp_path)

    assert (found.code, found.out, found.err.count("\n")) == (1, "", 1)
    assert words in found.err
    assert not (tmp_path / "data").exists()


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """Without --config it says where it looked."""
    found = ingestor("run", cwd=tmp_path)

    assert (found.code, found.out, found.err.count("\n")) == (1, "", 1)
    assert f"config.yaml: there is no such file in {tmp_path}" in found.err


def test_a_data_dir_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    """A file in its place, say."""
    (tmp_path / "data").touch()
    found = ingestor("run", "--config", write_config(tmp_path))

    assert (found.code, found.err.count("\n")) == (1, 1)
    assert "cannot be made: File exists" in found.err


def test_the_collector_looks_less_often_at_less() -> None:
    """What is there at the start is not gone over again, and young objects only in large numbers."""
    before = gc.get_threshold()
    try:
        tune_collector()

        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() > before
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
