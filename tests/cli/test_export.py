"""`ingestor export`."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from ingestor.cli import export as export_module
from ingestor.stores.sqlite import SqliteStore
from tests.cli.commands import Cli, ingestor, write_config
from tests.export.samples import climate, door, store_all
from tests.servers.influxdb import InfluxDB
from tests.support import ROOT


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of a store with two measurements."""
    store_all(SqliteStore(tmp_path / "data/stores/local"), [*climate(60), *door(4)])
    return write_config(tmp_path, stores={"local": {"kind": "sqlite"}})


def test_a_file_and_a_sentence(cli: Cli, config: Path, tmp_path: Path) -> None:
    """How many readings of what, how large, and that the store counts as many."""
    found = cli("export", "Farm", tmp_path / "farm.lp.gz", "--config", config)

    assert (found.code, found.err) == (0, "")
    assert "farm.lp.gz: 64 readings of climate, door, " in found.out
    assert found.out.endswith("; the store counts as many\n")


def test_for_programs(cli: Cli, config: Path, tmp_path: Path) -> None:
    """The same as an object."""
    found = cli("export", "Farm", tmp_path / "door.csv", "--measurement", "door", "--json", "-c", config).json

    assert (found["rows"], found["values"], found["measurements"], found["refused"]) == (4, 4, ["door"], 0)
    assert found["bytes"] == (tmp_path / "door.csv").stat().st_size


def test_time_tags_and_fields_narrow_it(cli: Cli, config: Path, tmp_path: Path) -> None:
    """A tag said twice takes either value."""
    file = tmp_path / "some.csv"
    words = ["--measurement", "climate", "--start", "2026-01-31T12:00:10Z", "--stop", "2026-01-31T12:00:40Z"]
    tags = ["--where", "rack=rack1", "--where", "rack=rack2", "--where", "room="]
    found = cli("export", "Farm", file, *words, *tags, "--field", "on", "--field", "humidity", "--config", config)

    assert found.code == 0, found.err
    header, *lines = file.read_text().splitlines()
    assert header == "time,measurement,rack:tag,room:tag,humidity:float:%,on:bool"
    assert all(",rack2,," in line for line in lines)
    assert 0 < len(lines) <= 10


def test_the_last_days_of_something_old_are_empty(cli: Cli, config: Path, tmp_path: Path) -> None:
    """A file under its header."""
    file = tmp_path / "some.csv"
    old = [point._replace(time_ns=5) for point in door(1, bucket="Old")]
    store_all(SqliteStore(tmp_path / "data/stores/local"), old)

    assert "0 readings of door" in cli("export", "Old", file, "--last", "3d", "--config", config).out
    assert file.read_text() == "time,measurement,gate:tag,open:bool\n"


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["Farm", "farm.csv"], 1, "has several measurements, climate, door"),
        (["Farm", "farm.xlsx"], 1, "the name says what is written"),
        (["Barn", "farm.csv"], 1, "there is no bucket 'Barn'"),
        (["Farm", "farm.lp", "--where", "rack"], 2, "is not TAG=VALUE"),
        (["Farm", "farm.lp", "--last", "3 days"], 2, "a length of time is"),
        (["Farm", "farm.lp", "--last", "3d", "--start", "2026-01-01"], 2, "not both"),
        (["Farm", "farm.lp", "--store", "other"], 1, "no store is called 'other'"),
        (["Farm", "nowhere/farm.lp"], 1, "farm.lp: No such file"),
    ],
)
def test_what_cannot_be_is_told(cli: Cli, config: Path, tmp_path: Path, words: list[str], code: int, why: str) -> None:
    """In words for people, and no file is left."""
    bucket, file, *more = words
    (tmp_path / "out").mkdir()
    found = cli("export", bucket, tmp_path / "out" / file, *more, "--config", config)
    assert (found.code, found.out) == (code, "")
    assert why in " ".join(found.err.replace("│", " ").split())
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(cli: Cli, config: Path, tmp_path: Path) -> None:
    """It may be the only copy."""
    file = tmp_path / "farm.lp"
    file.write_text("mine")

    found = cli("export", "Farm", file, "--config", config)
    assert (found.code, file.read_text()) == (1, "mine")
    assert "is there already: say --force" in found.err
    assert cli("export", "Farm", file, "--force", "--config", config).code == 0
    assert file.read_text() != "mine"


def test_a_name_that_no_file_can_have_is_told(cli: Cli, config: Path, tmp_path: Path) -> None:
    """One line with the system's reason."""
    found = cli("export", "Farm", tmp_path / ("x" * 300 + ".csv"), "--config", config)

    assert found.code == 1
    assert "File name too long" in found.err
    assert found.lines == []


def test_what_line_protocol_cannot_carry_is_told(cli: Cli, config: Path, tmp_path: Path) -> None:
    """Ends 1, with the reason; the rest is written."""
    (bad,) = climate(1, bucket="Bad")
    of = type(bad.series)("Bad", "two\nlines", {}, types=bad.series.types)
    store_all(SqliteStore(tmp_path / "data/stores/local"), [*door(2, bucket="Bad"), bad._replace(series=of)])
    found = cli("export", "Bad", tmp_path / "bad.lp", "--config", config)

    assert found.code == 1
    assert "5 values could not be written as line protocol; the first: measurement" in found.err


def test_without_pyarrow_text_of_the_embedded_store_is_written(
    cli: Cli, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a small computer; what needs it says so."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(export_module, "find_spec", lambda _: None)
    influx = write_config(tmp_path / "influx", stores={"far": {"kind": "influxdb", "url": "http://x", "token": "t"}})

    assert cli("export", "Farm", tmp_path / "farm.lp.gz", "--config", config).code == 0
    assert cli("export", "Farm", tmp_path / "d.csv", "--measurement", "door", "--config", config).code == 0
    found = cli("export", "Farm", tmp_path / "other.csv", "--config", influx)
    assert (found.code, "reading InfluxDB needs pyarrow" in found.err) == (1, True)


def test_pyarrow_is_not_even_loaded_for_text(config: Path, tmp_path: Path) -> None:
    """A process that cannot have it exports all the same."""
    code = (
        "import sys; sys.modules['pyarrow'] = None; from ingestor.cli import main;"
        f"sys.argv = ['ingestor', 'export', 'Farm', {str(tmp_path / 'farm.lp')!r}, '--config', {str(config)!r}]; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_a_real_influxdb_through_the_command(cli: Cli, influxdb: InfluxDB, tmp_path: Path) -> None:
    """The configuration says where."""
    influxdb.create_bucket("cli-export")
    influxdb.write("cli-export", "m,rack=r1 t=1.5,n=2i 1769860800000000000", "m,rack=r2 t=2 1769860801000000000")
    config = write_config(tmp_path, stores={"far": influxdb.store()})

    assert cli("export", "cli-export", tmp_path / "farm.csv", "--config", config).code == 0
    assert (tmp_path / "farm.csv").read_text() == (
        "time,measurement,rack:tag,n:int,t:float\n"
        "2026-01-31T12:00:00.000000000Z,m,r1,2,1.5\n2026-01-31T12:00:01.000000000Z,m,r2,,2.0\n"
    )


def test_on_a_terminal_there_is_a_bar(config: Path, tmp_path: Path) -> None:
    """With the readings and the time that is left; in a pipe there is none."""
    command = [sys.executable, "-m", "ingestor", "export", "Farm", str(tmp_path / "farm.lp"), "--config", str(config)]
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, timeout=50, check=True)
        shown = os.read(ours, 100_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "64 readings" in shown
    assert "farm.lp" in shown
    assert b"the store counts as many" in done.stdout

    piped = ingestor("export", "Farm", tmp_path / "again.lp", "--json", "--config", config)
    assert (piped.code, piped.err) == (0, "")
    assert json.loads(piped.out)["rows"] == 64
