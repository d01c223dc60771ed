"""A point on its way into InfluxDB."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import Point, Reason, Rejection
from ingestor.stores.influxdb.entry import Entry, in_pieces, size_of
from ingestor.stores.influxdb.offenders import Named
from tests.builders import point, series


def entry_of(of: Point, line: str = "line") -> Entry:
    """The third of its batch."""
    return Entry(2, of, line)


def test_a_point_that_is_stored_has_no_rejection() -> None:
    """There is nothing to say about it."""
    assert entry_of(point()).rejection() is None


def test_what_is_refused_is_not_sent_any_more() -> None:
    """The first reason counts, and all words are kept."""
    entry = entry_of(point())
    entry.reject(Reason.TIME, "too\nold")
    entry.reject(Reason.REJECTED, "x" * 10_000)
    rejection = entry.rejection()

    assert entry.line == ""
    assert rejection is not None
    assert rejection[:2] == (2, Reason.TIME)
    assert rejection.detail.startswith("too old; xxx")
    assert len(rejection.detail) < 1_000


def test_a_point_without_a_field_is_sent_on_until_none_is_left() -> None:
    """Fields are named while others are stored; when the last is gone, nothing of the point is."""
    entry = entry_of(point(temperature=1.0, count=2))

    entry.strip(Named("count", None, Reason.TYPE_CONFLICT, "count is text"), lambda left: str(dict(left.fields)))
    assert entry.line == "{'temperature': 1.0}"
    assert entry.rejection() == Rejection(2, Reason.TYPE_CONFLICT, "count is text", ("count",))
    entry.strip(Named("temperature", None, Reason.REJECTED, "no"), str)
    assert entry.line == ""
    assert entry.rejection() == Rejection(2, Reason.TYPE_CONFLICT, "count is text; no")


def test_points_of_one_series_and_time_have_one_place() -> None:
    """Whichever objects say so."""
    one, same = (entry_of(point(series(tags={"rack": "a"}), time_ns=1)) for _ in range(2))

    assert one.place == same.place
    assert one.place != entry_of(point(series(tags={"rack": "a"}), time_ns=2)).place
    assert one.place != entry_of(point(series(tags={"rack": "b"}), time_ns=1)).place


@given(st.lists(st.text(max_size=20), min_size=1), st.integers(1, 60))
def test_pieces_are_as_large_as_they_may_be(lines: list[str], limit: int) -> None:
    """None is larger than the limit, but for a line alone; none could take the next line; nothing is lost."""
    entries = [entry_of(point(), line) for line in lines]
    pieces = list(in_pieces(entries, limit))

    assert [entry for piece in pieces for entry in piece] == entries
    assert all(size_of(piece) <= limit or len(piece) == 1 for piece in pieces)
    assert all(size_of([*piece, after[0]]) > limit for piece, after in pairwise(pieces))
    assert size_of(entries) == len("".join(f"{line}\n" for line in lines).encode())
