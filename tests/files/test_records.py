"""Records of CSV."""

from pathlib import Path

from ingestor.files.cells import Splitter
from ingestor.files.records import BAD_QUOTES, Record, read_records
from ingestor.files.table import Unreadable
from ingestor.files.textfile import MAX_LINE
from tests.files.samples import text_file


def read(folder: Path, text: str) -> list[Record | Unreadable]:
    """The records of a file with that text."""
    with text_file(folder, text) as file:
        return list(read_records(file, Splitter(",")))


def test_records_are_lines_with_their_numbers(tmp_path: Path) -> None:
    """Empty lines are passed over, and so are the reasons in a file of rejected records."""
    assert read(tmp_path, "a,b\r\n\n# line 7: why\nc,d") == [Record(1, "a,b", ["a", "b"]), Record(4, "c,d", ["c", "d"])]


def test_a_quoted_cell_goes_on_over_lines(tmp_path: Path) -> None:
    """With its line breaks as they are."""
    assert read(tmp_path, 'a,"b\r\n\n""c"\nd,e\n') == [
        Record(1, 'a,"b\r\n\n""c"', ["a", 'b\r\n\n"c']),
        Record(4, "d,e", ["d", "e"]),
    ]


def test_a_wrong_quote_harms_only_its_line(tmp_path: Path) -> None:
    """Also one that would swallow the rest of the file, or all up to the next quote."""
    found = read(tmp_path, 'a,"b\nc,d\ne,f"g\nh,i\n"j\nk\n')

    assert found == [
        Unreadable(1, 'a,"b', BAD_QUOTES),
        Record(2, "c,d", ["c", "d"]),
        Unreadable(3, 'e,f"g', BAD_QUOTES),
        Record(4, "h,i", ["h", "i"]),
        Unreadable(5, '"j', BAD_QUOTES),
        Record(6, "k", ["k"]),
    ]


def test_what_is_not_utf8_is_refused_as_it_is(tmp_path: Path) -> None:
    """With the reason; where it stands in a later line of a quoted cell, the lines come one by one."""
    assert read(tmp_path, 'a,\udcfc\n"b\n\udcfc"\nc,d\n') == [
        Unreadable(1, "a,\udcfc", "is not in UTF-8: save the file in that encoding"),
        Unreadable(2, '"b', "is not in UTF-8: save the file in that encoding"),
        Unreadable(3, '\udcfc"', "is not in UTF-8: save the file in that encoding"),
        Record(4, "c,d", ["c", "d"]),
    ]


def test_a_line_that_is_too_long_is_refused_and_not_kept(tmp_path: Path) -> None:
    """Its beginning might pass for a record; and many of them would fill the memory."""
    why = "is longer than 4,194,304 characters"

    assert read(tmp_path, "a," + "x" * MAX_LINE + '\nc,d\n"e\n' + "x" * MAX_LINE + '"\nf\n') == [
        Unreadable(1, "", why),
        Record(2, "c,d", ["c", "d"]),
        Unreadable(3, '"e', why),
        Unreadable(4, "", why),
        Record(5, "f", ["f"]),
    ]
