"""`ingestor discover`, with a real broker and from recordings."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ingestor import configfile
from tests.cli.commands import Cli, write_config
from tests.discovery.streams import FOLDER, stored, stream
from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.support import eventually, free_port


def test_what_is_published_is_proposed(broker: Mosquitto, tmp_path: Path) -> None:
    """As a configuration that stores it; Ctrl-C ends the listening, and what was heard can be proposed from again."""
    file, record = write_config(tmp_path, mqtt={"url": broker.url}), tmp_path / "heard.jsonl"
    listening = [sys.executable, "-m", "ingestor", "discover", "--config", str(file), "--record", str(record)]
    messages = [message for message in stream("plain") if not message.retain]
    with subprocess.Popen(listening, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "listening to # at mqtt://" in process.stderr.readline()
        with Publisher(broker.port) as publisher:
            publisher.publish((message.topic, message.payload) for message in messages)
        eventually(lambda: broker.log.count("Sending PUBLISH to") >= len(messages))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    proposed = tmp_path / "proposed.yaml"
    proposed.write_text(out, encoding="utf-8")

    assert (process.returncode, err) == (0, "")
    assert len(stored(configfile.load(proposed, environ={}), messages)) == 70
    assert len(record.read_text(encoding="utf-8").splitlines()) == len(messages)


def test_a_recording_is_proposed_from(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a broker and a configuration; into the bucket and from the topics that are asked for."""
    monkeypatch.chdir(tmp_path)
    found = cli("discover", "--from", FOLDER / "plain.jsonl", "--bucket", "My Farm", "--filter", "house/+/pump")

    assert (found.code, found.err) == (0, "")
    assert yaml.safe_load(found.out)["routes"] == [
        {
            "topic": "house/{rack}/pump",
            "model": "house_pump",
            "format": "value",
            "bucket": "My Farm",
            "device": "{rack}",
        }
    ]


def test_models_of_the_configuration_keep_their_names(cli: Cli, tmp_path: Path) -> None:
    """What is proposed can stand beside them."""
    file = write_config(tmp_path, models={"house_pump": {"fields": {"x": {}}}})
    found = cli("discover", "--config", file, "--from", FOLDER / "plain.jsonl", "--filter", "house/+/pump")

    assert list(yaml.safe_load(found.out)["models"]) == ["house_pump_2"]


def test_the_time_ends_it(cli: Cli, broker: Mosquitto, tmp_path: Path) -> None:
    """With nothing heard it says so, and leaves no file."""
    file, record = write_config(tmp_path, mqtt={"url": broker.url}), tmp_path / "heard.jsonl"
    found = cli("discover", "--config", file, "--listen", "300ms", "--filter", "a/#", "--record", record)

    assert found.code == 1
    assert "nothing was heard that a/# matches" in found.err
    assert found.out == ""


def test_a_broker_that_goes_away_ends_it(broker: Mosquitto, tmp_path: Path) -> None:
    """What was heard until then counts."""
    file = write_config(tmp_path, mqtt={"url": broker.url})
    listening = [sys.executable, "-m", "ingestor", "discover", "--config", str(file)]
    with subprocess.Popen(listening, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()
        with Publisher(broker.port) as publisher:
            publisher.publish([("hall/door", b"open")])
        eventually(lambda: "Sending PUBLISH to" in broker.log)
        broker.kill()
        out, err = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "proposed from what was heard until then" in err
    assert yaml.safe_load(out)["routes"][0]["topic"] == "hall/door"


def test_a_topic_that_never_rests_is_said_to_be_cut(cli: Cli, tmp_path: Path) -> None:
    """Only so many messages of it are kept."""
    file = tmp_path / "many.jsonl"
    line = (FOLDER / "farm.jsonl").read_text(encoding="utf-8").splitlines()[0]
    file.write_text("\n".join([line] * 1_001), encoding="utf-8")
    found = cli("discover", "--config", write_config(tmp_path), "--from", file)

    assert found.code == 0
    assert "proposed from the first 1,000 of 1,001 messages" in found.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--from", "none.jsonl"], 1, "none.jsonl cannot be read"),
        (["--from", "bad.jsonl"], 1, "bad.jsonl, line 2: not a line of a recording"),
        (["--from", "latin.jsonl"], 1, "not UTF-8"),
        (["--from", "bad.jsonl", "--record", "x"], 2, "--record"),
        (["--record", "bad.jsonl"], 1, "bad.jsonl is there already"),
        (["--record", "no/such/folder.jsonl"], 1, "its folder is not"),
        (["--bucket", "{x}"], 2, "--bucket"),
        (["--listen", "soon"], 2, "soon"),
        (["--filter", "a/#/b"], 2, "comes last"),
        ([], 1, "refused"),
    ],
)
def test_mistakes_are_told_in_a_line(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    """Files that are no recordings, options that cannot be, a broker that is not there."""
    monkeypatch.chdir(tmp_path)
    line = (FOLDER / "farm.jsonl").read_text(encoding="utf-8").splitlines()[0]
    Path("bad.jsonl").write_text(f"{line}\nno line\n", encoding="utf-8")
    Path("latin.jsonl").write_bytes(b"\xff\xfe\n")
    write_config(tmp_path, mqtt={"url": f"mqtt://127.0.0.1:{free_port()}"})
    found = cli("discover", *arguments)

    assert found.code == code
    assert words in found.err
    assert "Traceback" not in found.err
