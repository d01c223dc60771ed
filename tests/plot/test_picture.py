"""What a picture shows."""

import re
from zoneinfo import ZoneInfo

from ingestor.plot.collect import Collector
from ingestor.plot.picture import extent, moment, shift
from tests.plot.samples import HOUR_NS, LAYOUT, SECOND_NS, START_NS, block, hours, picture, time_ns


def test_a_panel_for_each_field_and_a_line_for_each_series() -> None:
    """Each axis has its unit; a series has one number in all panels."""
    made = picture(hours(["rack1", "rack2"]))

    assert [panel.axis for panel in made.panels] == ["temperature (°C)", "running", "state"]
    assert [[stroke.number for stroke in panel.strokes] for panel in made.panels] == [[0, 1]] * 3
    assert (made.told_by, made.labels) == ("rack", ["rack1", "rack2"])
    assert (made.title, made.subtitle, made.notes) == ("Farm: climate", "mean of every 1h", [])


def test_one_series_is_named_in_the_subtitle() -> None:
    """There is nothing to tell apart."""
    made = picture(hours(["rack1"]))

    assert (made.told_by, made.labels, made.subtitle) == ("", [""], "mean of every 1h · rack rack1")


def test_gaps_are_gaps() -> None:
    """Windows that are missing break a line, also of states; of readings as they are, states hold until the next."""
    collector = hours(["rack1"], without=range(8, 16))

    def pieces(widest: int | None) -> list[int]:
        return [len(panel.strokes[0].pieces) for panel in picture(collector, widest=widest).panels]

    assert pieces(HOUR_NS * 3 // 2) == [2, 2, 2]
    assert pieces(None) == [2, 1, 1]


def test_hundreds_of_series_are_told_not_drawn() -> None:
    """A note says how many there are, and how to choose."""
    made = picture(hours([f"rack{number:03}" for number in range(240)], 2))

    assert len(made.labels) == 10
    assert made.notes == ["10 of 240 series are drawn: choose others with --where"]


def test_many_fields_are_told_not_drawn() -> None:
    """The same for panels."""
    collector = Collector(LAYOUT, most_series=1, most_fields=1)
    collector.add(block([START_NS], "rack1", [1.0], [True], ["on"]))

    assert picture(collector).notes == ["2 more fields without a panel: choose with --field"]


def test_the_time_that_was_asked_for_is_shown() -> None:
    """With what is empty at its ends: that nothing came is worth seeing."""
    collector = hours(["rack1"], 12)

    assert extent(collector, start_ns=START_NS, stop_ns=START_NS + 48 * HOUR_NS) == (START_NS, START_NS + 48 * HOUR_NS)


def test_what_is_nearly_empty_is_left_out() -> None:
    """A day of readings in a question for ten years fills the picture."""
    begin, end = extent(hours(["rack1"], 25), start_ns=time_ns(2020, 1, 1), stop_ns=time_ns(2030, 1, 1))

    assert START_NS - HOUR_NS < begin < START_NS
    assert START_NS + 24 * HOUR_NS < end < START_NS + 25 * HOUR_NS


def test_a_single_reading_lies_in_the_time_that_was_asked_for() -> None:
    """Which is at least a second, or no axis could show it."""
    collector = Collector(LAYOUT, most_series=1, most_fields=1)
    collector.add(block([START_NS], "rack1", [1.0]))

    assert extent(collector, start_ns=START_NS - HOUR_NS, stop_ns=START_NS + 1) == (START_NS - HOUR_NS, START_NS + 1)
    begin, end = extent(collector, start_ns=START_NS, stop_ns=START_NS + 1)
    assert end - begin >= SECOND_NS


def test_states_need_less_height() -> None:
    """Two states less than many."""
    temperature, running, _ = picture(hours(["rack1"])).panels

    assert running.share < temperature.share == 1.0


def test_moments_are_those_of_the_zone() -> None:
    """Also before 1970."""
    assert f"{moment(0, ZoneInfo('Asia/Singapore')):%Y-%m-%d %H:%M %z}" == "1970-01-01 07:30 +0730"
    assert moment(-1_000, ZoneInfo("UTC")).microsecond == 999_999


def test_the_time_in_the_subtitle_is_whole() -> None:
    """However long the names are that stand behind it, and it has room above the panels."""
    collector = Collector(LAYOUT, most_series=1, most_fields=1)
    collector.add(block([START_NS], "b" * 200, [1.0]))
    made = picture(collector)

    assert re.fullmatch("mean of every 1h · rack b+…b+", made.subtitle)
    assert len(made.subtitle) == 115


def test_lines_of_states_stand_beside_each_other() -> None:
    """Around the state that they show; those of numbers are where they are."""
    numbers, running, _ = picture(hours(["rack1", "rack2", "rack3"])).panels

    assert [shift(running, stroke, series=3) for stroke in running.strokes] == [-0.05, 0.0, 0.05]
    assert [shift(numbers, stroke, series=3) for stroke in numbers.strokes] == [0.0, 0.0, 0.0]
