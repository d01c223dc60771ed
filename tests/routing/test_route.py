"""One row of routes."""

from typing import Any

import pytest

from ingestor.config import Route
from ingestor.ports import FieldType, Flaw, Message, Point, Reason, Series
from ingestor.routing.cache import Recent
from ingestor.routing.models import Model
from ingestor.routing.place import SeriesKey, series_bytes
from ingestor.routing.route import ReadingRoute, Shared
from sensors import FieldShape, Kind, Shape, TagShape

POT = Model(
    "pot",
    Shape(
        (TagShape("plant", required=True), TagShape("row")),
        (FieldShape("moisture", unit="%", high=100), FieldShape("pulses", Kind.INT)),
    ),
)
BARE = Model("bare", Shape((TagShape("row"),), (FieldShape("value", unit="W"),)))


def compiled(topic: str, model: Model = POT, **row: Any) -> ReadingRoute:  # noqa: ANN401 - keys of a row
    """A route of a model to bucket B."""
    known: Recent[SeriesKey, Series] = Recent(10_000, size_of=series_bytes)
    full = Route.model_validate({"topic": topic, "model": "x", "bucket": "B", **row})
    return ReadingRoute(full, model=model, shared=Shared(buckets={"basil pots"}, known=known))


def decode(route: ReadingRoute, topic: str, payload: bytes) -> tuple[list[Point], list[Flaw]]:
    """Points and flaws of one message."""
    captures = route.template.match(topic.split("/"))
    assert captures is not None
    points: list[Point] = []
    return points, list(route.bind(captures).decode(Message(topic, payload, 1), points))


@pytest.mark.parametrize(
    ("topic", "row", "tags", "place"),
    [
        ("{plant}/{row}", {}, {"plant": "basil", "row": "r2"}, ("B", "pot")),
        ("{plant}/{shelf}", {}, {"plant": "basil", "shelf": "r2"}, ("B", "pot")),
        ("{plant}/{shelf}", {"measurement": "{shelf}_pot"}, {"plant": "basil"}, ("B", "r2_pot")),
        ("{plant}/{row}", {"measurement": "{row}"}, {"plant": "basil", "row": "r2"}, ("B", "r2")),
        ("{plant}/{row}", {"bucket": "{plant} pots"}, {"plant": "basil", "row": "r2"}, ("basil pots", "pot")),
        ("{plant}/{more...}", {}, {"plant": "basil", "more": "r2"}, ("B", "pot")),
        ("{plant}/+", {"measurement": "fixed"}, {"plant": "basil"}, ("B", "fixed")),
    ],
)
def test_named_levels_have_their_roles(
    topic: str, row: dict[str, Any], tags: dict[str, str], place: tuple[str, str]
) -> None:
    """A level fills a tag of the model, is a part of a name, or becomes a tag."""
    points, flaws = decode(compiled(topic, **row), "basil/r2", b'{"moisture": 5}')
    series = points[0].series

    assert flaws == []
    assert dict(series.tags) == tags
    assert (series.bucket, series.measurement) == place


def test_a_series_knows_types_and_units() -> None:
    """A store learns them from the series."""
    points, _ = decode(compiled("{plant}"), "basil", b'{"moisture": 5}')

    assert points[0].series.types == {"moisture": FieldType.FLOAT, "pulses": FieldType.INT}
    assert points[0].series.units == {"moisture": "%"}


def test_the_layout_of_the_old_farm_can_be_written() -> None:
    """A measurement of each rack, a field called value, and no tags."""
    route = compiled("{rack}/power", BARE, format="value", measurement="{rack}_power", bucket="Power Consumption")
    points, flaws = decode(route, "rack1/power", b"120.5")

    assert flaws == []
    assert points[0].fields == {"value": 120.5}
    assert repr(points[0].series) == "Series('Power Consumption', rack1_power)"


def test_a_field_can_be_in_the_topic() -> None:
    """A level with the name of a field is its value; of a model with two fields one is left for a bare value."""
    route = compiled("{plant}/{pulses}", format="value")

    assert decode(route, "basil/7", b"5")[0][0].fields == {"moisture": 5.0, "pulses": 7}


@pytest.mark.parametrize(
    ("topic", "reason", "words"),
    [
        ("basil/many", Reason.TYPE, 'in the topic: pulses is "many" where a whole number belongs'),
        ("basil/7.5", Reason.TYPE, "in the topic: pulses is 7.5"),
        ("basil/99999999999999999999", Reason.RANGE, "in the topic: pulses is a whole number beyond 64 bits"),
        ("/7", Reason.TAG, 'plant in the topic is ""'),
    ],
)
def test_a_level_that_cannot_be_its_field_is_told(topic: str, reason: Reason, words: str) -> None:
    """All messages of such a topic are set aside."""
    points, flaws = decode(compiled("{plant}/{pulses}"), topic, b'{"moisture": 5}')

    assert points == []
    assert [(flaw.point, flaw.reason) for flaw in flaws] == [(-1, reason)]
    assert flaws[0].detail.startswith(words)


def test_a_field_from_the_topic_has_the_type_of_the_model() -> None:
    """A float stays one, whatever the level looks like; null is absence."""
    route = compiled("{plant}/{moisture}")
    (point,), _ = decode(route, "basil/40", b'{"pulses": 1}')
    (without,), _ = decode(route, "basil/null", b'{"pulses": 1}')

    assert point.fields == {"pulses": 1, "moisture": 40.0}
    assert isinstance(point.fields["moisture"], float)
    assert without.fields == {"pulses": 1}


def test_a_required_tag_from_the_rest_of_a_topic_may_be_missing() -> None:
    """Where the rest is no level at all, a tag that has to be there is not."""
    points, flaws = decode(compiled("pots/{plant...}"), "pots", b'{"moisture": 5}')

    assert points == []
    assert [flaw.reason for flaw in flaws] == [Reason.MISSING]


@pytest.mark.parametrize(
    ("topic", "model", "row", "words"),
    [
        ("{a}{b}/x", POT, {}, "where one name ends"),
        ("{plant}", POT, {"bucket": "{site} pots"}, r"\{site\} is not a level of the topic"),
        ("{plant}", POT, {"measurement": "{a"}, "is no name"),
        ("{plant}/{time}", POT, {}, "another name"),
        ("{row}/{value}", BARE, {}, "nothing is left"),
        ("{plant}", POT, {"format": "value"}, "one field; x has moisture, pulses"),
        ("{pulses}", POT, {"format": "value"}, "tag plant of model pot is required"),
        ("{row}", BARE, {"format": "value", "time": {"field": "ts"}}, "no field for a time"),
        ("{plant}", POT, {"time": {"field": "moisture"}}, "a tag or field of model pot already"),
        ("{plant}", POT, {"time": {"field": "row"}}, "a tag or field of model pot already"),
    ],
)
def test_a_row_that_cannot_work_is_refused(topic: str, model: Model, row: dict[str, Any], words: str) -> None:
    """Each contradiction is told before the first message comes."""
    with pytest.raises(ValueError, match=words):
        compiled(topic, model, **row)
