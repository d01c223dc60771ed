"""Which type each field is stored with."""

import pytest

from ingestor.encode import types
from ingestor.encode.types import Refusal, TypeRegistry
from ingestor.ports import FieldType, Reason
from tests.builders import series

FLOAT = {"level": FieldType.FLOAT}
TEXT = {"level": FieldType.TEXT}
STORED_AS_FLOAT = Refusal(Reason.TYPE_CONFLICT, "level is text here, but stored as float")


def test_first_series_settles_the_type() -> None:
    """A field keeps the type of the series that named it first; a later series that says otherwise is in conflict."""
    registry = TypeRegistry({})

    assert registry.refusals(series(types=FLOAT)) == {}
    assert dict(registry.refusals(series(types=TEXT))) == {"level": STORED_AS_FLOAT}


def test_known_types_count_as_first() -> None:
    """What was registered before a restart holds."""
    registry = TypeRegistry({("Farm", "climate", "level"): FieldType.INT})

    assert registry.refusals(series(types=FLOAT)) == {
        "level": Refusal(Reason.TYPE_CONFLICT, "level is float here, but stored as int")
    }


@pytest.mark.parametrize("place", [("Other", "climate"), ("Farm", "soil")])
def test_same_field_elsewhere_is_another_field(place: tuple[str, str]) -> None:
    """Types are kept for each bucket and measurement."""
    registry = TypeRegistry({})
    registry.refusals(series(types=FLOAT))

    assert registry.refusals(series(*place, types=TEXT)) == {}


def test_tells_what_is_new_until_it_is_saved() -> None:
    """What was registered since the last save is handed out for saving; what was known is not."""
    registry = TypeRegistry({("Farm", "climate", "level"): FieldType.FLOAT})
    registry.refusals(series(types={**FLOAT, "count": FieldType.INT}))
    new = dict(registry.unsaved)
    registry.saved()

    assert new == {("Farm", "climate", "count"): FieldType.INT}
    assert registry.unsaved == {}


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many series come by, few verdicts are remembered, and all stay the same."""
    monkeypatch.setattr(types, "_REMEMBERED_BYTES", 10_000)
    registry = TypeRegistry({})
    registry.refusals(series(types=FLOAT))
    many = [series(tags={"rack": str(number)}, types=TEXT) for number in range(100)]

    assert [registry.refusals(one) for one in many * 2] == [{"level": STORED_AS_FLOAT}] * 200
    assert len(registry._verdicts) <= 10


def test_invented_measurements_are_bounded() -> None:
    """Where topics name measurements, so many fields are registered and no more; those that are known go on."""
    registry = TypeRegistry({}, max_bytes=1_000)
    verdicts = [registry.refusals(series("Farm", name, types=FLOAT)) for name in ("a", "b", "c", "a")]

    assert [list(verdict) for verdict in verdicts] == [[], [], ["level"], []]
    assert verdicts[2]["level"].reason is Reason.REJECTED
    assert len(registry.unsaved) == 2
