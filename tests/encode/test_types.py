"""Which type each field is stored with."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import pytest

from ingestor.encode import types
from ingestor.encode.types import Change, Refusal, Registered, TypeRegistry
from ingestor.ports import FieldType, Reason
from tests.builders import series

LEVEL = ("Farm", "climate", "level")
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
    registry = TypeRegistry({("Farm", "climate", "level"): Registered(FieldType.INT)})

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
    registry = TypeRegistry({LEVEL: Registered(FieldType.FLOAT)})
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


def held(*kinds: FieldType, measurement: str = "climate") -> Mapping[tuple[str, str], AbstractSet[FieldType]]:
    """What a store says of one field."""
    return {(measurement, "level"): set(kinds)}


def test_what_the_store_holds_settles_the_type() -> None:
    """A field that nobody has registered has the type that is stored, whatever the first series says."""
    registry = TypeRegistry({})
    text = series(types=TEXT)

    assert registry.learn("Farm", held(FieldType.FLOAT), [text]) == []
    assert registry.refusals(text) == {"level": STORED_AS_FLOAT}
    assert registry.unsaved == {LEVEL: FieldType.FLOAT}


def test_the_registered_type_gives_way_to_the_only_one_stored() -> None:
    """Where the store holds exactly one other type, that counts, also for series that were judged before."""
    registry = TypeRegistry({LEVEL: Registered(FieldType.FLOAT)})
    one = series(types=TEXT)
    before = dict(registry.refusals(one))

    assert registry.learn("Farm", held(FieldType.TEXT), [one]) == [Change(LEVEL, FieldType.FLOAT, FieldType.TEXT)]
    assert (before, registry.refusals(one)) == ({"level": STORED_AS_FLOAT}, {})
    assert registry.unsaved == {LEVEL: FieldType.TEXT}


@pytest.mark.parametrize(
    ("registered", "stored"),
    [
        (Registered(FieldType.INT), {FieldType.INT}),
        (Registered(FieldType.INT), {FieldType.FLOAT, FieldType.TEXT}),
        (Registered(FieldType.INT), {FieldType.FLOAT, FieldType.INT}),
        (Registered(FieldType.INT), set()),
        (Registered(FieldType.INT, pinned=True), {FieldType.FLOAT}),
    ],
    ids=str,
)
def test_the_registered_type_stays(registered: Registered, stored: set[FieldType]) -> None:
    """It stays where the store holds several types, none, or the same, and always where a person pinned it."""
    registry = TypeRegistry({LEVEL: registered})
    whole = series(types={"level": FieldType.INT})

    assert registry.learn("Farm", held(*stored), [whole]) == []
    assert registry.refusals(whole) == {}
    assert registry.unsaved == {}


@pytest.mark.parametrize(
    ("stored", "chosen"),
    [
        ({FieldType.TEXT, FieldType.FLOAT, FieldType.INT}, FieldType.FLOAT),
        ({FieldType.TEXT, FieldType.INT, FieldType.BOOL}, FieldType.BOOL),
    ],
)
def test_of_several_stored_types_one_is_chosen(stored: set[FieldType], chosen: FieldType) -> None:
    """Where nothing is registered float comes first, and otherwise it is always the same one."""
    registry = TypeRegistry({})
    registry.learn("Farm", held(*stored), [series(types=FLOAT)])

    assert registry.unsaved == {LEVEL: chosen}


def test_of_a_large_answer_only_what_is_wanted_is_remembered() -> None:
    """A store may hold the fields of many others: they take no room."""
    registry = TypeRegistry({}, max_bytes=1_000)
    many = {("others", f"field{number}"): {FieldType.FLOAT} for number in range(10_000)}
    registry.learn("Farm", {**many, **held(FieldType.FLOAT)}, [series(types=FLOAT), series("Lab", types=TEXT)])

    assert registry.unsaved == {LEVEL: FieldType.FLOAT}
    assert registry._types == registry.unsaved


def test_what_is_learned_stays_within_the_bound() -> None:
    """Of what is wanted so much is remembered as there is room for; the rest cannot be stored."""
    registry = TypeRegistry({}, max_bytes=1_000)
    wanted = [series("Farm", name, types=FLOAT) for name in ("a", "b", "c")]
    answer = {(name, "level"): {FieldType.FLOAT} for name in ("a", "b", "c")}
    registry.learn("Farm", answer, wanted)

    assert list(registry.unsaved) == [("Farm", "a", "level"), ("Farm", "b", "level")]
    assert registry.refusals(wanted[2])["level"].reason is Reason.REJECTED


def test_tells_where_something_would_be_registered() -> None:
    """A bucket is unsettled as long as a series has a field there that is not registered, and there is room for it."""
    registry = TypeRegistry({LEVEL: Registered(FieldType.FLOAT)}, max_bytes=1_000)
    known, new = series(types=FLOAT), series("Lab", types=FLOAT)
    before = registry.unsettled([known, new])
    registry.refusals(new)
    without_room = series("Home", types=FLOAT)

    assert (before, registry.unsettled([known, new, without_room])) == ({"Lab"}, set())


def test_tells_quickly_whether_all_is_well() -> None:
    """Series that were judged and found well need no second look, until the store tells something else."""
    registry = TypeRegistry({})
    well, bad = series(types=FLOAT), series(types=TEXT)
    seen = [registry.accepts([well])]
    for one in (well, bad):
        registry.refusals(one)
    seen += [registry.accepts([well]), registry.accepts([well, bad])]
    registry.learn("Farm", held(FieldType.TEXT), [well])

    assert [*seen, registry.accepts([well])] == [False, True, False, False]
