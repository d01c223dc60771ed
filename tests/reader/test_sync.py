"""Reading from code that is not async."""

import gc
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingestor.errors import BucketError
from ingestor.reader import QuestionError, Reader, SyncReader, read, sqliterows
from tests.reader.sqlitefarm import points, store
from tests.support import run

ROWS = [{"temperature": float(at), "count": at} for at in range(30)]
ALL: dict[str, Any] = {"start": "1970-01-01", "stop": "1970-01-02"}


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Of a store with 30 readings of one rack."""
    store(tmp_path, *points(ROWS, rack="rack1"))
    return f"sqlite:{tmp_path}"


def test_all_methods(address: str) -> None:
    """They give what those of the async reader give."""
    with Reader(address).sync() as reader:
        table = reader.read("Farm", **ALL)

        assert table["count"].to_pylist() == list(range(30))
        assert reader.read_all("Farm", **ALL) == {"climate": table}
        assert pa.Table.from_batches(list(reader.stream("Farm", **ALL))) == table
        assert (list(reader.buckets()), list(reader.measurements("Farm"))) == (["Farm"], ["climate"])
        assert [field.name for field in reader.fields("Farm")] == ["count", "humidity", "on", "state", "temperature"]
        assert reader.tags("Farm") == {"rack": ["rack1"]}
        assert reader.last("Farm")["count"].to_pylist() == [29]
        assert reader.gaps("Farm", "1s", **ALL)["from"].to_pylist() == [datetime(1970, 1, 1, 0, 0, 29, tzinfo=UTC)]


def test_one_call(address: str) -> None:
    """Bucket, time and windows in one line, from an address."""
    table = read("Farm", every="10s", store=address, **ALL)

    assert table["temperature"].to_pylist() == [4.5, 14.5, 24.5]
    assert read("Farm", "1h", store=address).num_rows == 0


def test_one_call_with_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address it is config.yaml in the working directory that counts, or the one that is named."""
    monkeypatch.chdir(tmp_path)
    store(tmp_path / "data/stores/local", *points(ROWS))
    Path("config.yaml").write_text("data_dir: data\n", encoding="utf-8")

    assert read("Farm", **ALL).num_rows == read("Farm", config="config.yaml", store="local", **ALL).num_rows == 30


def test_it_works_where_a_loop_runs_already(address: str) -> None:
    """As in a notebook."""

    async def cell() -> int:
        return int(read("Farm", store=address, **ALL).num_rows)

    assert run(cell()) == 30


def test_a_stream_that_is_broken_off(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with its loop, and the reader goes on."""
    monkeypatch.setattr(sqliterows, "BATCH_ROWS", 4)
    with Reader(address).sync() as reader:
        for batch in reader.stream("Farm", **ALL):
            assert batch.num_rows == 4
            break
        assert reader.read("Farm", **ALL).num_rows == 30


def test_a_stream_that_is_left_open(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is closed with its reader, quietly; who reads on is told."""
    monkeypatch.setattr(sqliterows, "BATCH_ROWS", 4)
    with Reader(address).sync() as reader:
        batches, others = reader.stream("Farm", **ALL), reader.stream("Farm", **ALL)
        next(iter(batches))
        next(iter(others))
    del others
    gc.collect()  # what it has to say would be a warning
    with pytest.raises(RuntimeError, match="is not open"):
        next(iter(batches))


def test_errors_come_through(address: str) -> None:
    """What the async reader raises is raised, and the thread ends all the same."""
    with pytest.raises(BucketError, match="there is no bucket 'Nowhere'"):
        read("Nowhere", "1h", store=address)
    with pytest.raises(QuestionError, match="last='soon'"):
        read("Farm", "soon", store=address)
    assert "ingestor-reader" not in {thread.name for thread in threading.enumerate()}


def test_threads_may_share_it(address: str) -> None:
    """Each is answered by itself."""
    counts: list[int] = []

    def work(reader: SyncReader) -> None:
        counts.append(reader.read("Farm", **ALL).num_rows)

    with Reader(address).sync() as reader:
        threads = [threading.Thread(target=work, args=(reader,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert counts == [30] * 5
