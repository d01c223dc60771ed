"""The embedded store and the types of fields."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from ingestor.errors import BucketError
from ingestor.ports import FieldType, Reason, Rejection
from ingestor.stores.sqlite import SqliteStore, bucket_path
from tests.builders import point, series
from tests.stores.reading import read_buckets
from tests.support import run

Result = TypeVar("Result")

FLOAT, TEXT = {"level": FieldType.FLOAT}, {"level": FieldType.TEXT}


def using(folder: Path, work: Callable[[SqliteStore], Awaitable[Result]]) -> Result:
    """What comes of it, with a store that is opened and closed for it."""

    async def main() -> Result:
        async with SqliteStore(folder) as store:
            return await work(store)

    return run(main())


def test_another_type_is_rejected_by_index(tmp_path: Path) -> None:
    """Nothing is converted: of each point the field alone is left out, or all of a point that has no other."""
    batch = [
        point(series("Lab", types=TEXT), level="high"),
        point(series(types=TEXT), level="high"),
        point(series(types={**TEXT, "on": FieldType.BOOL}), time_ns=2, level="high", on=True),
        point(series(types=FLOAT), time_ns=3, level=2.5),
    ]
    using(tmp_path, lambda store: store.write([point(series(types=FLOAT), level=1.5)]))
    why = "level is text here, but stored as float"

    assert using(tmp_path, lambda store: store.write(batch)) == [
        Rejection(1, Reason.TYPE_CONFLICT, why),
        Rejection(2, Reason.TYPE_CONFLICT, why, ("level",)),
    ]
    assert sorted((key[0], key[3], *fields.values()) for key, fields in read_buckets(tmp_path).items()) == [
        ("Farm", 1, 1.5),
        ("Farm", 2, True),
        ("Farm", 3, 2.5),
        ("Lab", 1, "high"),
    ]


def test_what_does_not_fit_and_what_conflicts_are_told_once_each(tmp_path: Path) -> None:
    """A batch may have both; each index means the batch as it was given."""
    using(tmp_path, lambda store: store.write([point(series(types=FLOAT), level=1.5)]))
    both = series(types={**TEXT, "count": FieldType.INT})
    batch = [
        point(series(types={"count": FieldType.INT}), count=2**63),
        point(both, time_ns=2, level="high", count=2**63),
        point(both, time_ns=3, level="high", count=3),
    ]
    rejections = using(tmp_path, lambda store: store.write(batch))

    assert [(refusal.at, refusal.reason, refusal.fields) for refusal in rejections] == [
        (0, Reason.REJECTED, ()),
        (1, Reason.REJECTED, ("count",)),
        (1, Reason.TYPE_CONFLICT, ()),
        (2, Reason.TYPE_CONFLICT, ("level",)),
    ]
    assert [(key[3], fields) for key, fields in read_buckets(tmp_path).items()] == [
        (1, {"level": 1.5}),
        (3, {"count": 3}),
    ]


def test_a_column_begins_anew_in_its_bucket_alone(tmp_path: Path) -> None:
    """The old values keep their column under a name that is told; other buckets stay as they are."""
    both = [point(series(bucket, types=FLOAT), level=1.5) for bucket in ("Farm", "Lab")]
    using(tmp_path, lambda store: store.write(both))
    name = using(tmp_path, lambda store: store.begin_column_anew("Farm", "climate", "level", FieldType.TEXT))
    refused = using(tmp_path, lambda store: store.write([point(series(types=TEXT), time_ns=2, level="high")]))

    assert (name, refused) == ("level (float)", [])
    assert [(key[0], fields) for key, fields in read_buckets(tmp_path).items()] == [
        ("Farm", {"level (float)": 1.5}),
        ("Farm", {"level": "high"}),
        ("Lab", {"level": 1.5}),
    ]


def test_where_there_is_no_bucket_none_is_made(tmp_path: Path) -> None:
    """There is nothing to keep, so the first point decides."""
    assert using(tmp_path, lambda store: store.begin_column_anew("Farm", "climate", "level", FieldType.TEXT)) is None
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_bucket_is_named(tmp_path: Path) -> None:
    """It is the fault of that bucket."""
    bucket_path(tmp_path, "Farm").write_bytes(b"garbage" * 1000)

    with pytest.raises(BucketError, match=r"Farm\.db"):
        using(tmp_path, lambda store: store.begin_column_anew("Farm", "climate", "level", FieldType.TEXT))
