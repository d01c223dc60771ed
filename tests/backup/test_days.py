"""What a logical backup says that it holds."""

import gzip
from datetime import date
from pathlib import Path

import pytest

from ingestor.backup.days import (
    BUCKETS,
    DAYS,
    Day,
    SeriesPrint,
    buckets_text,
    day_of,
    file_name,
    number_of,
    read_buckets,
    read_days,
)
from ingestor.backup.record import BackupError, plain_name
from ingestor.fingerprint import Fingerprint
from ingestor.ports import BucketInfo, FieldType
from ingestor.reader.source import FieldInfo

DAY = Day(
    bucket="B", measurement="m", day=date(2026, 11, 30), file="x.parquet", rows=2,
    fields=(FieldInfo("v", FieldType.FLOAT, "°C"),),
    series=(SeriesPrint.of((("rack", "ä"),), Fingerprint(2, 3, 4)),),
)  # fmt: skip


def test_days_are_read_as_they_were_written(tmp_path: Path) -> None:
    """One after another, with all that is known of each."""
    other = DAY.model_copy(update={"day": date(1969, 12, 31)})
    (tmp_path / DAYS).write_bytes(gzip.compress(f"{DAY.model_dump_json()}\n{other.model_dump_json()}\n".encode()))

    assert [*read_days(tmp_path)] == [DAY, other]
    assert DAY.values == 2
    assert DAY.series[0].hash == "00000000000000040000000000000003"


def test_what_is_the_same_has_one_digest() -> None:
    """Whatever the file and the day are called; another value, type or unit gives another."""
    same = DAY.model_copy(update={"file": "other", "bucket": "C", "rows": 3})
    others = [
        DAY.model_copy(update={"fields": (FieldInfo("v", FieldType.FLOAT, "K"),)}),
        DAY.model_copy(update={"fields": (FieldInfo("v", FieldType.INT, "°C"),)}),
        DAY.model_copy(update={"series": (SeriesPrint.of((("rack", "ä"),), Fingerprint(2, 3, 5)),)}),
    ]

    assert same.digest == DAY.digest
    assert len({DAY.digest, *(one.digest for one in others)}) == 4


def test_days_are_counted_from_1970() -> None:
    """In both directions."""
    assert [day_of(0), day_of(-1)] == [date(1970, 1, 1), date(1969, 12, 31)]
    assert number_of(day_of(20_000)) == 20_000


def test_each_day_has_a_file_of_its_own() -> None:
    """Whatever the names; and the name is one that every disk takes, and that leads nowhere else."""
    day = date(2026, 11, 30)
    names = [
        ("a.b", "c"),
        ("a", "b.c"),
        ("a+b", "c"),
        ("a", "b+c"),
        ("", "a"),
        ("..", "/"),
        ("ä" * 90, "x"),
        ("ä" * 90, "y"),
    ]
    files = [file_name(*pair, day) for pair in names]

    assert file_name("Farm 2", "climate", day) == "Farm 2+climate.2026-11-30.parquet"
    assert len(set(files)) == len(files)
    assert all(plain_name(file) == file and len(file.encode()) < 200 and not file.startswith(".") for file in files)


def test_buckets_are_read_as_they_were_written(tmp_path: Path) -> None:
    """With description and retention."""
    buckets = (BucketInfo("A", None, None), BucketInfo("B", "ä", 3600.0))
    (tmp_path / BUCKETS).write_bytes(buckets_text(buckets))

    assert read_buckets(tmp_path) == buckets


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    """By the name of the file, and why."""
    with pytest.raises(BackupError, match=r"days\.jsonl\.gz cannot be read: No such file"):
        [*read_days(tmp_path)]
    with pytest.raises(BackupError, match=r"buckets\.json cannot be read: No such file"):
        read_buckets(tmp_path)
    whole = gzip.compress(f"{DAY.model_dump_json()}\n".encode() * 50)
    for damaged in (whole[:-20], b"no gzip", gzip.compress(b"{}\n"), gzip.compress(b"\xff\n"), whole[:60] + b"0" * 60):
        (tmp_path / DAYS).write_bytes(damaged)
        with pytest.raises(BackupError, match=r"days\.jsonl\.gz is damaged"):
            [*read_days(tmp_path)]
    (tmp_path / BUCKETS).write_text("[1]")
    with pytest.raises(BackupError, match=r"buckets\.json is damaged"):
        read_buckets(tmp_path)
