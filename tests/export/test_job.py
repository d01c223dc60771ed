"""Exports, from the plan to the check in the end."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ingestor.errors import StoreUnavailableError
from ingestor.export import Choice, Export, Progress, Rows, Summary
from ingestor.export import job as job_module
from ingestor.files.table import Block, FileError, Layout
from tests.export.samples import SECOND_NS, START_NS, climate, door, export, farm, lines
from tests.support import run


class Watched:
    """Rows that note each stretch of time that is asked for, and fail or miscount when told to."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.asked: list[tuple[int, int]] = []
        self.fail_after: int | None = None
        self.miscount = 0

    async def measurements(self, bucket: str) -> Sequence[str]:
        """As it is."""
        return await self._rows.measurements(bucket)

    async def layout(self, choice: Choice, measurement: str) -> Layout:
        """As it is."""
        return await self._rows.layout(choice, measurement)

    async def span(self, bucket: str, measurement: str) -> tuple[int, int] | None:
        """As it is."""
        return await self._rows.span(bucket, measurement)

    async def block(
        self, choice: Choice, layout: Layout, *, start_ns: int, stop_ns: int, most: int | None
    ) -> Block | None:
        """Noted; the store goes away when it is to."""
        if self.fail_after is not None and len(self.asked) >= self.fail_after:
            raise StoreUnavailableError("gone")
        self.asked.append((start_ns, stop_ns))
        return await self._rows.block(choice, layout, start_ns=start_ns, stop_ns=stop_ns, most=most)

    async def counts(self, choice: Choice, layout: Layout, *, start_ns: int, stop_ns: int) -> Sequence[int]:
        """Wrong by so many."""
        counts = await self._rows.counts(choice, layout, start_ns=start_ns, stop_ns=stop_ns)
        return [count + self.miscount for count in counts]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Portions of few rows, so that small stores have many."""
    monkeypatch.setattr(job_module, "_AIM_ROWS", 50)
    monkeypatch.setattr(job_module, "_MOST_ROWS", 200)
    monkeypatch.setattr(job_module, "_FIRST_NS", 10 * SECOND_NS)


def test_a_whole_bucket(tmp_path: Path) -> None:
    """One line a reading under the header; the summary counts readings and values."""
    points = climate(100)
    summary = export(farm(tmp_path, points), tmp_path / "farm.csv")

    values = sum(len(point.fields) for point in points)
    assert summary == Summary(100, values, ["climate"])
    found = lines(tmp_path / "farm.csv")
    assert found[0].startswith("time,measurement,rack:tag,room:tag,count:int,humidity:float:%,on:bool")
    assert len([line for line in found if line.startswith("2026-")]) == 100


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.lp", "a.lp.gz", "a.parquet"])
@pytest.mark.usefixtures("short")
def test_broken_off_anywhere_it_goes_on_and_is_the_same(tmp_path: Path, name: str) -> None:
    """The same bytes as of an export that nothing broke off; no stretch of time is written twice."""
    rows = farm(tmp_path, climate(700))
    unbroken = Watched(rows)
    export(unbroken, tmp_path / f"unbroken-{name}")

    broken = Watched(rows)
    for _ in range(3):
        broken.fail_after = len(broken.asked) + 3
        with pytest.raises(StoreUnavailableError):
            export(broken, tmp_path / name)
        assert not (tmp_path / name).exists()
    broken.fail_after = None
    export(broken, tmp_path / name)

    assert (tmp_path / name).read_bytes() == (tmp_path / f"unbroken-{name}").read_bytes()
    assert broken.asked == unbroken.asked
    assert len(broken.asked) > 10


@pytest.mark.usefixtures("short")
def test_stretches_fit_the_density_of_readings(tmp_path: Path) -> None:
    """Portions are about as long as wanted: gaps are passed quickly, and a crowd is divided."""
    crowd = climate(1_000, every_ns=SECOND_NS // 100)
    sparse = [point._replace(time_ns=START_NS + (1 + at) * 10**16) for at, point in enumerate(climate(10))]
    rows = Watched(farm(tmp_path, [*crowd, *sparse]))

    summary = export(rows, tmp_path / "farm.csv")

    assert summary.rows == 1_010
    assert len(rows.asked) < 100


def test_line_protocol_holds_all_measurements(tmp_path: Path) -> None:
    """CSV holds one, and the error names them."""
    rows = farm(tmp_path, [*climate(9), *door(4)])

    assert export(rows, tmp_path / "farm.lp").measurements == ["climate", "door"]
    assert sum(line.startswith("door,gate=north open=") for line in lines(tmp_path / "farm.lp")) == 4
    with pytest.raises(FileError, match=r"has several measurements, climate, door, .* name it with --measurement"):
        export(rows, tmp_path / "farm.csv")
    assert export(rows, tmp_path / "farm.csv", choice=Choice("Farm", "door")).rows == 4


def test_a_time_fields_and_tags_narrow_it(tmp_path: Path) -> None:
    """Readings without any of the chosen fields are none."""
    points = climate(300)
    choice = Choice("Farm", where={"rack": ("rack2",)}, fields=("on",))
    span = {"start_ns": START_NS + 30 * SECOND_NS, "stop_ns": START_NS + 200 * SECOND_NS}

    summary = export(farm(tmp_path, points), tmp_path / "farm.csv", choice=choice, **span)

    wanted = [point for point in points[30:200] if ("rack", "rack2") in point.series.tags and "on" in point.fields]
    assert summary == Summary(len(wanted), len(wanted), ["climate"])
    assert lines(tmp_path / "farm.csv")[0] == "time,measurement,rack:tag,room:tag,on:bool"


def test_a_time_without_readings_gives_a_file_without_readings(tmp_path: Path) -> None:
    """That is an answer too."""
    rows = farm(tmp_path, climate(3))
    for name in ("farm.csv.gz", "farm.lp", "farm.parquet"):
        assert export(rows, tmp_path / name, stop_ns=START_NS).rows == 0

    assert len(lines(tmp_path / "farm.csv.gz")) == 2
    assert pq.read_table(tmp_path / "farm.parquet").num_rows == 0


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        (Choice("Farm", "weather"), "no measurement 'weather'; it has climate"),
        (Choice("Farm", fields=("wind",)), "no readings with wind"),
        (Choice("Farm", where={"level": ("1",)}), "no readings with level; tags are rack, room"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, choice: Choice, why: str) -> None:
    """With what there is; and no file is begun."""
    rows = farm(tmp_path / "store", climate(3))

    with pytest.raises(FileError, match=why):
        export(rows, tmp_path / "farm.csv", choice=choice)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_a_store_that_counts_otherwise_is_told(tmp_path: Path) -> None:
    """Readings came or went meanwhile: the file is not put in its place, and the next start begins anew."""
    rows = Watched(farm(tmp_path, climate(30)))
    rows.miscount = 1
    with pytest.raises(FileError, match=r"the store now counts [\d]+ values of count \(climate\), and"):
        export(rows, tmp_path / "farm.csv")
    assert not (tmp_path / "farm.csv").exists()

    rows.miscount = 0
    assert export(rows, tmp_path / "farm.csv").rows == 30


def test_readings_that_come_later_are_not_in_it(tmp_path: Path) -> None:
    """What is exported was settled at the beginning, also for an export that was broken off."""
    rows = Watched(farm(tmp_path, climate(30)))
    rows.fail_after = 0
    with pytest.raises(StoreUnavailableError):
        export(rows, tmp_path / "farm.lp")
    farm(tmp_path, climate(90)[30:])
    rows.fail_after = None

    assert export(rows, tmp_path / "farm.lp").rows == 30


def test_what_the_format_cannot_carry_is_counted(tmp_path: Path) -> None:
    """With the first reason; the rest is written."""
    points = climate(6)
    bad = replace_tags(points[0].series, {"rack": "two\nlines"})
    rows = farm(tmp_path, [*points, points[0]._replace(series=bad)])

    summary = export(rows, tmp_path / "farm.lp")

    assert summary.refused == len(points[0].fields)
    assert "line break" in summary.why
    assert summary.values == sum(len(point.fields) for point in points)


def replace_tags(series: Any, tags: dict[str, str]) -> Any:  # noqa: ANN401 - a series
    """The same series with other tags."""
    return type(series)(series.bucket, series.measurement, tags, types=series.types, units=series.units)


@pytest.mark.usefixtures("short")
def test_progress_only_grows(tmp_path: Path) -> None:
    """From what is done already to all of it."""
    rows = Watched(farm(tmp_path, [*climate(300), *door(300)]))
    seen: list[Progress] = []
    job = Export(Choice("Farm"), tmp_path / "farm.lp")

    rows.fail_after = 4
    with pytest.raises(StoreUnavailableError):
        run(job.run(rows, on_progress=seen.append))
    rows.fail_after = None
    again: list[Progress] = []
    run(replace(job).run(rows, on_progress=again.append))

    assert again[0] == seen[-1] != (0.0, 0)
    assert again[-1] == Progress(1.0, 600)
    assert again == sorted(again)
