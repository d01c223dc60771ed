"""Answers as files."""

import gzip
import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ingestor.cli.readfiles import Written, suffix_for, write, write_whole
from ingestor.cli.readings import Answer
from ingestor.files.table import Block, FileError
from tests.plot.samples import LAYOUT, block
from tests.support import run

LINE = '{"time": "1970-01-01T00:00:00.000000001Z", "measurement": "climate", '


async def blocks(*of: Block) -> AsyncGenerator[Block, None]:
    """These."""
    for one in of:
        yield one


def written(suffix: str, target: Path | None, *of: Block) -> Written:
    """What is told of a file with these in it; without any, a reading with a value and one without tags."""
    given = of or (block([1], "rack1", [20.5], [True], ["on"]), block([2], None, [None], [False]))
    return run(write(Answer(LAYOUT, blocks(*given)), suffix, target))


def test_json_is_an_object_a_line(tmp_path: Path) -> None:
    """What is not there is left out; types are kept."""
    assert written(".json", tmp_path / "a.json") == Written(2, 0, "")
    first, second = (tmp_path / "a.json").read_text().splitlines()

    assert first.startswith(LINE)
    assert json.loads(first)["fields"] == {"temperature": 20.5, "running": True, "state": "on"}
    assert (json.loads(second)["tags"], json.loads(second)["fields"]) == ({}, {"running": False})


def test_csv_line_protocol_and_parquet(tmp_path: Path) -> None:
    """As ingestor export writes them."""
    for suffix in (".csv", ".csv.gz", ".lp", ".parquet"):
        assert written(suffix, tmp_path / f"a{suffix}").rows == 2
    csv = (tmp_path / "a.csv").read_text()

    assert csv.splitlines()[0].startswith("time,measurement,rack:tag,temperature:float:°C,")
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()).decode() == csv
    assert "climate,rack=rack1 " in (tmp_path / "a.lp").read_text()
    assert pq.read_table(tmp_path / "a.parquet")["temperature"].to_pylist() == [20.5, None]


def test_to_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The same bytes, and nothing else."""
    written(".parquet", None)
    parquet = capfdbinary.readouterr().out
    written(".json", None)

    assert parquet[:4] == parquet[-4:] == b"PAR1"
    assert capfdbinary.readouterr().out.decode().startswith(LINE)


def test_no_rows_are_a_file_too(tmp_path: Path) -> None:
    """With its header, or its schema."""
    for suffix in (".csv", ".json", ".lp", ".parquet"):
        assert written(suffix, tmp_path / f"a{suffix}", block([], None)) == Written(0, 0, "")

    assert (tmp_path / "a.csv").read_text().count("\n") == 1
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 0


def test_what_a_format_cannot_carry_is_counted(tmp_path: Path) -> None:
    """With the reason of the first."""
    found = written(".lp", tmp_path / "a.lp", block([1], "a\nb", [20.5]), block([2], "b", [1.0]))

    assert (found.rows, found.refused, bool(found.why)) == (2, 1, True)


def test_half_a_file_is_no_file(tmp_path: Path) -> None:
    """What was there before stays, and nothing of the other."""

    async def broken() -> AsyncGenerator[Block, None]:
        yield block([1], "rack1", [20.5])
        raise FileError("gone")

    (tmp_path / "a.csv").write_text("before", encoding="utf-8")
    with pytest.raises(FileError, match="gone"):
        run(write(Answer(LAYOUT, broken()), ".csv", tmp_path / "a.csv"))

    assert (tmp_path / "a.csv").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    write_whole(tmp_path / "a.csv", b"after")
    assert (tmp_path / "a.csv").read_text() == "after"


@pytest.mark.parametrize(
    ("format_", "output", "suffix"),
    [
        (None, None, None),
        ("csv", None, ".csv"),
        ("csv", "a.dat", ".csv"),
        ("csv", "a.gz", ".csv.gz"),
        (None, "a.csv.gz", ".csv.gz"),
        (None, "a.json", ".json"),
        (None, "a.parquet", ".parquet"),
    ],
)
def test_the_option_or_the_name_tells_the_format(format_: str | None, output: str | None, suffix: str | None) -> None:
    """The option counts more."""
    assert suffix_for(format_, output and Path(output)) == suffix  # type: ignore[arg-type] # a text is a name


def test_other_formats_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With those that there are; Parquet, where it cannot be made."""
    with pytest.raises(FileError, match=r"--format 'xls': it is one of csv, json, lp, parquet"):
        suffix_for("xls", None)
    with pytest.raises(FileError, match=r"a.xls: --format is one of"):
        suffix_for(None, Path("a.xls"))
    with pytest.raises(FileError, match=r"compressed \(.gz\) csv and lp alone"):
        suffix_for("json", Path("a.json.gz"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(FileError, match="needs pyarrow"):
        suffix_for("parquet", None)
