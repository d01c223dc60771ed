"""Lines out of any number of readings."""

from hypothesis import given
from hypothesis import strategies as st

from ingestor.plot.line import Line, Spot, Summary

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
READINGS = st.lists(st.tuples(st.integers(-(2**62), 2**62), NUMBERS), max_size=60, unique_by=lambda spot: spot[0])


def line(spots: list[Spot], *, most: int = 1_000) -> Line:
    """With these readings."""
    made = Line(most=most)
    made.extend([time_ns for time_ns, _ in spots], [value for _, value in spots])
    return made


def test_few_readings_are_kept_as_they_are() -> None:
    """Up to the limit nothing is left out; what is no value is passed over."""
    made = Line()
    made.extend([1, 2, 3], [5.0, None, 7.0])
    made.extend([10], [6.0])

    assert made.pieces(None) == [[(1, 5.0), (3, 7.0), (10, 6.0)]]
    assert made.summary() == Summary(3, 5.0, 7.0, (10, 6.0))


def test_nothing_has_no_summary() -> None:
    """A line without readings is false, and has nothing to draw."""
    made = line([])

    assert not made
    assert (made.summary(), made.pieces(None), made.widest()) == (None, [], None)
    assert made.columns(3, start_ns=0, stop_ns=9, widest=None) == [None, None, None]


@given(READINGS, st.integers(2, 10))
def test_no_peak_is_lost(spots: list[Spot], most: int) -> None:
    """However few stretches there may be, both ends, the smallest and the largest value are drawn, and few spots."""
    spots.sort()
    made = line(spots, most=most)
    drawn = [spot for piece in made.pieces(None) for spot in piece]

    assert drawn == sorted(drawn)
    assert len(drawn) <= 4 * most
    assert set(drawn) <= set(spots)
    if spots:
        assert (drawn[0], drawn[-1]) == (spots[0], spots[-1])
        assert min(value for _, value in drawn) == min(value for _, value in spots)
        assert max(value for _, value in drawn) == max(value for _, value in spots)
        assert made.summary() == Summary(len(spots), min(v for _, v in spots), max(v for _, v in spots), spots[-1])


def test_half_of_the_stretches_are_used_at_least() -> None:
    """Readings that come evenly are thinned no more than they have to be."""
    made = line([(number * 1_000, float(number)) for number in range(10_000)], most=100)

    assert 50 <= sum(1 for piece in made.pieces(None) for _ in piece) // 2 <= 100


def test_a_gap_begins_a_new_piece() -> None:
    """What is further apart than readings may be is not joined."""
    made = line([(0, 1.0), (10, 2.0), (31, 3.0)])

    assert made.pieces(20) == [[(0, 1.0), (10, 2.0)], [(31, 3.0)]]
    assert made.pieces(21) == [[(0, 1.0), (10, 2.0), (31, 3.0)]]


def test_gaps_are_seen_in_thinned_lines_too() -> None:
    """The distance counts between readings, not between stretches."""
    made = line([(number, 1.0) for number in (*range(1_000), *range(5_000, 6_000))], most=50)

    assert [(piece[0][0], piece[-1][0]) for piece in made.pieces(made.widest())] == [(0, 999), (5_000, 5_999)]


def test_what_is_usual_tells_what_is_a_gap() -> None:
    """Three to six times the distance that most readings have; a few long ones change nothing."""
    times = [*range(0, 1_000, 10), *range(5_000, 6_000, 10), 9_999]
    widest = line([(time_ns, 1.0) for time_ns in times]).widest()

    assert widest is not None
    assert 30 <= widest <= 60
    assert line([(0, 1.0)]).widest() is None


def test_columns_are_means() -> None:
    """Each part of the time has the mean of its readings."""
    made = line([(0, 1.0), (1, 3.0), (5, 7.0), (9, 9.0)])

    assert made.columns(2, start_ns=0, stop_ns=10, widest=None) == [2.0, 8.0]
    assert made.columns(2, start_ns=0, stop_ns=10, widest=None, last=True) == [3.0, 9.0]


def test_columns_between_readings_go_on_unless_there_is_a_gap() -> None:
    """Hourly readings in a wide chart leave no blanks; an outage does, and so does what is before and after."""
    made = line([(10, 1.0), (20, 2.0), (50, 5.0)])

    assert made.columns(8, start_ns=0, stop_ns=80, widest=10) == [None, 1.0, 2.0, None, None, 5.0, None, None]
    assert made.columns(8, start_ns=0, stop_ns=80, widest=30) == [None, 1.0, 2.0, 2.0, 2.0, 5.0, None, None]
