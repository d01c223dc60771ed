"""`ingestor import`."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestor.config import Config
from ingestor.export import Choice, SqliteRows
from ingestor.ports import FieldType
from tests.cli.commands import Cli, read_config, write_config
from tests.export.samples import climate, export, farm, lines
from tests.servers.influxdb import InfluxDB

NS = 1_769_860_800_000_000_000
FOREIGN = "When;Rack;Temp;Note\n31/01/2026;r1;20;x\n2026-01-31 20:00;r1;20;x\n2026-01-31 20:01;r2;200;y\n"
MAPPING = ("--time", "When", "--tag", "Rack", "--measurement", "air", "--bucket", "Lab")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of an empty store."""
    return write_config(tmp_path, stores={"local": {"kind": "sqlite"}}, timezone="Asia/Singapore")


def stored(config: Path, bucket: str = "Lab") -> list[str]:
    """What is in a bucket, as lines of line protocol."""
    loaded: Config = read_config(config)
    target = config.parent / "stored.lp"
    export(SqliteRows(loaded.store_path("local")), target, choice=Choice(bucket))
    found = lines(target)
    target.unlink()
    return sorted(filter(None, found))


def test_what_was_exported_is_imported(cli: Cli, config: Path, tmp_path: Path) -> None:
    """Into a bucket of any name; once more, and nothing changes."""
    export(farm(tmp_path / "from", climate(300)), tmp_path / "farm.csv.gz")

    for _ in range(2):
        found = cli("import", tmp_path / "farm.csv.gz", "--bucket", "Lab", "--config", config)
        assert (found.code, found.err) == (0, "")
        assert found.out.endswith("farm.csv.gz: 300 readings stored in Lab\n")
    found = cli("import", tmp_path / "farm.csv.gz", "--bucket", "Lab", "--json", "--config", config)
    assert found.json == {"stored": 300, "rejected": 0, "shortened": 0, "reasons": {}, "file": None}


def test_a_foreign_file_with_its_faults(cli: Cli, config: Path, tmp_path: Path) -> None:
    """Times are of the zone of the configuration; what was rejected is told with reasons and place. Ends 1."""
    (tmp_path / "air.csv").write_text(FOREIGN)
    found = cli("import", tmp_path / "air.csv", *MAPPING, "--config", config)

    assert found.code == 1
    assert "2 readings stored in Lab" in found.out
    assert "1 line could not be stored" in found.err
    assert "1 x time '31/01/2026' is neither ISO 8601" in found.err
    assert "air.rejected.csv: mend them there, and import that" in found.err
    assert stored(config) == [
        f'air,Rack=r1 Note="x",Temp=20.0 {NS}',
        f'air,Rack=r2 Note="y",Temp=200.0 {NS + 60 * 10**9}',
    ]


def test_fields_types_and_zone_can_be_said(cli: Cli, config: Path, tmp_path: Path) -> None:
    """A column with its type, and only those columns."""
    (tmp_path / "air.csv").write_text(FOREIGN.replace("31/01/2026;r1;20;x\n", ""))
    found = cli("import", tmp_path / "air.csv", *MAPPING, "--field", "Temp=int", "--zone", "UTC", "--config", config)

    assert found.code == 0, found.err
    assert stored(config)[0] == f"air,Rack=r1 Temp=20i {NS + 8 * 3600 * 10**9}"


def test_a_model_of_the_configuration_judges(cli: Cli, tmp_path: Path) -> None:
    """Out of range is left out; --precision says what numbers count."""
    models = {"room": {"fields": {"Temp": {"type": FieldType.FLOAT.value, "max": 50}, "Note": {"type": "text"}}}}
    config = write_config(tmp_path, stores={"local": {"kind": "sqlite"}}, models=models)
    (tmp_path / "air.lp").write_text(
        f'air,Rack=r1 Temp=20i {NS // 10**9}\nair,Rack=r2 Temp=200,Note="y" {NS // 10**9}\n'
    )
    words = ("--bucket", "Lab", "--model", "room", "--precision", "s")
    found = cli("import", tmp_path / "air.lp", *words, "--config", config)

    assert found.code == 1
    assert "1 reading could not be stored in full: wrong fields were left out" in found.err
    assert stored(config) == [f"air,Rack=r1 Temp=20.0 {NS}", f'air,Rack=r2 Note="y" {NS}']


@pytest.mark.parametrize(
    ("name", "more", "code", "why"),
    [
        ("nothing.csv", [], 1, "nothing.csv: No such file"),
        ("air.xlsx", [], 1, "the name says what it is"),
        ("air.csv", [], 1, "there is no column 'time' among When, Rack, Temp, Note"),
        ("air.csv", ["--field", "Temp=number"], 2, "a type is one of float, int, text, bool"),
        ("air.csv", ["--precision", "h"], 2, "--precision is one of s, ms, us, ns"),
        ("air.csv", ["--zone", "Mars"], 2, "a time zone is a name"),
        ("air.csv", ["--model", "rain"], 1, "--model rain: no model is called rain"),
        ("air.csv", ["--store", "far"], 1, "no store is called 'far'"),
        ("empty.csv", [], 1, "empty.csv: there is nothing in it to import"),
    ],
)
def test_what_cannot_be_is_told(
    cli: Cli, config: Path, tmp_path: Path, name: str, more: list[str], code: int, why: str
) -> None:
    """In words for people."""
    (tmp_path / "air.csv").write_text(FOREIGN)
    (tmp_path / "empty.csv").touch()
    found = cli("import", tmp_path / name, "--bucket", "Lab", *more, "--config", config)

    assert (found.code, found.out) == (code, "")
    assert why in " ".join(found.err.replace("│", " ").split())


def test_a_real_influxdb_through_the_command(cli: Cli, influxdb: InfluxDB, tmp_path: Path) -> None:
    """A bucket that is missing is told in one line."""
    influxdb.create_bucket("cli-import")
    config = write_config(tmp_path, stores={"far": influxdb.store()})
    (tmp_path / "a.lp").write_text(f"m t=1.5 {NS}\nm t=x {NS}\n")

    found = cli("import", tmp_path / "a.lp", "--bucket", "cli-import", "--config", config)
    assert (found.code, found.out.split(": ")[1]) == (1, "1 reading stored in cli-import\n")
    assert influxdb.values("cli-import", "m", "t") == ["1.5"]

    found = cli("import", tmp_path / "a.lp", "--bucket", "no-such", "--config", config)
    assert found.code == 1
    assert "no-such" in found.err
    assert len(found.err.splitlines()) == 1


def test_many_reasons_are_told_in_few_lines(cli: Cli, config: Path, tmp_path: Path) -> None:
    """The rest is in the file."""
    (tmp_path / "a.lp").write_text("".join(f"m t=x{number} {NS}\n" for number in range(9)))
    found = cli("import", tmp_path / "a.lp", "--bucket", "Lab", "--config", config)

    assert "9 lines could not be stored" in found.err
    assert "and 4 other reasons" in found.err


def test_a_header_alone_is_no_fault(cli: Cli, config: Path, tmp_path: Path) -> None:
    """An export of a time without readings is such a file."""
    (tmp_path / "a.csv").write_text("time,measurement,t:float\n")
    found = cli("import", tmp_path / "a.csv", "--bucket", "Lab", "--config", config)

    assert (found.code, found.err) == (0, "")
    assert found.out.endswith("a.csv: 0 readings stored in Lab\n")


def test_names_of_strangers_do_not_command_the_terminal(cli: Cli, config: Path, tmp_path: Path) -> None:
    """Each reason stays one line, whatever a column is called."""
    (tmp_path / "a.csv").write_text('time,measurement,"\x1b[31mt\nemp:float"\n2026-01-31,\x1b]0;m\x07,x\n')
    found = cli("import", tmp_path / "a.csv", "--bucket", "Lab", "--config", config)

    assert "  1 x \\x1b[31mt emp: 'x' is no finite number\n" in found.err
    assert "\x1b" not in found.out + found.err


def test_rows_that_cannot_be_mended_are_only_shown(cli: Cli, config: Path, tmp_path: Path) -> None:
    """Of Parquet there are no lines."""
    pq.write_table(pa.table({"time": [NS, None], "t": [1.0, 2.0]}), tmp_path / "a.parquet")
    found = cli("import", tmp_path / "a.parquet", "--bucket", "Lab", "--measurement", "m", "--config", config)

    assert found.code == 1
    assert "all of them are in" in found.err
    assert found.err.endswith("a.rejected.txt: see what they are\n")
