"""Text files, line by line."""

import gzip
from pathlib import Path

import pytest

from ingestor.files.table import FileError
from ingestor.files.textfile import MAX_LINE, TextFile
from tests.files.samples import text_file


@pytest.mark.parametrize("packed", [False, True])
def test_lines_come_with_their_breaks(tmp_path: Path, packed: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """Plain or compressed; only a line feed ends a line, and a mark of UTF-8 at the start is none of it."""
    with text_file(tmp_path, "\ufeffa\r\nb\rc\n\u2028d", packed=packed) as file:
        assert list(file.lines()) == ["a\r\n", "b\rc\n", "\u2028d"]
        assert file.done == file.size > 0


def test_members_one_behind_another_are_one_text(tmp_path: Path) -> None:
    """As exports write them."""
    with text_file(tmp_path, gzip.compress(b"a\n") + gzip.compress(b"b\n")) as file:
        assert list(file.lines()) == ["a\n", "b\n"]


def test_lines_that_are_given_back_come_again_with_their_numbers(tmp_path: Path) -> None:
    """Who reads ahead may have read too far."""
    with text_file(tmp_path, "a\nb\nc\n") as file:
        some = [file.next(), file.next(), file.next()]
        assert file.at == 3
        file.give_back([line for line in some[1:] if line])

        assert file.at == 1
        assert (file.next(), file.at) == ("b\n", 2)
        assert list(file.lines()) == ["c\n"]


def test_what_is_not_utf8_harms_only_its_line(tmp_path: Path) -> None:
    """It becomes something that no store takes."""
    with text_file(tmp_path, b"a\n\xff\nb\n") as file:
        assert list(file.lines()) == ["a\n", "\udcff\n", "b\n"]


def test_a_line_without_an_end_comes_in_pieces(tmp_path: Path) -> None:
    """No file fills the memory with one line."""
    with text_file(tmp_path, "x" * (MAX_LINE + 5), packed=True) as file:
        assert [len(line) for line in file.lines()] == [MAX_LINE, 5]


@pytest.mark.parametrize("damage", [slice(None, -20), slice(None, 20)])
def test_a_broken_file_is_told(tmp_path: Path, damage: slice) -> None:
    """With the last line that could be read."""
    packed = gzip.compress(b"".join(b"line %d\n" % number for number in range(1_000)))

    with text_file(tmp_path, packed[damage]) as file, pytest.raises(FileError, match="cannot be read beyond line"):
        list(file.lines())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The error says so when it is entered."""
    with pytest.raises(FileNotFoundError), TextFile(tmp_path / "nothing"):
        pass
