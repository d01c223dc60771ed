"""Where the readings of a topic go: bucket, measurement and tags, worked out from its levels."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from ingestor.ports import FieldType, Flaw, Reason, Series, type_of_value
from ingestor.routing.cache import Recent
from ingestor.routing.topic import NamePattern
from ingestor.routing.wire import MAX_TAG, TAG_RULE, Values
from ingestor.routing.words import shorten, show

SeriesKey = tuple[object, ...]
_SERIES_BYTES: Final = 900
"""What a series takes besides its texts: the object, its tags, and what a store remembers of it."""


def series_bytes(key: SeriesKey) -> int:
    """About how much memory a remembered series takes."""
    return _SERIES_BYTES + sum(4 * len(str(part)) for part in key)


class Places:
    """Works out the places of one route.

    Args:
        bucket: May be put together from captured levels.
        measurement: The same, and from tags.
        declared: The buckets that one that is put together may come to.
        types: Of the model's fields.
        units: Of the fields that have one.
        known: The series made lately, of all routes.
        tags: Those of the model. Others that the measurement is named after are no tags of the series.
        later: What the measurement is named after and the topic does not tell.
        sparse: Whether a series has the fields alone that its readings bring, and not all that the model knows.
    """

    __slots__ = ("_bucket", "_declared", "_known", "_later", "_measurement", "_sparse", "_types", "_units", "_unstored")

    def __init__(
        self,
        bucket: NamePattern,
        measurement: NamePattern,
        *,
        declared: AbstractSet[str],
        types: Mapping[str, FieldType],
        units: Mapping[str, str],
        known: Recent[SeriesKey, Series],
        tags: AbstractSet[str] = frozenset(),
        later: AbstractSet[str] = frozenset(),
        sparse: bool = False,
    ) -> None:
        self._bucket = bucket
        self._measurement = measurement
        self._declared = declared
        self._types = types
        self._units = units
        self._known = known
        self._later = later
        self._unstored = measurement.names - tags
        self._sparse = sparse

    def place(self, captures: Mapping[str, str], tags: Mapping[str, str]) -> "Place | Flaw":
        """The place of a topic's readings, or why they can have none.

        Args:
            captures: The named levels of the topic.
            tags: Those of them that are tags, and others that are the same for all its readings.
        """
        for name in sorted({*self._bucket.names, *(self._measurement.names - self._later), *tags}):
            said = captures.get(name, tags.get(name))
            if said is None or not storable(said):
                words = "not there" if said is None else show(said)
                return Flaw(-1, Reason.TAG, shorten(f"{name} in the topic is {words}: {TAG_RULE}"))
        bucket = self._bucket.fill(captures)
        if self._bucket.names and bucket not in self._declared:
            return Flaw(-1, Reason.BUCKET, shorten(f"bucket {show(bucket)} is not declared in buckets"))
        return Place(self, bucket, self._measurement.partly(captures), tags)

    def fixed(self, bucket: str, measurement: NamePattern, tags: Mapping[str, str]) -> Series | None:
        """The one series of all readings of a place; None where it depends on what they bring."""
        if measurement.names or self._sparse:
            return None
        return Series(bucket, measurement.text, tags, types=self._types, units=self._units)

    def recall(self, bucket: str, measurement: NamePattern, tags: Mapping[str, str], values: Values) -> Series:
        """The series with these tags and fields; the same object as long as it is remembered.

        Raises:
            KeyError: None of the tags is what the measurement is named after.
        """
        name = measurement.fill(tags) if measurement.names else measurement.text
        if self._unstored:
            tags = {tag: text for tag, text in tags.items() if tag not in self._unstored}
        types = self._types
        key: SeriesKey = (id(self), bucket, name, *sorted(tags.items()))
        if self._sparse:
            types = {field: types.get(field) or _type_of(value) for field, value in values.items()}
            key = (*key, None, *sorted(types.items()))
        found = self._known.get(key)
        if found is None:
            units = {field: unit for field, unit in self._units.items() if field in types}
            found = Series(bucket, name, tags, types=types, units=units)
            self._known.put(key, found)
        return found


class Place:
    """The place of one topic's readings, or of those of one device on it."""

    __slots__ = ("_bucket", "_measurement", "_places", "_tags")

    def __init__(self, places: Places, bucket: str, measurement: NamePattern, tags: Mapping[str, str]) -> None:
        self._places = places
        self._bucket = bucket
        self._measurement = measurement
        self._tags = tags

    def beside(self, tags: Mapping[str, str]) -> "Place":
        """The same place with other tags, which replace those of the same name."""
        return Place(self._places, self._bucket, self._measurement, {**self._tags, **tags})

    def fixed(self) -> Series | None:
        """The one series of all readings; None where it depends on what they bring."""
        return self._places.fixed(self._bucket, self._measurement, self._tags)

    def series_of(self, values: Values, sent: Mapping[str, str]) -> Series:
        """The series of a reading.

        Args:
            values: Its fields.
            sent: The tags that it brings; those of the place that have the same name give way.

        Raises:
            KeyError: There is no tag that the measurement is named after.
        """
        return self._places.recall(self._bucket, self._measurement, {**self._tags, **sent}, values)


def storable(text: str) -> bool:
    """Whether a text can be a tag, or a part of a name."""
    return 0 < len(text) <= MAX_TAG and "\n" not in text and "\r" not in text


def _type_of(value: object) -> FieldType:
    """The type of a value that no model knows; a number of a kind of its own is what it derives from."""
    return next(type_of_value[kind] for kind in type(value).__mro__ if kind in type_of_value)
