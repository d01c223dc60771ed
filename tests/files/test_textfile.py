"""Text files, line by line."""

import gzip
from pathlib import Path

import pytest

from ingestor.files.table import FileError
from ingestor.files.textfile import MAX_LINE, TextFile, flaw_of, is_cut
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


def test_of_a_line_without_an_end_the_rest_is_passed_over(tmp_path: Path) -> None:
    """No file fills the memory with one line, and the rest of it is never taken for a line of its own."""
    with text_file(tmp_path, "x" * (3 * MAX_LINE + 5) + "\nb\n", packed=True) as file:
        long, short = file.lines()

        assert (len(long), short, file.at) == (MAX_LINE, "b\n", 2)
        assert (is_cut(long), is_cut(short)) == (True, False)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Küche\n", ""),
        ("K\udcfcche\n", "is not in UTF-8: save the file in that encoding"),
        ("x" * (MAX_LINE - 1) + "\n", ""),
        ("x" * MAX_LINE, "is longer than 4,194,304 characters"),
    ],
    ids=["text", "latin-1", "long", "too long"],
)
def test_why_a_line_is_not_to_be_read(line: str, why: str) -> None:
    """Whatever the format."""
    assert flaw_of(line) == why


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_told(tmp_path: Path, encoding: str) -> None:
    """Some spreadsheets save that as text."""
    with text_file(tmp_path, "\ufefftime,t\n".encode(encoding)) as file, pytest.raises(FileError, match="UTF-16"):
        file.next()


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
