"""How files are written, by their names."""

import gzip
import importlib.util
from pathlib import Path

import pytest

from ingestor.export import formats
from ingestor.export.formats import format_of, holds_several, suffix_of
from ingestor.files.table import FileError
from tests.files.samples import BLOCK, LAYOUT


@pytest.mark.parametrize("name", ["farm.csv", "my.farm.csv.gz", "a.lp", "a.lp.gz", "a.parquet"])
def test_the_name_says_the_format(name: str) -> None:
    """By all of its ending."""
    assert name.endswith(suffix_of(Path(name)))
    assert suffix_of(Path(name)).endswith(".gz") == name.endswith(".gz")
    assert holds_several(suffix_of(Path(name))) == (".lp" in name)


def test_other_names_are_refused_with_those_that_are_known() -> None:
    """One line."""
    with pytest.raises(FileError, match=r"farm.xlsx: the name says what is written: one of \.csv, \.csv\.gz"):
        suffix_of(Path("farm.xlsx"))


def test_parquet_needs_pyarrow_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what can be written without it."""
    monkeypatch.setattr(
        formats, "find_spec", lambda name: None if name == "pyarrow" else importlib.util.find_spec(name)
    )

    assert suffix_of(Path("farm.csv.gz")) == ".csv.gz"
    with pytest.raises(FileError, match=r"needs pyarrow: pip install 'ingestor\[reader\]', or choose .csv.gz"):
        suffix_of(Path("farm.parquet"))


@pytest.mark.parametrize("suffix", [".csv", ".lp"])
def test_compressed_files_hold_the_same_and_have_no_times_in_them(suffix: str) -> None:
    """The same readings give the same bytes whenever they are written."""
    plain, packed = format_of(suffix, LAYOUT), format_of(f"{suffix}.gz", LAYOUT)

    assert packed.encode(BLOCK).data[4:8] == bytes(4)
    assert gzip.decompress(packed.encode(BLOCK).data) == plain.encode(BLOCK).data
    assert gzip.decompress(packed.head) == plain.head if plain.head else packed.head == b""
