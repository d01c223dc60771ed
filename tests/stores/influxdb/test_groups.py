"""In which order points are sent."""

from ingestor.stores.influxdb.groups import Groups
from tests.builders import point, series


def test_points_are_told_apart_by_bucket_and_stand_together_by_series() -> None:
    """A batch is sorted into buckets; in each, the points of a series follow each other."""
    one, two, elsewhere = series(tags={"rack": "1"}), series(tags={"rack": "2"}), series("Lab")
    groups = Groups()
    groups.add([point(of) for of in (one, two, elsewhere, one)], 0)
    groups.add([point(of) for of in (elsewhere, two, one)], 4)

    assert groups.by_bucket() == {"Farm": [0, 3, 6, 1, 5], "Lab": [2, 4]}


def test_series_of_the_same_words_keep_the_order_of_their_points() -> None:
    """Two objects that say the same are one series: the later point comes later."""
    groups = Groups()
    groups.add([point(series()), point(series(measurement="soil")), point(series())], 0)

    assert groups.by_bucket() == {"Farm": [0, 2, 1]}


def test_nothing_gives_nothing() -> None:
    """An empty batch has no bucket."""
    assert Groups().by_bucket() == {}
