"""What is kept of readings for pictures and charts."""

from ingestor.files.table import Block, Column, Layout
from ingestor.plot.collect import MOST_STATES, OTHER, Collector, labels, shortened
from ingestor.ports import FieldType
from tests.plot.samples import LAYOUT, START_NS, block, hours


def test_a_line_for_each_series_and_field_that_came() -> None:
    """Series are sorted, those without a tag behind; a field that never came is not there."""
    collector = hours([None, "rack2", "rack1"], 3)

    drawn = collector.drawn()
    assert [(one.column.name, [key for key, _ in one.lines]) for one in drawn] == [
        (name, [("rack1",), ("rack2",), (None,)]) for name in ("temperature", "running", "state")
    ]
    assert collector.rows == 9
    assert collector.ends == (START_NS, START_NS + 2 * 3_600 * 10**9)


def test_series_may_come_again() -> None:
    """A stretch of time after another, each with all series in it."""
    collector = Collector(LAYOUT, most_series=2, most_fields=2)
    collector.add(Block([1, 2, 1], [["a", "a", "b"]], [[1.0, 2.0, 5.0], [None] * 3, [None] * 3, [None] * 3]))
    collector.add(block([3], "a", [3.0]))
    (drawn,) = collector.drawn()

    assert [(key, line.pieces(None)) for key, line in drawn.lines] == [
        (("a",), [[(1, 1.0), (2, 2.0), (3, 3.0)]]),
        (("b",), [[(1, 5.0)]]),
    ]


def test_states_have_numbers() -> None:
    """Booleans are 0 and 1, texts are numbered as they come."""
    temperature, running, state = hours(["rack1"], 6).drawn()

    assert (temperature.states, running.states, state.states) == ((), ("false", "true"), ["idle", "on"])
    assert [value for _, value in running.lines[0][1].pieces(None)[0]] == [1, 1, 0, 0, 1, 1]
    assert [value for _, value in state.lines[0][1].pieces(None)[0]] == [0, 0, 0, 0, 0, 1]


def test_many_texts_become_one() -> None:
    """Free text has no end of states."""
    collector = Collector(Layout("log", (), (Column("text", FieldType.TEXT),)), most_series=1, most_fields=1)
    collector.add(Block(list(range(20)), [], [[f"text {number}" for number in range(20)]]))
    (drawn,) = collector.drawn()

    assert list(drawn.states) == [*(f"text {number}" for number in range(MOST_STATES)), OTHER]
    assert drawn.lines[0][0] == ()
    assert drawn.lines[0][1].pieces(None)[0][-1] == (19, MOST_STATES)


def test_what_is_too_much_is_counted() -> None:
    """Of the first series and fields lines are kept; the others are counted, each once."""
    collector = Collector(LAYOUT, most_series=2, most_fields=1)
    for _ in range(2):
        for rack in ("a", "b", "c", "d"):
            collector.add(block([1], rack, [1.0], [True]))

    assert (collector.series, collector.series_left_out) == ([("a",), ("b",)], 2)
    assert ([one.column.name for one in collector.drawn()], collector.fields_left_out) == (["temperature"], 1)
    assert collector.rows == 8


def test_labels_name_what_differs() -> None:
    """What all series have in common is said once."""
    common, told_by, names = labels(["room", "rack", "side"], [("r1", "a", None), ("r1", "b", None)])

    assert (common, told_by, names) == ("room r1", "rack", ["a", "b"])
    assert labels(["rack", "side"], [("a", "left"), ("b", None)]) == ("", "rack · side", ["a · left", "b · -"])
    assert labels([], [()]) == ("", "", [""])


def test_long_names_lose_their_middle() -> None:
    """The beginning and the end tell most; nothing that cannot be seen is drawn."""
    assert shortened("abcdefgh", 8) == "abcdefgh"
    assert shortened("abcdefghi", 8) == "abcd…ghi"
    assert shortened("a\x1bb\n") == "a\ufffdb\ufffd"
