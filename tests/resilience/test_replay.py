"""What was corrected is corrected in what is stored: replays into real stores, killed in the middle."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingestor.ports import Value
from ingestor.stores.memory import Key
from tests.cli.commands import ingestor
from tests.servers.influxdb import ORG, TOKEN, InfluxDB
from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import ServiceProcess
from tests.stores.influxdb.reading import Org, points
from tests.stores.reading import read_buckets
from tests.support import eventually

NOON = 1_704_168_000
"""A Tuesday's in Singapore, of 2024."""
NOON_WORDS = "2024-01-02T12:00:00+08:00"
READINGS = 4_000  # of each device, a second apart, half of them before noon
DEVICES = ("probe-1", "probe-2", "probe-3")
STORES = ("local", "farm")

Devices = Sequence[Mapping[str, object]]


def config(server: InfluxDB, mqtt: str, port: int, devices: Devices) -> dict[str, Any]:
    """Both stores, a journal that keeps what they have, and a table of devices."""
    route = {
        "topic": "probes/{id}", "model": "probe", "bucket": "Probes", "device": "{id}",
        "time": {"field": "t", "unit": "s"},
    }  # fmt: skip
    return {
        "mqtt": {"url": mqtt},
        "web": {"port": port},
        "routes": [route],
        "models": {"probe": {"fields": {"value": {"required": True}, "n": {"type": "int"}}}},
        "devices": [dict(row) for row in devices],
        "stores": {"local": {"kind": "sqlite"}, "farm": server.store(create_buckets=True)},
        "journal": {"keep": "30d"},
    }


def row(name: str, rack: str, *, factor: float = 1.0, **more: object) -> dict[str, object]:
    """What holds for a device; two of one rack are one series."""
    return {"id": name, "tags": {"rack": rack, "id": "probe"}, "calibration": {"value": {"factor": factor}}, **more}


AS_SET_UP = [row("probe-1", "rack1"), row("probe-2", "rack2"), row("probe-3", "rack3", factor=2.0)]
CORRECTED = [
    row("probe-1", "rack1", until=NOON_WORDS),  # and then it was swapped
    row("probe-1", "rack4", factor=0.5, **{"from": NOON_WORDS}),
    row("probe-2", "rack3"),  # these two were mixed up
    row("probe-3", "rack2", factor=3.0),
]


def rack_and_factor(name: str, second: int) -> tuple[str, float]:
    """What a reading should come to once all is corrected."""
    if name == "probe-1":
        return ("rack1", 1.0) if second < NOON else ("rack4", 0.5)
    return {"probe-2": ("rack3", 1.0), "probe-3": ("rack2", 3.0)}[name]


def readings() -> Iterator[tuple[str, bytes]]:
    """What the devices send."""
    for number in range(READINGS):
        for at, name in enumerate(DEVICES):
            value = {"t": NOON - READINGS // 2 + number, "value": at + 1.0, "n": number}
            yield f"probes/{name}", json.dumps(value).encode()


def expected() -> dict[Key, dict[str, Value]]:
    """All that should be stored in the end."""
    found: dict[Key, dict[str, Value]] = {}
    for number in range(READINGS):
        second = NOON - READINGS // 2 + number
        for at, name in enumerate(DEVICES):
            rack, factor = rack_and_factor(name, second)
            key = ("Probes", "probe", (("id", "probe"), ("rack", rack)), second * 10**9)
            found[key] = {"value": (at + 1.0) * factor, "n": number}
    return found


def phases(service: ServiceProcess) -> dict[str, tuple[str, int]]:
    """How far the replay of each store is: phase, and messages in it."""
    path = service.folder / "data" / "state.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as state:
        rows = state.execute('SELECT store, phase, position - "begin" FROM journal_replays')
        return {store: (phase, done) for store, phase, done in rows}


def reached(service: ServiceProcess, phase: str) -> bool:
    """Whether the slower one of the replays is in the middle of a phase."""
    now, done = phases(service)["farm"]
    assert now in {"asked", "delete", phase}, "it went on before it could be killed"
    return now == phase and done > 0


@pytest.mark.long
@pytest.mark.timeout(240)
def test_a_swapped_device_and_corrected_rows_reach_what_is_stored(tmp_path: Path, influxd: str) -> None:
    """On Friday all of Tuesday is replayed: tags and calibration are those of their time, whatever dies in between."""
    folder = tmp_path / "influxdb"
    folder.mkdir()
    with (
        InfluxDB(influxd, folder) as server,
        Mosquitto(tmp_path) as broker,
        ServiceProcess(tmp_path / "service", mqtt={"url": broker.url}) as service,
        Publisher(broker.port) as publisher,
    ):
        service.stop()
        service.configure(config(server, broker.url, service.web_port, AS_SET_UP))
        service.start()
        sent = publisher.publish(readings())
        for store in STORES:
            service.wait_until_settled(sent, store=store)
        service.stop()
        service.configure(config(server, broker.url, service.web_port, CORRECTED))
        asked = ingestor("journal", "replay", "--since", "1h", "--config", service.folder / "config.yaml")
        for phase in ("delete", "write"):
            service.start(wait=False)
            eventually(lambda: reached(service, phase), deadline_secs=30)  # noqa: B023 - waited for here
            service.kill()
        service.start()
        eventually(lambda: {phase for phase, _ in phases(service).values()} == {"done"}, deadline_secs=120)
        accounts = [service.store(store) for store in STORES]
        service.stop()
        remote = points(Org(server.url, ORG, TOKEN), "Probes")
        local = read_buckets(service.folder / "data" / "stores" / "local")

        assert asked.code == 0, asked.err
        assert [one["stored"] for one in accounts] == [sent, sent]
        assert [one["journaled"] for one in accounts] == [sent, sent]
        assert remote == expected()
        assert local == expected()
