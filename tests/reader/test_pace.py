"""How a time is cut into requests."""

from hypothesis import given
from hypothesis import strategies as st

from ingestor.reader.flux import Span
from ingestor.reader.pace import AIM_VALUES, MAX_VALUES, Pace
from ingestor.reader.window import Stretch

HOUR = 3_600 * 10**9


def walk(pace: Pace, *, values_per_hour: int = 0, secs: float = 0.01) -> list[Span]:
    """All spans, where so much comes in an hour; those that had too many values are not among them."""
    spans = []
    while (span := pace.take()) is not None:
        values = (span.stop_ns - span.start_ns) * values_per_hour // HOUR
        most = pace.most(span)
        if most is not None and values > most:
            pace.too_much(span)
            continue
        pace.settle(span, values=values, secs=secs)
        spans.append(span)
    return spans


runs_of_windows = st.lists(
    st.tuples(st.integers(1, 50), st.sampled_from([HOUR, 23 * HOUR, 24 * HOUR])), min_size=1, max_size=5
)


@given(runs_of_windows, st.integers(0, HOUR - 1), st.integers(0, HOUR - 1), st.integers(0, 10**9))
def test_the_spans_are_all_of_the_time_without_gaps(
    some: list[tuple[int, int]], late: int, early: int, values_per_hour: int
) -> None:
    """They follow each other from beginning to end, whole windows in each, whatever comes and how much of it."""
    runs, at = [], 7 * HOUR
    for count, length in some:
        runs.append(Stretch(at, at + count * length, length))
        at += count * length
    start, stop = 7 * HOUR + late, at - early
    spans = walk(Pace(runs, start_ns=start, stop_ns=stop, length_ns=HOUR), values_per_hour=values_per_hour)

    assert [span.start_ns for span in spans] == [start, *(span.stop_ns for span in spans[:-1])]
    assert spans[-1].stop_ns == stop
    begins = {run.start_ns + number * run.length_ns for run in runs for number in range(50)}
    assert all(span.first_ns in begins and span.first_ns <= span.start_ns < span.stop_ns for span in spans)


def test_a_dense_time_is_asked_for_in_pieces_of_the_right_size() -> None:
    """After a few requests each has about as many values as are aimed at."""
    pace = Pace([Stretch(0, 1_000 * HOUR, 1)], start_ns=0, stop_ns=1_000 * HOUR, length_ns=HOUR // 6)
    spans = walk(pace, values_per_hour=60_000)

    sizes = [(span.stop_ns - span.start_ns) * 60_000 // HOUR for span in spans]
    assert all(0.9 * AIM_VALUES < size < 1.1 * AIM_VALUES for size in sizes[2:-1])


def test_a_time_without_values_is_soon_over() -> None:
    """Years in which nothing was stored take a handful of requests."""
    years = 20 * 365 * 24 * HOUR

    assert len(walk(Pace([Stretch(0, years, 1)], start_ns=0, stop_ns=years, length_ns=HOUR // 6))) < 8


def test_slow_answers_let_spans_grow_no_further() -> None:
    """A server that takes long is not asked for more at once; nor for less, as that may take as long."""
    pace = Pace([Stretch(0, 100 * HOUR, 1)], start_ns=0, stop_ns=100 * HOUR, length_ns=HOUR)
    first, second, *_ = walk(pace, values_per_hour=10, secs=20.0)

    assert second.stop_ns - second.start_ns == first.stop_ns - first.start_ns


def test_a_span_that_was_too_much_is_asked_for_in_parts() -> None:
    """What is asked for next begins where it did."""
    pace = Pace([Stretch(0, 100 * HOUR, HOUR)], start_ns=5, stop_ns=100 * HOUR, length_ns=80 * HOUR)
    span = pace.take()
    assert span is not None
    pace.too_much(span)

    assert pace.most(span) == MAX_VALUES
    assert pace.take() == Span(5, 5 * HOUR, 0, HOUR)


def test_only_a_span_longer_than_those_before_may_be_too_long() -> None:
    """Where the first one gets no answer, or one as long as others, it is not its length that is at fault."""
    pace = Pace([Stretch(0, 100 * HOUR, 1)], start_ns=0, stop_ns=100 * HOUR, length_ns=HOUR)
    first = pace.take()
    assert first is not None
    new = [pace.is_new(first)]
    pace.settle(first, values=1, secs=0.01)
    second = pace.take()
    assert second is not None
    new += [pace.is_new(second), pace.is_new(second._replace(stop_ns=second.start_ns + HOUR))]

    assert new == [False, True, False]


def test_a_single_window_may_have_any_number_of_values() -> None:
    """It cannot be asked for in parts."""
    pace = Pace([Stretch(0, 24 * HOUR, 24 * HOUR)], start_ns=0, stop_ns=24 * HOUR, length_ns=1)
    span = pace.take()

    assert span == Span(0, 24 * HOUR, 0, 24 * HOUR)
    assert pace.most(span) is None


def test_without_windows_there_is_nothing_to_ask() -> None:
    """No run, no span."""
    assert Pace([], start_ns=0, stop_ns=0, length_ns=1).take() is None
