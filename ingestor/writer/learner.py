"""Asks a store which types its fields have, when that may be news, and tells the type registry."""

import logging
from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import NamedTuple

from ingestor.encode.types import TypeRegistry
from ingestor.errors import BucketError, StoreError
from ingestor.ports import Series, Store
from ingestor.writer.clock import Clock

_log = logging.getLogger(__name__)
_bucket = attrgetter("bucket")

_REFRESH_SECS = 600.0  # other programs write too
_PUT_OFF_SECS = 60.0  # after asking again failed
_SOONEST_SECS = 10.0  # after an answer, however much there is to doubt


class TypeLearner:
    """Asks before the first points of a bucket, and before the first of a field that nobody has registered.

    It asks again after `doubt`, and every 10 minutes while points flow.

    Args:
        name: The store's name, for people.
        store: Whom to ask.
        types: What learns from the answers.
        clock: Time.
    """

    def __init__(self, name: str, store: Store, *, types: TypeRegistry, clock: Clock) -> None:
        self._name = name
        self._store = store
        self._types = types
        self._clock = clock
        self._answers: dict[str, _Answer] = {}

    async def learn(self, wanted: Collection[Series]) -> None:
        """Ask about the buckets of series that are about to be written, where that is due.

        Where that fails, and all that is needed is known, it is put off: what takes writes may be well.

        Raises:
            StoreUnavailableError: Try again later.
            StoreMisconfiguredError: Nothing will be answered until a person acts.
        """
        buckets = set(map(_bucket, wanted))
        unsettled = self._types.unsettled(wanted)
        now = self._clock.now()
        for bucket in sorted(buckets):
            answer = self._answers.get(bucket)
            if answer is None or now >= answer.again_at or (bucket in unsettled and answer.told):
                try:
                    await self._ask(bucket, wanted, before=answer)
                except StoreError as error:
                    if answer is None or bucket in unsettled:
                        raise
                    _log.warning("field_types_late store=%s bucket=%r reason=%s", self._name, bucket, error)
                    self._answers[bucket] = answer._replace(again_at=self._clock.now() + _PUT_OFF_SECS)

    async def _ask(self, bucket: str, wanted: Collection[Series], *, before: "_Answer | None") -> None:
        try:
            held = await self._store.field_types(bucket)
        except BucketError as error:
            held, why = None, str(error)  # the write will meet the same, and hold what is for it
        else:
            why = "the store does not tell: perhaps the token may only write, or there is too much to tell"
        now = self._clock.now()
        self._answers[bucket] = _Answer(now, now + _REFRESH_SECS, told=held is not None)
        if held is None:
            if before is None or before.told:
                _log.warning("field_types_unknown store=%s bucket=%r reason=%s", self._name, bucket, why)
            return
        for (_, measurement, field), was, kind in self._types.learn(bucket, held, wanted):
            _log.warning(
                "field_type_learned store=%s bucket=%r measurement=%r field=%r type=%s was=%s",
                *(self._name, bucket, measurement, field, kind.value, was.value),
            )

    def doubt(self, buckets: Iterable[str] | None = None) -> None:
        """Ask again soon, about these buckets or about all: the store may hold something else than it told."""
        for bucket in self._answers if buckets is None else buckets:
            if answer := self._answers.get(bucket):
                self._answers[bucket] = answer._replace(again_at=min(answer.again_at, answer.at + _SOONEST_SECS))


class _Answer(NamedTuple):
    """That a bucket was asked about, when to ask again, and whether anything was told."""

    at: float
    again_at: float
    told: bool
