"""Rejections of one point that come from several places."""

from ingestor.encode.rejections import one_a_point
from ingestor.ports import Reason, Rejection


def test_points_that_are_named_once_stay_as_they_are() -> None:
    """In their order."""
    rejections = [Rejection(7, Reason.TIME, "too old"), Rejection(1, Reason.REJECTED, "NaN", ("a",))]

    assert one_a_point(iter(rejections)) == rejections


def test_fields_that_were_left_out_in_two_places_are_told_together() -> None:
    """With the first reason and both details: the rest of the point is stored."""
    encoder = Rejection(3, Reason.REJECTED, "a is NaN", ("a",))
    server = Rejection(3, Reason.TYPE_CONFLICT, "b is text", ("b", "c"))

    assert one_a_point([encoder, server]) == [Rejection(3, Reason.REJECTED, "a is NaN; b is text", ("a", "b", "c"))]


def test_a_point_that_is_refused_whole_in_one_place_is_refused_whole() -> None:
    """Whichever came first, nothing of it is stored."""
    some = Rejection(3, Reason.REJECTED, "a is NaN", ("a",))
    everything = Rejection(3, Reason.TIME, "too old")

    assert one_a_point([some, everything]) == [Rejection(3, Reason.REJECTED, "a is NaN; too old")]
    assert one_a_point([everything, some]) == [Rejection(3, Reason.TIME, "too old; a is NaN")]
