"""Format csv."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.config.routes import CsvOf
from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.csv import CsvFormat
from ingestor.routing.unpack import MAX_READINGS
from sensors import Kind

KINDS = {"t": Kind.FLOAT, "n": Kind.INT, "on": Kind.BOOL, "rack": Kind.TEXT}


def load(text: str, *columns: str, delimiter: str = ",", exact: bool = False) -> list[object]:
    """The readings of a payload; of a line that is none its words."""
    form = CsvFormat(CsvOf(delimiter=delimiter, columns=columns), KINDS)
    found = form.load(text.encode(), exact=exact)
    return [one.detail if isinstance(one, UnreadableError) else one for one in found]


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("t,n\n21.5,3", [{"t": 21.5, "n": 3}]),
        ("\ufefft,n\r\n21.5,3\r\n\r\n20,4\r\n", [{"t": 21.5, "n": 3}, {"t": 20, "n": 4}]),
        ("t,n\n\n , \n,\n1,2", [{"t": 1, "n": 2}]),
        (' t ,"n",\n 1 , 2 ,x', [{"t": 1, "n": 2}]),
        ("t,rack\n,\n1,", [{"t": 1}]),
        ('rack,t\n"a ""b"", \nc",1', [{"rack": 'a "b", \nc', "t": 1}]),
        ("rack,t\n 7 ,wet", [{"rack": " 7 ", "t": "wet"}]),
        ("rack,on\n07,ON\n8,0", [{"rack": "07", "on": True}, {"rack": "8", "on": False}]),
        ("t\nnull\n1\n", [{"t": None}, {"t": 1}]),
        ("x,y,z,t\n1.5,TRUE,on,1\n7,false,0x7,1", [
            {"x": 1.5, "y": True, "z": "on", "t": 1}, {"x": 7, "y": False, "z": "0x7", "t": 1}]),
        ("ts,t\n1795521540.123456789,1\n2026-11-24T12:00:00Z,1", [
            {"ts": 1795521540.1234567, "t": 1}, {"ts": "2026-11-24T12:00:00Z", "t": 1}]),
    ],
)  # fmt: skip
def test_lines_are_readings(text: str, readings: list[object]) -> None:
    """The first line names the columns; cells are what their field says, empty ones say nothing."""
    assert load(text) == readings


def test_columns_may_be_named_by_the_route() -> None:
    """Then each line is a reading; a column without a name is passed over."""
    assert load("1;x;2\n", "t", "", "n", delimiter=";") == [{"t": 1, "n": 2}]
    assert load("1\t2\n", "t", "n", delimiter="\t") == [{"t": 1, "n": 2}]


def test_exact_fractions_are_text() -> None:
    """As they were written; whole numbers and words are as ever."""
    assert load("ts,n,x,rack\n1795521540.10,3,true,1.50", exact=True) == [
        {"ts": "1795521540.10", "n": 3, "x": True, "rack": "1.50"}
    ]


def test_a_line_of_another_length_harms_itself_alone() -> None:
    """It stands among the readings as its error, with the number of the line in the payload."""
    assert load('rack,t\n"a\nb",1\nx\n1,2,3\n\nr,2') == [
        {"rack": "a\nb", "t": 1},
        "line 4 has 1 cells where 2 belong",
        "line 5 has 3 cells where 2 belong",
        {"rack": "r", "t": 2},
    ]


@pytest.mark.parametrize(
    ("payload", "reason", "words"),
    [
        (b"", Reason.EMPTY, "no line with values"),
        (b"\xef\xbb\xbf\r\n", Reason.EMPTY, "no line with values"),
        (b"t,n\n", Reason.EMPTY, "no line with values"),
        (b"t\n\xff", Reason.NOT_UTF8, "byte 2"),
        (b"t,n,t\n1,2,3", Reason.FORMAT, 'two columns are called "t"'),
        (b't\n1\n"2', Reason.FORMAT, "unexpected end of data in line 3"),
        (b't\n1\n"2"3', Reason.FORMAT, "in line 3"),
        (b"t\n" + b"x" * 200_000, Reason.FORMAT, "larger than field limit"),
        (b"t\n" + b"1\n" * (MAX_READINGS + 1), Reason.FORMAT, "more than 10,000 readings"),
    ],
)
def test_what_is_no_csv_is_told(payload: bytes, reason: Reason, words: str) -> None:
    """Where quotes are wrong nobody can say where the other lines end; so all of it is refused, with the line."""
    with pytest.raises(UnreadableError) as caught:
        CsvFormat(CsvOf(), KINDS).load(payload)

    assert caught.value.reason is reason
    assert words in caught.value.detail


def test_as_many_readings_as_a_payload_can_have() -> None:
    """The line with the names does not count."""
    assert len(load("t\n" + "1\n" * MAX_READINGS)) == MAX_READINGS


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"delimiter": '"'}, "csv.delimiter"),
        ({"delimiter": " "}, "csv.delimiter"),
        ({"delimiter": "\n"}, "csv.delimiter"),
        ({"columns": ["t", "n", "t"]}, "csv.columns: t is there twice"),
    ],
)
def test_what_cannot_work_is_refused(rule: dict[str, object], words: str) -> None:
    """At start, by the name of the key."""
    with pytest.raises(ValueError, match=words):
        CsvFormat(CsvOf.model_validate(rule), KINDS)


CELLS = st.text(st.characters(exclude_categories=["Cs"])).filter(str.strip)


@given(st.lists(CELLS, min_size=1, max_size=3), st.sampled_from(",;\t|"))
def test_any_text_comes_back(cells: list[str], delimiter: str) -> None:
    """Whatever Python writes as CSV is read as it was."""
    columns = [f"c{at}" for at in range(len(cells))]
    written = StringIO(newline="")
    csv.writer(written, delimiter=delimiter).writerows([columns, cells])
    form = CsvFormat(CsvOf(delimiter=delimiter), dict.fromkeys(columns, Kind.TEXT))

    assert form.load(written.getvalue().encode()) == [dict(zip(columns, cells, strict=True))]
