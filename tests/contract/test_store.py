"""What every store does alike. A test only writes points and asks what is stored."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from ingestor.ports import FieldType, Point, Rejection, Store, Value
from ingestor.stores.influxdb.server import Server
from ingestor.stores.influxdb.store import InfluxStore
from ingestor.stores.memory import Key, MemoryStore
from ingestor.stores.sqlite import SqliteStore
from tests.builders import TYPES, point, series
from tests.servers.influxdb import InfluxDB
from tests.stores.influxdb.reading import Org
from tests.stores.reading import read_buckets
from tests.support import run

Stored = Mapping[Key, Mapping[str, Value]]


class Subject:
    """One store under test: writes batches, each after the other, and reads everything back.

    Args:
        make: Makes the store; what it stored before is still there.
        read: All that is stored.
        refuses: Which names, and in which place, it says it cannot hold.
    """

    def __init__(
        self,
        make: Callable[[], Store],
        read: Callable[[Store], Stored],
        *,
        refuses: Collection[tuple[str, str]] = (),
    ) -> None:
        self._make = make
        self._read = read
        self._refuses = refuses

    def holds(self, place: str, name: str) -> bool:
        """Whether it can hold a name in that place; what it cannot hold it must refuse in words."""
        return (place, name) not in self._refuses

    def write(self, *batches: Sequence[Point]) -> tuple[list[Sequence[Rejection]], Stored]:
        """What each batch's answer was, and what is stored in the end."""
        return run(self._write(batches))

    def types_after(self, batch: Sequence[Point], buckets: Sequence[str]) -> list[object]:
        """The field types that each bucket has after a batch."""
        return run(self._types_after(batch, buckets))

    def write_and_delete(self, batch: Sequence[Point], *deletions: Sequence[Point]) -> Stored:
        """What is left of a batch after deletions, each after the other."""
        return run(self._write_and_delete(batch, deletions, ()))

    def rewrite(self, batch: Sequence[Point], anew: Sequence[Point]) -> Stored:
        """What is there once a batch was deleted and another one written."""
        return run(self._write_and_delete(batch, [batch], anew))

    async def _write_and_delete(
        self, batch: Sequence[Point], deletions: Sequence[Sequence[Point]], anew: Sequence[Point]
    ) -> Stored:
        async with self._make() as store:
            await store.write(batch)
            for points in deletions:
                await store.delete(points)
            await store.write(anew)
        return self._read(store)

    async def _types_after(self, batch: Sequence[Point], buckets: Sequence[str]) -> list[object]:
        async with self._make() as store:
            await store.write(batch)
            return [await store.field_types(bucket) for bucket in buckets]

    async def _write(self, batches: Sequence[Sequence[Point]]) -> tuple[list[Sequence[Rejection]], Stored]:
        async with self._make() as store:
            answers = [await store.write(batch) for batch in batches]
        return answers, self._read(store)


def in_memory(_: Path, __: pytest.FixtureRequest) -> Subject:
    """The store that tests use in place of real ones."""

    def read(store: Store) -> Stored:
        assert isinstance(store, MemoryStore)
        return store.points

    return Subject(MemoryStore, read)


def in_sqlite(folder: Path, _: pytest.FixtureRequest) -> Subject:
    """The embedded store."""
    return Subject(lambda: SqliteStore(folder), lambda _: read_buckets(folder))


IN_INFLUXDB_NOT = {
    ("bucket", 'quo"te'), ("tag", "time"), ("field", "time"),
    *((place, name) for place in ("measurement", "tag", "tag value", "field") for name in ("", "new\nline")),
}  # fmt: skip


def in_influxdb(folder: Path, request: pytest.FixtureRequest) -> Subject:
    """A real InfluxDB 2.8, in an organisation of its own; buckets are made as they are met."""
    server = request.getfixturevalue("influxdb")
    assert isinstance(server, InfluxDB)
    org = Org.create(server, str(folder))
    reached = Server(org.url, org.name, SecretStr(org.token))
    return Subject(lambda: InfluxStore(reached, create=True), lambda _: org.points(), refuses=IN_INFLUXDB_NOT)


SUBJECTS = {"memory": in_memory, "sqlite": in_sqlite, "influxdb": in_influxdb}


@pytest.fixture(params=list(SUBJECTS))
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    """Every store in turn, empty."""
    return SUBJECTS[request.param](tmp_path, request)


def only(stored: Stored) -> Mapping[str, Value]:
    """The fields of the only point."""
    (fields,) = stored.values()
    return fields


def test_points_are_stored_as_they_are(subject: Subject) -> None:
    """Bucket, measurement, tags, time and fields come back."""
    of = series("Farm", "climate", tags={"rack": "rack1", "level": "2"})
    answers, stored = subject.write([point(of, time_ns=1_700_000_000_123_456_789, temperature=21.5)])

    assert list(answers[0]) == []
    assert stored == {
        ("Farm", "climate", (("level", "2"), ("rack", "rack1")), 1_700_000_000_123_456_789): {"temperature": 21.5}
    }


def test_types_are_kept(subject: Subject) -> None:
    """A whole number in a float field stays a float; integers, texts and truth values stay what they are."""
    given_fields: dict[str, Value] = {
        "temperature": 20.0,
        "humidity": -0.0,
        "count": 2**63 - 1,
        "state": "007",
        "on": False,
    }
    _, stored = subject.write([Point(series(), 1, given_fields)])

    assert only(stored) == given_fields
    assert {name: type(value) for name, value in only(stored).items()} == {
        name: type(value) for name, value in given_fields.items()
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"count": -(2**63)},
        {"temperature": 5e-324},
        {"temperature": 1.7976931348623157e308},
        {"temperature": 0.1 + 0.2},
        {"state": ""},
        {"state": "a\nb\r\"c\" 'd' \\ ☃ 💧 \x00 end"},
        {"state": "x" * 100_000},
    ],
    ids=repr,
)
def test_extreme_values_are_kept(subject: Subject, fields: Mapping[str, Value]) -> None:
    """What is at the edge of a type comes back as it was."""
    _, stored = subject.write([Point(series(), 1, fields)])

    assert only(stored) == fields


@pytest.mark.parametrize("time_ns", [0, -1, -(2**63) + 2, 2**63 - 2])
def test_extreme_times_are_kept(subject: Subject, time_ns: int) -> None:
    """Any time that 64 bits of nanoseconds can tell is stored, also before 1970."""
    _, stored = subject.write([point(time_ns=time_ns)])

    assert [key[3] for key in stored] == [time_ns]


def test_same_batch_again_changes_nothing(subject: Subject) -> None:
    """After any error a batch may be sent again."""
    batch = [point(time_ns=at, temperature=at / 4, count=at) for at in range(100)]
    _, once = subject.write(batch)
    _, again = subject.write(batch, batch[50:], batch)

    assert again == once
    assert len(again) == 100


def test_fields_of_one_time_are_merged(subject: Subject) -> None:
    """Fields that come later join those that are there, and take the place of those of the same name."""
    _, stored = subject.write(
        [point(time_ns=1, temperature=21.5, humidity=40.0)], [point(time_ns=1, temperature=22.5, count=3)]
    )

    assert only(stored) == {"temperature": 22.5, "humidity": 40.0, "count": 3}


def test_last_of_a_batch_wins(subject: Subject) -> None:
    """Within a batch the order counts, also between points with different fields."""
    _, stored = subject.write(
        [
            point(time_ns=1, temperature=1.0, humidity=1.0),
            point(time_ns=2, temperature=9.0),
            point(time_ns=1, temperature=2.0),
            point(time_ns=1, count=5),
            point(time_ns=1, temperature=3.0),
        ]
    )

    assert list(stored.values()) == [{"temperature": 3.0, "humidity": 1.0, "count": 5}, {"temperature": 9.0}]


def test_series_is_known_by_what_it_says(subject: Subject) -> None:
    """Two objects of the same bucket, measurement and tags are one series, in whatever order their tags came."""
    one = series(tags={"a": "1", "b": "2"})
    other = series(tags={"b": "2", "a": "1"}, types={"level": FieldType.FLOAT})
    _, stored = subject.write([point(one, temperature=1.0), point(other, level=2.0)])

    assert only(stored) == {"temperature": 1.0, "level": 2.0}


def test_tags_tell_series_apart(subject: Subject) -> None:
    """Another value, another tag and no tag at all are different series."""
    all_tags: list[dict[str, str]] = [{}, {"a": ""}, {"a": "1"}, {"a": "2"}, {"b": "1"}, {"a": "1", "b": "1"}]
    _, stored = subject.write([point(series(tags=tags)) for tags in all_tags])

    held = [tags for tags in all_tags if "" not in tags.values() or subject.holds("tag value", "")]
    assert {key[2] for key in stored} == {tuple(tags.items()) for tags in held}
    assert len(stored) == len(held)


def test_buckets_are_apart(subject: Subject) -> None:
    """The same point in two buckets is two points; one batch may go to many."""
    names = ["Farm", "farm", "FARM", "a/b", "a:b", "..", "über 20°", 'quo"te', "per%20cent", "per cent"]
    names = [name for name in names if subject.holds("bucket", name)]
    _, stored = subject.write([point(series(name)) for name in names])

    assert sorted(key[0] for key in stored) == sorted(names)


ODD_NAMES = [
    "points_9", "POINTS_3", "a b", "a,b=c", "sel'ect", 'quo"te', 'a"', "back\\slash", "new\nline", "tab\t", "ß☃💧",
    "a.b", "$", "%s", "[x]", "?1", "order", "time", "time_ns", "Time", "TIME 2", "series", "tags", "id", "rowid",
    "points_1", "fields", "measurements", "sqlite_x", "SQLITE_MASTER", "sqlite_autoindex_series_1", "main", "", " ",
    "f1", "-", "Odd", "odd", "ODD",
]  # fmt: skip


@pytest.mark.parametrize("place", ["measurement", "tag", "tag value", "field"])
def test_odd_names_are_kept_apart(subject: Subject, place: str) -> None:
    """Names that SQL, file formats or habit give a meaning are just names, and case tells names apart.

    What a store cannot hold it refuses, and all else is stored.
    """
    points = []
    for number, name in enumerate(ODD_NAMES):
        of = series(
            measurement=name if place == "measurement" else "climate",
            tags={name if place == "tag" else "rack": name if place == "tag value" else "rack1"},
            types={name: FieldType.FLOAT} if place == "field" else TYPES,
        )
        points.append(Point(of, number, {name if place == "field" else "temperature": float(number)}))
    answers, stored = subject.write(points, points)

    refused = [at for at, name in enumerate(ODD_NAMES) if not subject.holds(place, name)]
    assert [sorted(rejection.at for rejection in answer if rejection.detail) for answer in answers] == [refused] * 2
    assert stored == {
        (each.series.bucket, each.series.measurement, each.series.tags, each.time_ns): each.fields
        for at, each in enumerate(points)
        if at not in refused
    }


def test_new_fields_may_come_later(subject: Subject) -> None:
    """A field that no earlier point had joins the measurement, also after a restart of the store."""
    plain = series(types={"a": FieldType.FLOAT})
    wider = series(tags={"rack": "rack2"}, types={"a": FieldType.FLOAT, "b": FieldType.TEXT})
    subject.write([point(plain, a=1.0)])
    _, stored = subject.write([point(plain, a=1.0)], [point(wider, a=2.0, b="x")], [point(plain, time_ns=2, a=3.0)])

    assert {(key[2], key[3]): fields for key, fields in stored.items()} == {
        (plain.tags, 1): {"a": 1.0},
        (plain.tags, 2): {"a": 3.0},
        (wider.tags, 1): {"a": 2.0, "b": "x"},
    }


def test_a_store_tells_the_types_of_its_fields(subject: Subject) -> None:
    """Whatever was written has its type, by measurement and field; a bucket that is not there has none."""
    written = series(types={"temperature": FieldType.FLOAT, "count": FieldType.INT, "state": FieldType.TEXT})
    types, of_none = subject.types_after([point(written, temperature=20.0, count=3, state="on")], ["Farm", "None"])

    assert types == {
        ("climate", "temperature"): {FieldType.FLOAT},
        ("climate", "count"): {FieldType.INT},
        ("climate", "state"): {FieldType.TEXT},
    }
    assert of_none == {}


def test_a_deleted_point_is_gone_with_all_its_fields(subject: Subject) -> None:
    """What is deleted is what stands at that time in that series, whatever its fields are; twice is as good as once."""
    written = [point(time_ns=at, temperature=1.0, humidity=2.0) for at in range(1, 4)]
    left = subject.write_and_delete(written, [point(time_ns=2, count=5)], [point(time_ns=2)])

    assert [key[3] for key in left] == [1, 3]


def test_deleting_leaves_series_with_more_or_fewer_tags_alone(subject: Subject) -> None:
    """A series is told by all of its tags, also by those that it does not have."""
    all_tags: list[dict[str, str]] = [
        {},
        {"a": "1"},
        {"a": "2"},
        {"b": "1"},
        {"a": "1", "b": "1"},
        {"a": "it's \"b\\c"},
    ]
    of = [series(tags=tags) for tags in all_tags] + [series(measurement="other"), series("Lab", tags={"a": "1"})]
    for victim in of:
        left = subject.write_and_delete([point(each, time_ns=7) for each in of], [point(victim, time_ns=7)])

        assert (victim.bucket, victim.measurement, victim.tags, 7) not in left
        assert len(left) == len(of) - 1


def test_deleting_takes_no_other_point_of_the_series(subject: Subject) -> None:
    """Points between those that are deleted stay, in whatever order they are named, and at the ends of time."""
    times = [-(2**63) + 2, -1, 0, *range(10, 60), 2**63 - 2]
    victims = [-(2**63) + 2, 0, 10, 11, 12, 14, 59, 2**63 - 2, 1_000]
    left = subject.write_and_delete(
        [point(time_ns=at) for at in times], [point(time_ns=at) for at in reversed(victims)]
    )

    assert {key[3] for key in left} == set(times) - set(victims)


def test_what_was_never_there_need_not_be_deleted(subject: Subject) -> None:
    """No such bucket, no such measurement, no such series: nothing happens to what is there."""
    strange = [series("None"), series(measurement="none"), series(tags={"none": "1"}), series(tags={"rack": "none"})]
    left = subject.write_and_delete([point()], [point(each) for each in strange], [])

    assert len(left) == 1


def test_a_deleted_point_may_be_written_again(subject: Subject) -> None:
    """It then has the fields that are written, and none of those from before."""
    stored = subject.rewrite([point(temperature=1.0, humidity=2.0)], [point(temperature=3.0)])

    assert only(stored) == {"temperature": 3.0}


values_of = {
    FieldType.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
    FieldType.INT: st.integers(-(2**63), 2**63 - 1),
    FieldType.TEXT: st.text(max_size=20),
    FieldType.BOOL: st.booleans(),
}
some_series = st.builds(
    series,
    st.sampled_from(["Farm", "Lab"]),
    st.sampled_from(["climate", "Climate"]),
    tags=st.sampled_from([{}, {"a": "1"}]),
)
some_points = st.builds(
    Point,
    some_series,
    st.integers(0, 5),
    st.fixed_dictionaries({}, optional={name: values_of[kind] for name, kind in TYPES.items()}).filter(bool),
)


@pytest.mark.parametrize("name", SUBJECTS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(some_points, min_size=1, max_size=200), max_size=3))
def test_any_points_are_merged_in_order(
    name: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, batches: list[list[Point]]
) -> None:
    """Whatever the order and the batches, each field has the value that was written last."""
    expected: dict[Key, dict[str, Value]] = {}
    for batch in batches:
        for of, time_ns, fields in batch:
            expected.setdefault((of.bucket, of.measurement, of.tags, time_ns), {}).update(fields)
    _, stored = SUBJECTS[name](tmp_path_factory.mktemp("buckets"), request).write(*batches)

    assert stored == expected
