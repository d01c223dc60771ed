"""`ingestor copy`."""

import importlib.util
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingestor.copying import job
from ingestor.copying.notes import BucketState, Notes, Task
from ingestor.ports import BucketInfo, FieldType, Point, Series
from ingestor.stores.sqlite import SqliteStore, bucket_path
from ingestor.stores.sqlitebuckets import SqliteBuckets
from tests.cli.commands import Cli, ingestor, write_config
from tests.copying.ends import START_NS, THREE, fill, stored, write
from tests.support import run

FARM = THREE[1]
STORES = {"old": {"path": "a"}, "new": {"path": "b"}, "same": {"path": "b/../a"}}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with two stores, the first of them filled."""
    run(fill(tmp_path / "a", *THREE))
    return write_config(tmp_path, stores=STORES)


def test_all_buckets_move_and_are_compared(cli: Cli, config: Path) -> None:
    """With --verify it copies and then says that both are equal."""
    result = cli("copy", "old", "new", "--verify", "--config", config)

    assert (result.code, result.err) == (0, "")
    assert [line.split()[-1] for line in result.lines[1:4]] == ["made"] * 3
    assert result.lines[4].startswith("equal: 2,")
    assert run(stored(config.parent / "b", FARM)) == run(stored(config.parent / "a", FARM))
    assert not list((config.parent / "data" / "copy").iterdir())


def test_json_says_it_for_programs(cli: Cli, config: Path) -> None:
    """One object: both stores, what became of each bucket, and what the comparison found."""
    result = cli("copy", "old", "new", FARM, "--bucket", f"{FARM}=Other", "--verify", "--json", "--config", config)

    assert result.code == 0
    assert result.json["from"] == f"sqlite:{config.parent}/a"
    first, second = result.json["buckets"]
    assert first == {
        **first, "bucket": FARM, "to": FARM, "made": True, "older": {}, "set_aside": {}, "left_out": {}, "fault": None,
    }  # fmt: skip
    assert first["measurements"] == {"climate": first["points"] - 1, "old": 1}
    assert (second["to"], second["points"]) == ("Other", first["points"])
    verified = result.json["verified"]
    assert (verified["equal"], verified["differ"], verified["differences"]) == (True, 0, [])


def test_addresses_need_no_configuration(tmp_path: Path) -> None:
    """Two addresses are enough; in a pipe nothing but the outcome is said."""
    run(fill(tmp_path / "a", FARM))

    result = ingestor("copy", "sqlite:a", f"sqlite:{tmp_path}/b", "--last", "100w", cwd=tmp_path)

    assert (result.code, result.err) == (0, "")
    assert result.lines[0].split() == ["bucket", "to", "points"]


def test_only_comparing_copies_nothing(cli: Cli, config: Path) -> None:
    """--verify-only writes nothing; what differs is named, and it ends with 1."""
    shutil.copytree(config.parent / "a", config.parent / "b")
    with closing(sqlite3.connect(bucket_path(config.parent / "b", THREE[0]))) as file, file:
        file.execute("UPDATE points_1 SET f1 = f1 + 1 WHERE series = 1 AND time = ?", (START_NS,))
    before = run(stored(config.parent / "b", THREE[0]))

    result = cli("copy", "old", "new", "--verify-only", "--config", config)

    assert result.code == 1
    assert result.lines[0].startswith("not equal: 1 difference, ")
    assert result.lines[2].split()[3:5] == ["rack=rack0", "2023-11-14"]
    assert run(stored(config.parent / "b", THREE[0])) == before


def test_what_is_not_copied_is_named(cli: Cli, config: Path) -> None:
    """Values of another type and such that would not be kept are named with their counts, and it ends with 1."""

    async def prepare() -> None:
        async with SqliteBuckets(config.parent / "b") as buckets, SqliteStore(config.parent / "b") as store:
            await buckets.create(BucketInfo(FARM, "", 50 * 365 * 86_400.0))
            odd = Series(FARM, "climate", {}, types={"count": FieldType.TEXT})
            await write(store, [Point(odd, START_NS, {"count": "x"})])

    run(prepare())

    result = cli("copy", "old", "new", FARM, "Nope", "--config", config)

    assert result.code == 1
    older, aside, gone = result.err.splitlines()
    assert older == f"ingestor: {FARM} old: 1 value older than {FARM} keeps, left out"
    assert aside.endswith("values set aside: count is int here, but stored as text")
    assert "bucket Nope: there is no bucket 'Nope'" in gone


def test_more_differences_than_a_screen(cli: Cli, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first are shown, and how many more there are."""
    monkeypatch.setattr("ingestor.cli.copy._SHOWN", 1)

    result = cli("copy", "old", "new", "--verify-only", "--config", config)

    assert result.code == 1
    assert result.lines[-1] == "and 2 more; --json names the first 3"


def test_begun_and_begun_anew(cli: Cli, config: Path) -> None:
    """What was begun goes on as it was planned, unless --anew forgets that."""
    words = ("copy", "old", "new", FARM, "--config", config)
    asked: dict[str, object] = {
        "from": f"sqlite:{config.parent}/a",
        "to": f"sqlite:{config.parent}/b",
        "buckets": [(FARM, FARM)],
    }
    rest: dict[str, object] = {"measurement": None, "last": None, "start": None, "stop": None}
    notes = Notes(config.parent / "data" / "copy", asked | rest)
    notes.write([BucketState(FARM, FARM, [Task("old", -(2**62), 2**62, 2**62, points=7)])])

    again = cli(*words, "--json")
    notes.write([BucketState(FARM, FARM, [Task("old", -(2**62), 2**62, 2**62, points=7)])])
    anew = cli(*words, "--json", "--anew")

    assert again.json["buckets"][0]["measurements"] == {"old": 7}
    assert anew.json["buckets"][0]["measurements"].keys() == {"climate", "old"}


def test_a_failed_bucket_keeps_no_other_from_what_is_new(cli: Cli, config: Path) -> None:
    """With the next start, buckets that were copied are copied again with what came since; the failed one is tried."""
    words = ("copy", "old", "new", THREE[0], "Nope", "--json", "--config", config)
    assert cli(*words).code == 1
    shutil.rmtree(config.parent / "b")

    again = cli(*words)

    assert again.code == 1
    assert run(stored(config.parent / "b", THREE[0])) == run(stored(config.parent / "a", THREE[0]))


def test_a_store_that_is_away_is_a_line(cli: Cli, config: Path) -> None:
    """A server that nobody can reach is one clear line, with no token in it."""
    result = cli("copy", "influxdb://secret-token@127.0.0.1:1/farm", "new", "Farm", "--config", config)

    assert result.code == 1
    assert len(result.err.splitlines()) == 1
    assert "127.0.0.1:1" in result.err
    assert "secret-token" not in result.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nowhere", "new"), 1, "no store is called 'nowhere'; there is new, old, same"),
        (("old", "mqtt://x"), 1, "an address of a store is sqlite:FOLDER"),
        (("old", "old"), 1, "onto itself"),
        (("old", "same"), 1, "onto itself"),
        (("old", "new", "--bucket", "x"), 2, "'x' is not OLD=NEW"),
        (("old", "new", "--last", "1x"), 2, "a length of time is"),
        (("old", "new", "--start", "2026-01-02", "--stop", "2026-01-01"), 2, "is not before"),
    ],
)
def test_wrong_use_is_said(cli: Cli, config: Path, words: tuple[str, ...], code: int, said: str) -> None:
    """What cannot be asked so is refused in words."""
    result = cli("copy", *words, "--config", config)

    assert result.code == code
    assert said in " ".join(result.err.replace("│", " ").split())


def test_without_arrow_it_says_what_to_install(cli: Cli, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pyarrow is not installed, how to install it is said."""
    monkeypatch.setattr("ingestor.cli.copy.find_spec", lambda name: None if name == "pyarrow" else importlib.util)

    result = cli("copy", "old", "new", "--config", config)

    assert result.code == 1
    assert "ingestor[reader]" in result.err


def test_a_terminal_sees_a_bar(cli: Cli, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody looks on, a bar shows the way; it is gone when all is done."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr(job, "_AIM_POINTS", 100)

    result = cli("copy", "old", "new", "--verify", "--config", config)

    assert result.code == 0
    assert "copy" in result.err
    assert "compare" in result.err
