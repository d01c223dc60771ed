"""Exports that are killed: the real command, at any moment, and on with the same words."""

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from operator import eq
from pathlib import Path

import pytest

from ingestor.ports import FieldType, Point, Series
from ingestor.stores.sqlite import SqliteStore
from tests.cli.commands import ingestor, write_config
from tests.export.samples import SECOND_NS, START_NS, store_all
from tests.importing.samples import bring_in
from tests.support import ROOT, eventually

ROWS = 1_000_000


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a store with many rows."""
    folder = tmp_path_factory.mktemp("killed")
    types = {"temperature": FieldType.FLOAT, "count": FieldType.INT}
    racks = [Series("Farm", "climate", {"rack": f"rack{number}"}, types=types) for number in range(10)]
    points = [
        Point(racks[number % 10], START_NS + number * SECOND_NS, {"temperature": number / 7, "count": number})
        for number in range(ROWS)
    ]
    store_all(SqliteStore(folder / "data/stores/local"), points)
    return write_config(folder, stores={"local": {"kind": "sqlite"}})


def values(store: Path) -> Iterator[tuple[object, ...]]:
    """All that is in the bucket of a store, series by series."""
    with closing(sqlite3.connect(store / "Farm.db")) as connection:
        yield from connection.execute("SELECT rack, time_ns, temperature, count FROM climate")


def rows_done(note: Path) -> int:
    """How many rows are finished, as the note beside the part says."""
    try:
        return int(json.loads(note.read_text())["notes"]["rows"])
    except FileNotFoundError:
        return 0


def kill_after(rows: int, delay_secs: float, command: list[str], note: Path) -> None:
    """Start it, and kill it some time after so many rows are finished."""
    process = subprocess.Popen([sys.executable, "-m", "ingestor", *command], cwd=ROOT)
    eventually(lambda: rows_done(note) >= rows or process.poll() is not None, deadline_secs=200)
    try:
        process.wait(delay_secs)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["farm.csv.gz", "farm.parquet", "farm.lp.gz"])
def test_killed_three_times_it_is_the_same_file(config: Path, tmp_path: Path, name: str) -> None:
    """The same bytes as of an export that nobody killed; and an empty store gets the same readings from it."""
    luck = random.Random()
    command = ["export", "Farm", str(tmp_path / name), "--config", str(config)]
    unbroken = ingestor("export", "Farm", tmp_path / f"unbroken-{name}", "--config", config)
    assert unbroken.code == 0, unbroken.err

    done = 0
    for share in sorted(luck.random() * 0.6 for _ in range(3)):
        kill_after(round(share * ROWS), luck.random() / 20, command, tmp_path / f"{name}.part.json")
        assert not (tmp_path / name).exists()
        assert rows_done(tmp_path / f"{name}.part.json") >= done
        done = rows_done(tmp_path / f"{name}.part.json")
    resumed = ingestor(*command)

    assert resumed.code == 0, resumed.err
    assert f"{ROWS:,} readings" in resumed.out
    assert (tmp_path / name).read_bytes() == (tmp_path / f"unbroken-{name}").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, f"unbroken-{name}"]

    summary = bring_in(tmp_path / name, SqliteStore(tmp_path / "to"), timeout_secs=300)
    assert summary == (ROWS, 0, 0, {}, None)
    assert all(map(eq, values(config.parent / "data/stores/local"), values(tmp_path / "to")))
