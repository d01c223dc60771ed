"""Reading a day of a store."""

from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ingestor.backup.dayread import Kind, days_of, read_day
from ingestor.backup.days import day_of
from ingestor.backup.doors import Doors, doors_of_folder
from ingestor.errors import StoreUnavailableError
from ingestor.files.table import FileError
from ingestor.ports import FieldType, Point, Series
from ingestor.reader.source import FieldInfo
from tests.backup.embeddedstores import DAY_NS, FIRST_NS, points, store_in
from tests.support import Result, run

FIRST = date(2024, 10, 4)


def in_store(folder: Path, look: Callable[[Doors], Awaitable[Result]]) -> Result:
    """What somebody finds in the store of a folder."""

    async def main() -> Result:
        async with doors_of_folder(folder) as doors:
            return await look(doors)

    return run(main())


async def kind_of(doors: Doors, bucket: str = "A", measurement: str = "climate") -> Kind:
    """With all of its fields."""
    return Kind(bucket, measurement, await doors.source.fields(bucket, measurement))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A store with readings of three days, and one of long ago."""
    series = Series("A", "climate", {"rack": "r1"}, types={"temperature": FieldType.FLOAT})
    old = Point(series, -1, {"temperature": 1.0})
    return run(store_in(tmp_path / "store", points("A", count=60, step_ns=DAY_NS // 20), [old]))


def test_days_with_readings_are_found(place: Path) -> None:
    """Those of weeks in which there are some; years without any are not looked at."""

    async def look(doors: Doors) -> tuple[list[int], list[int]]:
        kind = await kind_of(doors)
        days = await days_of(doors.source, kind)
        return [*days], [day for day in days if await read_day(doors.source, kind, day_of(day))]

    days, full = in_store(place, look)

    assert full == [-1, 20_000, 20_001, 20_002]
    assert len(days) < 100


def test_a_day_is_counted_hashed_and_written(place: Path, tmp_path: Path) -> None:
    """As text, number and truth value, with units; a field without a value on that day is not named."""
    file = tmp_path / "day.parquet"

    async def look(doors: Doors) -> None:
        kind = await kind_of(doors)
        content = await read_day(doors.source, kind, FIRST, into=file)
        again = await read_day(doors.source, kind, FIRST)
        before = await read_day(doors.source, kind, date(1969, 12, 31))

        assert content is not None
        assert content == again
        assert (content.rows, [one.values for one in content.series]) == (20, [40, 40])
        assert [one.tags for one in content.series] == [(("rack", "r1"),), (("rack", "r2"),)]
        assert [field.name for field in content.fields] == ["door", "note", "seen", "temperature"]
        assert before is not None
        assert [field.name for field in before.fields] == ["temperature"]

    in_store(place, look)
    table = pq.read_table(file)
    assert table.num_rows == 20
    assert table.schema.field("temperature").metadata[b"unit"] == "°C".encode()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_day_without_readings_has_no_file(place: Path, tmp_path: Path) -> None:
    """Nothing is nothing."""

    async def look(doors: Doors) -> object:
        return await read_day(doors.source, await kind_of(doors), date(2000, 1, 1), into=tmp_path / "day.parquet")

    assert in_store(place, look) is None
    assert not (tmp_path / "day.parquet").exists()


def test_a_measurement_without_readings_has_no_days(place: Path) -> None:
    """Not even where its name was never heard."""

    async def look(doors: Doors) -> object:
        return await days_of(doors.source, Kind("A", "other", ()))

    assert in_store(place, look) == []


def test_what_parquet_cannot_hold_is_told(tmp_path: Path) -> None:
    """A tag with the name of the time."""
    series = Series("A", "climate", {"time": "x"}, types={"v": FieldType.FLOAT})
    place = run(store_in(tmp_path / "store", [Point(series, FIRST_NS, {"v": 1.0})]))

    async def look(doors: Doors) -> object:
        return await read_day(doors.source, await kind_of(doors), FIRST, into=tmp_path / "day.parquet")

    with pytest.raises(FileError, match="a tag called time"):
        in_store(place, look)


def test_fields_that_went_meanwhile_are_told(place: Path) -> None:
    """What was planned cannot be read any more."""

    async def look(doors: Doors) -> object:
        kind = Kind("A", "climate", [FieldInfo("door", FieldType.BOOL), FieldInfo("gone", FieldType.FLOAT)])
        return await read_day(doors.source, kind, FIRST)

    with pytest.raises(StoreUnavailableError, match="fields of climate changed"):
        in_store(place, look)
