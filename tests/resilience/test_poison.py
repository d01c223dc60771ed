"""Bad readings among good ones: each is set aside with its reason and bytes, and harms no other."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import ServiceProcess
from tests.support import eventually

MESSAGES = 10_000
POISON = {
    b"not json": "not_json",
    b'{"n": 1': "not_json",
    b"": "empty",
    b"{}": "empty",
    b'{"level": 1}': "missing",
    b'{"n": "7"}': "type",
    b'{"n": true}': "type",
    b'{"n": 1.5}': "type",
    b'{"n": 1000000000}': "range",
    b'{"n": NaN}': "type",
    b"[1, 2]": "not_json",
    b'{"n": 1, "text": "\xff\xfe"}': "not_utf8",
}
ODD_TOPICS = (
    "numbered/rack 1",
    "numbered/a,b=c",
    'numbered/"quoted"',
    "numbered/\u00fc\u6e29\u5ea6",
    "numbered/back\\slash\\",
)
CONFIG: dict[str, Any] = {
    "models": {
        "numbered": {"fields": {"n": {"type": "int", "required": True, "max": 100_000}, "level": {"min": 0, "max": 10}}}
    },
    "routes": [{"topic": "numbered/{source}", "model": "numbered", "bucket": "Numbered"}],
}


def command(service: ServiceProcess, *words: str) -> list[Any]:
    """What a command of ours answers in JSON, an item a line."""
    words = (*words, "--json", "--config", str(service.folder / "config.yaml"))
    answer = subprocess.run([sys.executable, "-m", "ingestor", *words], capture_output=True, check=True, timeout=60)
    return [json.loads(line) for line in answer.stdout.splitlines()]


@pytest.mark.long
def test_one_in_a_hundred_is_poison(tmp_path: Path) -> None:
    """Every good reading is stored and every bad one is set aside with its reason and its bytes."""
    kinds = list(POISON)
    bad = {number: kinds[number // 100 % len(kinds)] for number in range(0, MESSAGES, 100)}
    good = set(range(MESSAGES)) - bad.keys()
    messages = [
        (ODD_TOPICS[number % len(ODD_TOPICS)], bad.get(number, b'{"n": %d, "other": null, "level": null}' % number))
        for number in range(MESSAGES)
    ]
    with (
        Mosquitto(tmp_path) as broker,
        ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config=CONFIG) as service,
    ):
        with Publisher(broker.port) as publisher:
            publisher.publish(messages)
        accounts = service.wait_until_settled(MESSAGES)
        letters = eventually(lambda: saved_letters(service, len(bad)))

        assert (accounts["stored"], accounts["set_aside"]) == (len(good), len(bad))
        assert accounts["reasons"] == Counter(POISON[payload] for payload in bad.values())
        assert Counter(letter_payload(letter) for letter in letters) == Counter(bad.values())
        assert all(POISON[letter_payload(letter)] == letter["reason"] for letter in letters)
        with service.bucket("Numbered") as bucket:
            assert {n for (n,) in bucket.execute("SELECT n FROM numbered")} == good
            sources = {source for (source,) in bucket.execute("SELECT DISTINCT source FROM numbered")}
        assert sources == {topic.removeprefix("numbered/") for topic in ODD_TOPICS}


def saved_letters(service: ServiceProcess, count: int) -> list[Any]:
    """The dead letters, once all of them are on disk."""
    letters = command(service, "deadletters", "list", "--limit", "0")
    return letters if len(letters) >= count else []


def letter_payload(letter: dict[str, Any]) -> bytes:
    """Its bytes as they came."""
    if "payload_hex" in letter:
        return bytes.fromhex(letter["payload_hex"])
    payload: str = letter["payload"]
    return payload.encode()


def test_a_bad_field_leaves_the_rest_and_is_stored_after_the_model_was_mended(tmp_path: Path) -> None:
    """What a too narrow range set aside is stored by `deadletters replay`, at its first time of receipt."""
    with Mosquitto(tmp_path) as broker:
        service = ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}, config=CONFIG)
        with service, Publisher(broker.port) as publisher:
            publisher.publish([("numbered/a", b'{"n": 1, "level": 12}'), ("numbered/a", b'{"n": 200000}')])
            service.wait_until_settled(2)
            service.stop()
        letters = command(service, "deadletters", "list")
        mended = json.loads(json.dumps(CONFIG))
        mended["models"]["numbered"]["fields"] = {
            "n": {"type": "int", "required": True},
            "level": {"min": 0, "max": 20},
        }
        service.configure({"mqtt": {"url": broker.url}, "web": {"port": service.web_port}, **mended})
        marked = command(service, "deadletters", "replay")
        with service:
            accounts = eventually(lambda: (store := service.store()) and store["stored"] == 2 and store)
            service.stop()

        assert [(letter["reason"], letter["fields"], letter["fate"]) for letter in letters] == [
            ("range", "level", "stored"),
            ("range", "", "set_aside"),  # without its required field, all of it
        ]
        assert marked == [{"marked": 2}]
        assert accounts
        assert command(service, "deadletters", "list") == []
        with service.bucket("Numbered") as bucket:
            rows = bucket.execute("SELECT n, level, time_ns FROM numbered ORDER BY n").fetchall()
        assert rows == [(1, 12.0, letters[0]["received_ns"]), (200_000, None, letters[1]["received_ns"])]


@pytest.mark.long
def test_large_payloads_and_those_over_the_limit(tmp_path: Path) -> None:
    """A payload of 1 MiB is stored; of one over the size limit the head is set aside; neither harms the others."""
    filler = b" " * 2**20
    with (
        Mosquitto(tmp_path) as broker,
        ServiceProcess(tmp_path / "service", mqtt={"url": broker.url, "max_packet": "2MiB"}, config=CONFIG) as service,
    ):
        with Publisher(broker.port) as publisher:
            for number in range(20):
                padding = filler * (3 if number % 5 == 0 else 1)
                publisher.publish([("numbered/a", b'{"n": %d}' % number + padding)])
        accounts = service.wait_until_settled(16)
        status = eventually(lambda: (found := service.status()) and found["intake"]["skipped"] == 4 and found)
        letters = eventually(lambda: saved_letters(service, 4))

        assert status
        assert accounts["stored"] == 16
        assert status["intake"]["received"] == 20
        assert {letter["reason"] for letter in letters} == {"too_large"}
        assert {letter["payload"].strip() for letter in letters} == {f'{{"n": {n}}}' for n in (0, 5, 10, 15)}
