"""Whatever is wrong with a batch: good points are stored, bad ones are named, and few requests do it."""

import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.ports import FieldType, Point, Reason, Rejection, Series, Value
from ingestor.stores.influxdb.answers import Dialect
from ingestor.stores.influxdb.experience import Experience
from tests.stores.influxdb.modelserver import (
    LONGEST,
    NAMELESS,
    POISON,
    SHARD_NS,
    UNPARSABLE,
    ModelServer,
    merged,
)
from tests.stores.influxdb.settling import BUCKET, attempt, attempts

TYPES = {"f": FieldType.FLOAT, "g": FieldType.FLOAT, "text": FieldType.TEXT}
CLIMATE = Series(BUCKET, "climate", {"rack": "rack1"}, types=TYPES)
POWER = Series(BUCKET, 'po"wer\\', {}, types=TYPES)
OLDEST_NS = 2 * SHARD_NS
GOOD = Point(Series(BUCKET, "known", {}, types=TYPES), 9 * SHARD_NS, {"known": 1.0})

times = st.integers(0, 11).map(lambda step: step * SHARD_NS // 2)  # few, so that points meet
ordinary = st.dictionaries(st.sampled_from(["f", "g"]), st.floats(0, 9), min_size=1)
odd = st.one_of(
    st.fixed_dictionaries({"f": st.sampled_from(["words", True, 1])}, optional={"g": st.just(1.5)}),
    st.fixed_dictionaries({"text": st.just("x" * (LONGEST + 1))}, optional={"g": st.just(2.5)}),
    st.sampled_from([UNPARSABLE, POISON, NAMELESS]).map(lambda name: {name: 1.0}),
)
fields = st.one_of(ordinary, ordinary, ordinary, odd)
points = st.builds(Point, st.sampled_from([CLIMATE, POWER]), times, fields)
batches = st.lists(points, max_size=40)
worlds = st.dictionaries(
    st.tuples(
        st.integers(0, 5), st.sampled_from([CLIMATE.measurement, POWER.measurement]), st.sampled_from(["f", "g"])
    ),
    st.sampled_from(list(FieldType)),
    max_size=6,
)


def filled(types: Mapping[tuple[int, str, str], FieldType]) -> dict[tuple[int, str, str], FieldType]:
    """The type of every field in every shard: float where nothing else is said."""
    shards = range(7)
    names = [CLIMATE.measurement, POWER.measurement]
    return {(shard, name, field): FieldType.FLOAT for shard in shards for name in names for field in "fg"} | dict(types)


def server_with(dialect: Dialect, types: Mapping[tuple[int, str, str], FieldType]) -> tuple[ModelServer, Experience]:
    """A server that has accepted a point of the bucket before."""
    server = ModelServer(dialect, types=filled(types), oldest_ns=0 if dialect is Dialect.V3 else OLDEST_NS)
    experience = Experience()
    attempt([GOOD], server.write, encode=server.encode, experience=experience)
    return server, experience


def bad_fields(server: ModelServer, point: Point) -> set[str]:
    """The fields of a point that the server will never take."""
    if {UNPARSABLE, POISON, NAMELESS} & set(point.fields) or point.time_ns < server.oldest_ns:
        return set(point.fields)
    long = server.dialect is not Dialect.V3 and len(str(point.fields.get("text", ""))) > LONGEST
    return {*server.conflicts(point), *(["text"] if long else [])}


def refused_fields(batch: Sequence[Point], rejections: Sequence[Rejection]) -> dict[int, set[str]]:
    """The fields that were refused, by the index of their point."""
    return {refusal.at: set(refusal.fields or batch[refusal.at].fields) for refusal in rejections}


@pytest.mark.parametrize("dialect", Dialect)
@given(batch=batches, types=worlds)
def test_good_is_stored_and_bad_is_named(
    dialect: Dialect, batch: list[Point], types: dict[tuple[int, str, str], FieldType]
) -> None:
    """Exactly what the server would take on its own is stored, the rest is refused, each point once."""
    server, experience = server_with(dialect, types)
    wrong = {at: found for at, point in enumerate(batch) if (found := bad_fields(server, point))}
    server.requests = 0
    rejections = attempts(batch, server.write, encode=server.encode, experience=experience)

    assert refused_fields(batch, rejections) == wrong
    assert [refusal.at for refusal in rejections] == sorted(wrong)
    expected = merged([GOOD, *batch], lambda at, name: at == 0 or name not in wrong.get(at - 1, ()))
    assert server.stored == expected
    steps = math.log2(len(batch) + 1) + 2
    assert server.requests <= 4 + 3 * sum(map(len, wrong.values())) * steps


@pytest.mark.parametrize("dialect", [Dialect.V1, Dialect.V2])
def test_seven_bad_points_of_five_thousand(dialect: Dialect) -> None:
    """Those that the server names, or whose place it names, cost two dozen requests together."""
    batch = [Point(CLIMATE, OLDEST_NS + at * SHARD_NS // 1000, {"f": float(at)}) for at in range(5_000)]
    bad: dict[int, Mapping[str, Value]] = {
        10: {"f": "words"},
        700: {"g": 1.0},
        2_000: {UNPARSABLE: 1.0},
        2_800: {UNPARSABLE: 2.0},
        3_500: {"text": "x" * 21},
        4_200: {"f": True},
    }
    for at, wrong in bad.items():
        batch[at] = batch[at]._replace(fields=wrong)
    batch[1_400] = batch[1_400]._replace(time_ns=1)
    server, experience = server_with(dialect, {(2, "climate", "g"): FieldType.BOOL})
    server.requests = 0
    rejections = attempt(batch, server.write, encode=server.encode, experience=experience)

    assert [refusal.at for refusal in rejections] == sorted({*bad, 1_400})
    assert [refusal.reason for refusal in rejections] == [
        Reason.TYPE_CONFLICT, Reason.TYPE_CONFLICT, Reason.TIME, Reason.REJECTED, Reason.REJECTED, Reason.REJECTED,
        Reason.TYPE_CONFLICT,
    ]  # fmt: skip
    assert len(server.stored) == 4_993 + 1
    assert server.requests <= 24


def test_half_a_batch_in_a_shard_of_another_type() -> None:
    """Where all points have the field, those of the other shard are stored, and it takes a few requests."""
    batch = [Point(CLIMATE, at * SHARD_NS // 1000, {"f": float(at)}) for at in range(2_000, 4_000)]
    server, experience = server_with(Dialect.V2, {(3, "climate", "f"): FieldType.INT})
    server.requests = 0
    rejections = attempt(batch, server.write, encode=server.encode, experience=experience)

    assert [refusal.at for refusal in rejections] == list(range(1_000, 2_000))
    assert server.requests <= 4


def test_the_rest_of_a_point_is_stored() -> None:
    """A field of the wrong type is refused by name; its point goes without it."""
    server, experience = server_with(Dialect.V2, {})
    point = Point(CLIMATE, OLDEST_NS, {"f": "words", "g": 2.0, "text": "x" * 21})
    (rejection,) = attempt([point], server.write, encode=server.encode, experience=experience)

    assert rejection.fields == ("f", "text")
    assert rejection.reason is Reason.TYPE_CONFLICT
    assert 'input field "f" on measurement "climate" is type string, already exists as type float' in rejection.detail
    assert "is too long, 21 > 20" in rejection.detail
    assert server.stored["climate", CLIMATE.tags, OLDEST_NS] == {"g": 2.0}


def test_old_points_of_a_shard_that_is_still_there_are_kept() -> None:
    """The server stores a point beyond the retention beside one within it; it is not set aside."""
    server = ModelServer(oldest_ns=OLDEST_NS + SHARD_NS // 2)
    batch = [Point(CLIMATE, time_ns, {"f": 1.0}) for time_ns in (OLDEST_NS + SHARD_NS - 1, OLDEST_NS, 0, 1)]
    rejections = attempt(batch, server.write, encode=server.encode)

    assert [(refusal.at, refusal.reason) for refusal in rejections] == [(2, Reason.TIME), (3, Reason.TIME)]
    assert len(server.stored) == 2


def test_nothing_to_send() -> None:
    """Points that the encoder refused are not sent, and a batch of nothing else is no request."""
    server = ModelServer()

    assert attempt([GOOD], server.write, encode=lambda _: "") == []
    assert attempt([], server.write, encode=server.encode) == []
    assert server.requests == 0
