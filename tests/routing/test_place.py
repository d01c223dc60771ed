"""Where the readings of a topic go."""

import pytest

from ingestor.ports import FieldType, Flaw, Reason, Series
from ingestor.routing.cache import Recent
from ingestor.routing.place import Place, Places, SeriesKey, series_bytes, storable
from ingestor.routing.topic import NamePattern
from ingestor.routing.wire import MAX_TAG

TYPES = {"temperature": FieldType.FLOAT}


def places(
    bucket: str = "B", measurement: str = "climate", *, max_bytes: int = 100_000, later: str = "", sparse: bool = False
) -> Places:
    """Places whose bucket may come to East Power; the model has the tag `rack`, and readings may bring `later`."""
    known: Recent[SeriesKey, Series] = Recent(max_bytes, size_of=series_bytes)
    return Places(
        NamePattern.parse(bucket),
        NamePattern.parse(measurement),
        declared={"East Power"},
        types=TYPES,
        units={"temperature": "°C"},
        known=known,
        tags={"rack"},
        later={later} if later else frozenset(),
        sparse=sparse,
    )


def test_a_series_is_put_together() -> None:
    """Bucket and measurement may come from levels; types and units come from the model."""
    place = places("{site} Power", "{rack}_power").place({"site": "East", "rack": "r1", "row": "2"}, {"row": "2"})
    assert isinstance(place, Place)
    series = place.fixed()
    assert series is not None

    assert (series.bucket, series.measurement, series.tags) == ("East Power", "r1_power", (("row", "2"),))
    assert (series.types, series.units) == (TYPES, {"temperature": "°C"})


def test_a_bucket_that_is_not_declared_is_refused() -> None:
    """A topic cannot invent a bucket; one that is spelled out in the route needs no declaration."""
    assert places("{site} Power").place({"site": "West"}, {}) == Flaw(
        -1, Reason.BUCKET, 'bucket "West Power" is not declared in buckets'
    )
    assert isinstance(places("West Power").place({}, {}), Place)


@pytest.mark.parametrize("level", ["", "a\nb", "\r", "x" * (MAX_TAG + 1)])
@pytest.mark.parametrize("measurement", ["climate", "{rack}_climate"])
def test_levels_that_cannot_be_stored_are_refused(measurement: str, level: str) -> None:
    """What is empty, long or of two lines is neither a tag nor a part of a name."""
    found = places(measurement=measurement).place({"rack": level}, {} if "{" in measurement else {"rack": level})

    assert isinstance(found, Flaw)
    assert (found.point, found.reason) == (-1, Reason.TAG)


def test_a_level_that_is_not_there_is_refused() -> None:
    """The rest of a topic may be no level at all, and cannot be a part of a name then."""
    found = places(measurement="{rest}").place({}, {})

    assert isinstance(found, Flaw)
    assert "rest in the topic is not there" in found.detail


def test_tags_of_the_payload_make_series() -> None:
    """Readings with the same tags have the same series, others have others."""
    place = places().place({"rack": "r1"}, {"rack": "r1"})
    assert isinstance(place, Place)
    one = place.series_of({"temperature": 1.0}, {"probe": "p1"})

    assert one.tags == (("probe", "p1"), ("rack", "r1"))
    assert place.series_of({}, {"probe": "p1"}) is one
    assert place.series_of({}, {"probe": "p2"}) is not one
    assert place.series_of({}, {}).tags == (("rack", "r1"),)


def test_invented_tags_are_forgotten() -> None:
    """However many tags a device invents, what is remembered of them stays within its bound."""
    sut = places(max_bytes=50_000)
    place = sut.place({}, {})
    assert isinstance(place, Place)
    for at in range(1000):
        place.series_of({}, {"probe": f"p{at}"})

    assert 0 < len(sut._known) < 60


def test_ordinary_text_is_storable() -> None:
    """Spaces, commas and any alphabet are fine."""
    assert all(storable(text) for text in ("a", "two words", "a,b=c", "Gewächshaus", "温室", "x" * MAX_TAG))


@pytest.mark.parametrize(("name", "tags"), [("rack", (("rack", "r1"), ("row", "2"))), ("port", (("row", "2"),))])
def test_a_measurement_may_be_named_after_a_tag(name: str, tags: tuple[tuple[str, str], ...]) -> None:
    """One of the model stays a tag beside that, any other is spent."""
    place = places(measurement=f"{{{name}}}_climate", later=name).place({}, {"row": "2"})
    assert isinstance(place, Place)
    series = place.series_of({}, {name: "r1"})

    assert place.fixed() is None
    assert (series.measurement, series.tags) == ("r1_climate", tags)
    with pytest.raises(KeyError, match=name):
        place.series_of({}, {})


def test_a_sparse_series_has_the_fields_of_its_readings() -> None:
    """With the type that the model says, or that the value has; other fields, or other types, make another series."""
    place = places(sparse=True).place({}, {})
    assert isinstance(place, Place)
    one = place.series_of({"temperature": 1.0, "ok": True}, {})

    assert place.fixed() is None
    assert one.types == {"temperature": FieldType.FLOAT, "ok": FieldType.BOOL}
    assert one.units == {"temperature": "°C"}
    assert place.series_of({"ok": False, "temperature": 2.0}, {}) is one
    assert place.series_of({"ok": "yes"}, {}).types == {"ok": FieldType.TEXT}
    assert place.series_of({"ok": "yes"}, {}).units == {}
