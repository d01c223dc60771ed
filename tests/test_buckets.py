"""What has to be done so that a store has the buckets that were declared."""

import pytest

from ingestor.buckets import Action, plan
from ingestor.ports import BucketInfo

FARM = BucketInfo("Farm", "Racks", 3600.0)


def test_what_is_missing_is_made_and_what_is_equal_left_alone() -> None:
    """Buckets that nobody declared are named, sorted, and nothing is done to them."""
    lab = BucketInfo("Lab")
    made = plan([lab, FARM], [FARM, BucketInfo("z"), BucketInfo("a", "", 1.0)])

    assert list(made.actions) == [Action(lab)]
    assert (made.equal, made.undeclared) == (["Farm"], ["a", "z"])


@pytest.mark.parametrize("changed", [FARM._replace(description=""), FARM._replace(retention_secs=7200.0)])
def test_another_description_or_retention_is_a_change(changed: BucketInfo) -> None:
    """The action knows how it was before."""
    made = plan([changed], [FARM])

    assert list(made.actions) == [Action(changed, FARM)]
    assert made.equal == []


def test_where_a_store_keeps_no_descriptions_they_make_no_difference() -> None:
    """InfluxDB 1 has none, and would be changed again each time."""
    assert plan([FARM], [FARM._replace(description=None)]).equal == ["Farm"]


def test_retentions_are_compared_to_the_second() -> None:
    """Stores keep whole seconds: a fraction is no reason to change the same again each time."""
    assert plan([FARM._replace(retention_secs=3600.4)], [FARM]).equal == ["Farm"]


@pytest.mark.parametrize(
    ("before", "after", "deletes"),
    [(None, 60.0, True), (120.0, 60.0, True), (60.0, 120.0, False), (60.0, None, False), (60.0, 60.0, False)],
)
def test_a_shorter_retention_deletes(before: float | None, after: float | None, *, deletes: bool) -> None:
    """Also from for ever to some; what is kept longer loses nothing."""
    action = Action(FARM._replace(retention_secs=after), FARM._replace(retention_secs=before))

    assert action.deletes is deletes
    assert not Action(FARM).deletes
