"""The readings of a file, whatever its format."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestor.files.sheet import Roles
from ingestor.files.table import FileError, Reading
from ingestor.importing.sources import Options, Readings, open_readings

ANNOTATED = (
    "#datatype,string,long,dateTime:RFC3339,double,string,string\n#group,false,false,false,false,true,true\n"
    "#default,,,,,,\n,result,table,_time,_value,_field,_measurement\n,,0,2026-01-31T12:00:00Z,20,t,m\n"
)


def look(file: Path, options: Options | None = None) -> tuple[Readings, list[Reading]]:
    """What a file holds, and all its readings."""
    with open_readings(file, options or Options("Farm"), known={}) as readings:
        return readings, [item for item in readings.items if isinstance(item, Reading)]


@pytest.mark.parametrize(
    ("name", "text", "head"),
    [
        ("a.lp", "m t=20 1769860800000000000\n", ""),
        ("a.csv", "time,measurement,t:float\n2026-01-31T12:00:00Z,m,20\n", "time,measurement,t:float\n"),
        ("a.csv", ANNOTATED.replace("string,string", "string"), "".join(ANNOTATED.splitlines(keepends=True)[:4])),
    ],
)
def test_the_name_and_the_first_line_say_what_it_is(tmp_path: Path, name: str, text: str, head: str) -> None:
    """Line protocol, CSV of ours, or annotated CSV; the head is what any part of it needs in front."""
    (tmp_path / name).write_text(text.replace("double,string", "double,string,string") if "#" in text else text)
    readings, (found,) = look(tmp_path / name)

    assert (found.point.series.measurement, found.point.fields) == ("m", {"t": 20.0})
    assert found.raw in text
    assert readings.head.count("\n") == head.count("\n")


def test_foreign_csv_needs_roles(tmp_path: Path) -> None:
    """Which column is the time, and of which measurement all is."""
    (tmp_path / "a.csv").write_text("When,t\n2026-01-31,20\n")

    with pytest.raises(FileError, match="say with --time"):
        look(tmp_path / "a.csv")
    _, found = look(tmp_path / "a.csv", Options("Farm", Roles(time="When", measurement="m")))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.txt", b"", "the name says what it is: one of .csv"),
        ("a.csv", None, "No such file"),
        ("a.parquet", None, "No such file"),
        ("a.parquet", b"PAR1", "cannot be read as Parquet"),
        ("a.lp.gz", b"\x1f\x8bx", "cannot be read beyond line 0"),
        ("a.csv", b"", "a.csv: there is nothing in it to import"),
        ("a.lp.gz", gzip.compress(b""), "a.lp.gz: there is nothing in it to import"),
        ("a.parquet", b"", "cannot be read as Parquet"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, name: str, content: bytes | None, why: str) -> None:
    """With its name."""
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(FileError, match=why) as told:
        look(tmp_path / name)
    assert name in str(told.value)
    assert "\n" not in str(told.value)


def test_the_share_that_is_read_grows(tmp_path: Path) -> None:
    """From nothing to all of it."""
    (tmp_path / "a.lp").write_text("m t=20 1769860800000000000\n" * 20_000)
    with open_readings(tmp_path / "a.lp", Options("Farm"), known={}) as readings:
        shares = [readings.share() for _ in readings.items]

    assert shares == sorted(shares)
    assert shares[0] < 0.5 < shares[-1] == 1.0


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_what_is_no_file_is_not_even_opened(tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
    """A pipe would wait for ever, and a device have no end."""
    make(tmp_path / name)

    with pytest.raises(FileError, match="is no file, but a folder, a pipe or a device"):
        look(tmp_path / name)


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's reason."""
    (tmp_path / "a.csv").write_text("time,t")

    def refuse(_: Path, __: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileError, match=r"a\.csv: Permission denied"):
        look(tmp_path / "a.csv")
