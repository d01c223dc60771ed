"""Restoring a logical backup for a look."""

import gzip
from pathlib import Path

import pytest

from ingestor.backup.days import DAYS, read_days
from ingestor.backup.doors import doors_of_folder
from ingestor.backup.verify import FILES, RESTORED, verify
from tests.backup.embeddedstores import points, store_in
from tests.backup.farms import names_in
from tests.backup.test_embeddedproof import forge
from tests.backup.test_folder import read
from tests.backup.test_logical import back_up
from tests.copying.ends import THREE, fill, points_of
from tests.support import run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A backup of one bucket of two days."""
    place = run(store_in(tmp_path / "store", points("A", count=30, step_ns=3_600 * 10**9)))
    return run(back_up(doors_of_folder(place), tmp_path / "backups")).folder


def test_every_series_and_day_is_compared(tmp_path: Path) -> None:
    """Of every type, and with every name."""
    run(fill(tmp_path / "store", *THREE))
    folder = run(back_up(doors_of_folder(tmp_path / "store"), tmp_path / "to")).folder
    before = names_in(folder)
    found = run(verify(folder))
    verified = read(folder).verified

    assert (found.problems, found.how) == ([], RESTORED)
    assert found.counts == {bucket: sum(bool(point.fields) for point in points_of(bucket)) for bucket in THREE}
    assert verified is not None
    assert verified.how == RESTORED
    assert names_in(folder) == before


def test_other_readings_are_told(folder: Path) -> None:
    """By bucket, measurement and day, though every file is as it was recorded."""
    days = [*read_days(folder)]
    other = days[0].series[0]._replace(hash="0" * 32)
    changed = days[0].model_copy(update={"series": (other, *days[0].series[1:])})
    lines = [day.model_dump_json() for day in (changed, *days[1:])]
    (folder / DAYS).write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    forge(folder, DAYS)
    found = run(verify(folder))

    assert found.problems == [
        "bucket A: climate of 2024-10-04: 1 of 2 series are not as they were (96 values, and 96 before)"
    ]


def test_files_that_are_not_parquet_are_told(folder: Path) -> None:
    """As a bucket that does not come back."""
    name = next(read_days(folder)).file
    (folder / name).write_bytes(b"not Parquet")
    forge(folder, name)
    found = run(verify(folder))

    assert len(found.problems) == 1
    assert "cannot be read as Parquet" in found.problems[0]


def test_without_arrow_files_are_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is told what to install."""
    monkeypatch.setattr("ingestor.backup.verify.find_spec", lambda _: None)
    found = run(verify(folder))

    assert (found.problems, found.how) == ([], FILES)
    assert found.why_not is not None
    assert "pip install" in found.why_not
