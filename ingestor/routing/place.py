"""Where the readings of a topic go: bucket, measurement and tags, worked out from its levels."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from ingestor.ports import FieldType, Flaw, Reason, Series
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
        measurement: The same.
        declared: The buckets that one that is put together may come to.
        types: Of the model's fields.
        units: Of the fields that have one.
        known: The series made lately, of all routes.
    """

    __slots__ = ("_bucket", "_declared", "_known", "_measurement", "_types", "_units")

    def __init__(
        self,
        bucket: NamePattern,
        measurement: NamePattern,
        *,
        declared: AbstractSet[str],
        types: Mapping[str, FieldType],
        units: Mapping[str, str],
        known: Recent[SeriesKey, Series],
    ) -> None:
        self._bucket = bucket
        self._measurement = measurement
        self._declared = declared
        self._types = types
        self._units = units
        self._known = known

    def place(self, captures: Mapping[str, str], tags: Mapping[str, str]) -> "Place | Flaw":
        """The place of a topic's readings, or why they can have none.

        Args:
            captures: The named levels of the topic.
            tags: Those of them that are tags.
        """
        for name in sorted({*self._bucket.names, *self._measurement.names, *tags}):
            if not storable(captures.get(name, "")):
                said = show(captures[name]) if name in captures else "not there"
                return Flaw(-1, Reason.TAG, shorten(f"{name} in the topic is {said}: {TAG_RULE}"))
        bucket = self._bucket.fill(captures)
        if self._bucket.names and bucket not in self._declared:
            return Flaw(-1, Reason.BUCKET, shorten(f"bucket {show(bucket)} is not declared in buckets"))
        return Place(self, bucket, self._measurement.fill(captures), tags)

    def make(self, bucket: str, measurement: str, tags: Mapping[str, str]) -> Series:
        """A new series of this route."""
        return Series(bucket, measurement, tags, types=self._types, units=self._units)

    def recall(self, bucket: str, measurement: str, tags: Mapping[str, str]) -> Series:
        """The series with these tags; the same object as long as it is remembered."""
        key = (id(self), bucket, measurement, *sorted(tags.items()))
        found = self._known.get(key)
        if found is None:
            found = self.make(bucket, measurement, tags)
            self._known.put(key, found)
        return found


class Place:
    """The place of one topic's readings."""

    __slots__ = ("_bucket", "_measurement", "_places", "_tags")

    def __init__(self, places: Places, bucket: str, measurement: str, tags: Mapping[str, str]) -> None:
        self._places = places
        self._bucket = bucket
        self._measurement = measurement
        self._tags = tags

    def series(self) -> Series:
        """The one series of readings that bring no tags of their own."""
        return self._places.make(self._bucket, self._measurement, self._tags)

    def series_of(self, values: Values, names: tuple[str, ...]) -> Series:
        """The series of a reading that brings tags; they are taken out of its values."""
        sent = {name: tag for name in names if (tag := values.pop(name, None)) is not None}
        return self._places.recall(self._bucket, self._measurement, {**self._tags, **sent})


def storable(text: str) -> bool:
    """Whether a text can be a tag, or a part of a name."""
    return 0 < len(text) <= MAX_TAG and "\n" not in text and "\r" not in text
