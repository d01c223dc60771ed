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
        measurement: The same, and from what readings bring.
        declared: The buckets that one that is put together may come to.
        types: Of the model's fields.
        units: Of the fields that have one.
        known: The series made lately, of all routes.
        tags: Those of the model.
        sent: What readings may bring for the measurement to be named after.
        sparse: Whether a series has the fields alone that its readings bring, and not all that the model knows.
    """

    __slots__ = ("_bucket", "_declared", "_known", "_measurement", "_sent", "_sparse", "_tags", "_types", "_units")

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
        sent: AbstractSet[str] = frozenset(),
        sparse: bool = False,
    ) -> None:
        self._bucket = bucket
        self._measurement = measurement
        self._declared = declared
        self._types = types
        self._units = units
        self._known = known
        self._tags = tags
        self._sent = sent
        self._sparse = sparse

    def place(self, captures: Mapping[str, str], tags: Mapping[str, str]) -> "Place | Flaw":
        """The place of a topic's readings, or why they can have none.

        Args:
            captures: The named levels of the topic.
            tags: Those of them that are tags, and others that are the same for all its readings.
        """
        for name in sorted({*self._bucket.names, *(self._measurement.names - self._sent), *tags}):
            said = captures.get(name, tags.get(name))
            if said is None or not storable(said):
                words = "not there" if said is None else show(said)
                return Flaw(-1, Reason.TAG, shorten(f"{name} in the topic is {words}: {TAG_RULE}"))
        bucket = self._bucket.fill(captures)
        if self._bucket.names and bucket not in self._declared:
            return Flaw(-1, Reason.BUCKET, shorten(f"bucket {show(bucket)} is not declared in buckets"))
        return Place(self, bucket, self._measurement.partly(captures), tags)

    def make(self, bucket: str, measurement: str, tags: Mapping[str, str]) -> Series:
        """A new series of this route."""
        return Series(bucket, measurement, tags, types=self._types, units=self._units)

    def recall(self, bucket: str, measurement: str, tags: Mapping[str, str], values: Values | None = None) -> Series:
        """The series with these tags; the same object as long as it is remembered.

        Args:
            bucket: Its name.
            measurement: Its name.
            tags: All of them.
            values: The fields of the reading, where they may be others than the model's.
        """
        types = self._types
        key: SeriesKey = (id(self), bucket, measurement, *sorted(tags.items()))
        if values is not None:
            types = {name: types.get(name) or _type_of(value) for name, value in values.items()}
            key = (*key, None, *sorted(types.items()))
        found = self._known.get(key)
        if found is None:
            units = {name: unit for name, unit in self._units.items() if name in types}
            found = Series(bucket, measurement, tags, types=types, units=units)
            self._known.put(key, found)
        return found

    def is_tag(self, name: str) -> bool:
        """Whether what a reading brings is stored as a tag, although the measurement may be named after it."""
        return name not in self._measurement.names or name in self._tags

    @property
    def sparse(self) -> bool:
        """See the class."""
        return self._sparse


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
        if self._measurement.names or self._places.sparse:
            return None
        return self._places.make(self._bucket, self._measurement.text, self._tags)

    def series_of(self, values: Values, sent: Mapping[str, str]) -> Series:
        """The series of a reading.

        Args:
            values: Its fields.
            sent: The tags that it brings; those of the place that have the same name give way.

        Raises:
            KeyError: It does not bring what the measurement is named after.
        """
        measurement = self._measurement.text
        if self._measurement.names:
            measurement = self._measurement.fill(sent)
            sent = {name: tag for name, tag in sent.items() if self._places.is_tag(name)}
        tags = {**self._tags, **sent} if sent else self._tags
        return self._places.recall(self._bucket, measurement, tags, values if self._places.sparse else None)


def storable(text: str) -> bool:
    """Whether a text can be a tag, or a part of a name."""
    return 0 < len(text) <= MAX_TAG and "\n" not in text and "\r" not in text


def _type_of(value: object) -> FieldType:
    """The type of a value that no model knows; a number of a kind of its own is what it derives from."""
    return next(type_of_value[kind] for kind in type(value).__mro__ if kind in type_of_value)
