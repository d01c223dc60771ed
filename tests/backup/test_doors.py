"""The sides of a store that is backed up or restored."""

from pathlib import Path

from ingestor.backup.doors import doors_of, doors_of_folder
from ingestor.config import Config
from tests.backup.embeddedstores import points
from tests.servers.influxdb import InfluxDB
from tests.support import run


def test_all_sides_are_of_one_store(tmp_path: Path) -> None:
    """What is written through one is read through the others."""

    async def main() -> None:
        config = Config(data_dir=tmp_path)
        async with doors_of(config, "local") as doors, doors_of_folder(config.store_path("local")) as same:
            await doors.store.write(points("A"))

            assert [info.name for info in await same.buckets.list()] == ["A"]
            assert await same.source.measurements("A") == ["climate"]
            assert await same.several_types("A", "climate") == {}

    run(main())


def test_fields_of_several_types_are_known(empty: InfluxDB) -> None:
    """InfluxDB takes another type in another week; whole numbers beside others are numbers all the same."""
    empty.write("first", "m v=1,n=1,t=1 1", 'm v="text",n=2i,t=2 1700000000000000000', "other v=1 1")

    async def main() -> None:
        config = Config.model_validate({"stores": {"farm": empty.store()}})
        async with doors_of(config, "farm") as doors:
            assert await doors.several_types("first", "m") == {"v": "float and text"}
            assert await doors.several_types("first", "other") == {}

    run(main())


def test_a_folder_that_is_not_there_is_an_empty_store(tmp_path: Path) -> None:
    """And nothing is made by looking."""

    async def main() -> None:
        async with doors_of_folder(tmp_path / "new") as doors:
            assert [*await doors.buckets.list()] == []

    run(main())
    assert not (tmp_path / "new").exists()
