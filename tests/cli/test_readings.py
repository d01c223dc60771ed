"""Where `ingestor read` gets readings from: both roads give the same."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from ingestor.cli import readings as readings_module
from ingestor.cli.readings import OutOfFiles, ThroughReader, open_readings
from ingestor.config import Config
from ingestor.files.table import Column, FileError, Layout
from ingestor.ports import FieldType, Value
from ingestor.reader.question import QuestionError
from ingestor.reader.wish import Wish, understand
from ingestor.stores.sqlite import SqliteStore
from tests.cli.commands import read_config, write_config
from tests.export.samples import START_NS, climate, door, store_all
from tests.plot.samples import BERLIN
from tests.support import run

Rows = list[tuple[int, tuple[str | None, ...], tuple[Value | None, ...]]]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Of a store with two measurements."""
    store_all(SqliteStore(tmp_path / "data/stores/local"), [*climate(60), *door(4)])
    stores = {"local": {"kind": "sqlite"}, "farm": {"kind": "influxdb", "url": "http://localhost:1", "org": "o"}}
    return read_config(write_config(tmp_path, stores=stores))


def ask(config: Config, measurement: str = "climate", **wish: Any) -> tuple[Layout, Rows]:  # noqa: ANN401 - of Wish
    """What an answer has, and its rows, sorted."""
    asked = understand("Farm", cast("Wish", wish), zone=BERLIN, now_ns=START_NS + 10**12)
    question = replace(asked.question, measurement=measurement)

    async def main() -> tuple[Layout, Rows]:
        rows: Rows = []
        async with open_readings(config, "local") as readings:
            assert await readings.buckets() == ["Farm"]
            assert await readings.measurements("Farm") == ["climate", "door"]
            layout, blocks = await readings.ask(question, asked.grouping)
            async for block in blocks:
                rows += zip(block.times, zip(*block.tags, strict=True), zip(*block.fields, strict=True), strict=True)
        return layout, sorted(rows, key=repr)

    return run(main())


@pytest.mark.parametrize(
    "wish",
    [
        {"last": "1d"},
        {"last": "1d", "fields": ["state", "on"]},
        {"last": "1d", "where": {"rack": ["rack1", ""]}},
        {"start": "2026-01-31T12:00:10Z", "stop": "2026-01-31T12:00:40Z"},
        {"start": "2030-01-01", "stop": "2030-01-02"},
        {"last": "1d", "where": {"rack": "none"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("measurement", ["climate", "door"])
def test_both_roads_give_the_same(
    config: Config, wish: dict[str, Any], measurement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through Arrow or without it: columns, units, types and values; also where nothing was read."""
    if measurement == "door":
        wish = {name: value for name, value in wish.items() if name not in {"fields", "where"}}
    layout, rows = ask(config, measurement, **wish)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    plain_layout, plain_rows = ask(config, measurement, **wish)

    assert {*layout.fields} == {*plain_layout.fields}
    assert layout.tags == plain_layout.tags
    order = [plain_layout.fields.index(column) for column in layout.fields]
    assert rows == sorted(((at, tags, tuple(of[to] for to in order)) for at, tags, of in plain_rows), key=repr)


def test_many_rows_come_in_pieces(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read without Arrow is not held at once either."""
    _, rows = ask(config, last="1d")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(readings_module, "_MOST_ROWS", 2)
    _, plain_rows = ask(config, last="1d")

    assert len(rows) == len(plain_rows) == 60


def test_windows_have_columns_of_their_own(config: Config) -> None:
    """One for each function, with the type that it gives."""
    layout, rows = ask(config, last="1d", every="30s", functions=["max", "count"], fields=["count", "humidity"])

    assert layout == Layout(
        "climate",
        ("rack", "room"),
        (
            Column("count_max", FieldType.INT),
            Column("count_count", FieldType.INT),
            Column("humidity_max", FieldType.FLOAT, "%"),
            Column("humidity_count", FieldType.INT),
        ),
    )
    assert len(rows) == 6


def test_what_needs_arrow_says_so(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows, and InfluxDB; readings as they are of the embedded store do not."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    async def enter(store: str) -> object:
        async with open_readings(config, store) as readings:
            return readings

    with pytest.raises(FileError, match=r"windows .*needs pyarrow, .*: pip install 'ingestor\[reader\]'"):
        ask(config, last="1d", every="1h")
    with pytest.raises(FileError, match=r"reading InfluxDB needs pyarrow"):
        run(enter("farm"))
    assert isinstance(run(enter("local")), OutOfFiles)
    monkeypatch.undo()
    assert isinstance(run(enter("local")), ThroughReader)


def test_a_field_that_is_not_there(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is a mistake on both roads."""
    with pytest.raises(QuestionError, match="has no field 'nope'"):
        ask(config, last="1d", fields=["nope"])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(QuestionError, match="has no field 'nope'"):
        ask(config, last="1d", fields=["nope"])
