"""When nothing is isolated: what is held, for whom, and what a server must show before a point is blamed."""

from collections.abc import Callable, Sequence

import pytest

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.ports import Point, Series
from ingestor.stores.influxdb.answers import Answer
from ingestor.stores.influxdb.experience import Experience
from tests.stores.influxdb.modelserver import NAMELESS, POISON, ModelServer
from tests.stores.influxdb.settling import BUCKET, attempt, attempts

SERIES = Series(BUCKET, "climate", {}, types={})


def encode_plainly(point: Point) -> str:
    """A line with the fields alone."""
    return ",".join(f"{name}={value}" for name, value in point.fields.items())


def batch_of(count: int, *, bad: str = "", at: int = 0, first_ns: int = 0) -> list[Point]:
    """Points, one of them with a field that the server cannot take."""
    points = [Point(SERIES, first_ns + number, {"f": float(number)}) for number in range(count)]
    if bad:
        points[at] = points[at]._replace(fields={bad: 1.0})
    return points


def test_a_fault_is_waited_out_before_bytes_are_suspected() -> None:
    """Two attempts with the same points fail; the third finds the point that the server fails on."""
    server, experience = ModelServer(), Experience()
    batch = batch_of(1_000, bad=POISON, at=333)
    for _ in range(2):
        with pytest.raises(StoreUnavailableError, match="500: internal error"):
            attempt(batch, server.write, encode=server.encode, experience=experience)
    (rejection,) = attempt(batch, server.write, encode=server.encode, experience=experience)

    assert rejection.at == 333
    assert len(server.stored) == 999
    assert server.requests <= 30


@pytest.mark.parametrize("count", [1, 100])
def test_a_server_that_accepts_nothing_holds_everything(count: int) -> None:
    """However often the same points fail, none is blamed, and each attempt costs little."""
    server, experience = ModelServer(), Experience()
    attempt(batch_of(5), server.write, encode=server.encode, experience=experience)
    server.down = True
    for _ in range(10):
        before = server.requests
        with pytest.raises(StoreUnavailableError):
            attempt(batch_of(count, first_ns=10), server.write, encode=server.encode, experience=experience)

        assert server.requests - before <= 10
    server.down = False
    assert attempt(batch_of(count, first_ns=10), server.write, encode=server.encode, experience=experience) == []
    assert len(server.stored) == 5 + count


def test_a_server_that_goes_down_during_the_search_blames_nobody() -> None:
    """What stands alone when the server fails on everything is held, and what was stored stays."""
    server, experience = ModelServer(), Experience()
    batch = batch_of(100, bad=POISON, at=60)

    def send(lines: Sequence[str]) -> Answer:
        server.down = server.requests >= 8
        return server.write(lines)

    with pytest.raises(StoreUnavailableError):
        attempts(batch, send, encode=server.encode, experience=experience)

    assert 0 < len(server.stored) < 99


def test_a_point_is_blamed_only_if_it_fails_again_after_another_was_accepted() -> None:
    """A server that failed on a lone point for a moment takes it at the second try."""
    server, experience = ModelServer(), Experience()
    alone: list[int] = []

    def send(lines: Sequence[str]) -> Answer:
        if len(lines) > 1 and any("poison=" in line for line in lines):
            return Answer(500, {}, b"odd")
        if "poison=" in lines[0]:
            alone.append(len(lines))
            return Answer(500 if len(alone) == 1 else 204, {}, b"")
        return server.write(lines)

    rejections = attempts(batch_of(20, bad=POISON, at=7), send, encode=server.encode, experience=experience)

    assert rejections == []
    assert len(alone) == 2


def test_a_refusal_without_names_from_a_server_that_takes_nothing_holds_all() -> None:
    """It may be a proxy, or a parameter of ours: a person must look."""
    with pytest.raises(StoreMisconfiguredError, match=r"400: bad precision\. It refuses other points as well"):
        attempt(batch_of(100), lambda _: Answer(400, {}, b"bad precision"), encode=str)


def test_a_refusal_without_names_is_halved() -> None:
    """No patience is needed: such a refusal does not pass. A few lines are tried first, to see any accepted."""
    server = ModelServer()
    (rejection,) = attempt(batch_of(1_000, bad=NAMELESS, at=999), server.write, encode=server.encode)

    assert rejection.at == 999
    assert "400: something is wrong" in rejection.detail
    assert len(server.stored) == 999
    assert server.requests <= 30


def test_a_remembered_line_that_is_refused_now_is_not_the_last_word() -> None:
    """It may have become too old: others are tried."""
    server, experience = ModelServer(), Experience()
    experience.accepted(BUCKET, [server.encode(Point(SERIES, 0, {NAMELESS: 1.0}))])
    rejections = attempt(
        batch_of(50, bad=NAMELESS, at=20, first_ns=1), server.write, encode=server.encode, experience=experience
    )

    assert [refusal.at for refusal in rejections] == [20]


def test_words_that_mislead_still_find_the_point() -> None:
    """A server that names a field of the good points is tried there once, and then all is halved."""
    server = ModelServer()
    words = (
        b'{"message": "partial write: field type conflict: input field \\"f\\" on measurement \\"climate\\" '
        b'is type float, already exists as type integer dropped=1"}'
    )

    def send(lines: Sequence[str]) -> Answer:
        server.requests += 1
        return Answer(422, {}, words) if any("h=" in line for line in lines) else Answer(204, {}, b"")

    (rejection,) = attempt(batch_of(100, bad="h", at=31), send, encode=server.encode)

    assert rejection.at == 31
    assert server.requests <= 40


def forbidding(*buckets: str) -> Callable[[str], Callable[[Sequence[str]], Answer]]:
    """A server that forbids writing some buckets."""
    return lambda bucket: lambda _: Answer(403 if bucket in buckets else 204, {}, b"")


def test_one_forbidden_bucket_is_held_alone() -> None:
    """While another bucket is written, and from the first refusal on where another is known."""
    experience, server = Experience(), forbidding("Farm")
    experience.meet(["Farm", "Lab"])
    for _ in range(2):
        with pytest.raises(BucketError) as held:
            attempt(batch_of(2), server("Farm"), encode=str, experience=experience, bucket="Farm")

        assert held.value.bucket == "Farm"
        attempt(batch_of(2), server("Lab"), encode=str, experience=experience, bucket="Lab")


def test_when_all_buckets_are_forbidden_it_is_the_token() -> None:
    """With the last of them, the whole store is held."""
    experience, server = Experience(), forbidding("Farm", "Lab")
    experience.meet(["Farm", "Lab"])
    with pytest.raises(BucketError):
        attempt(batch_of(2), server("Farm"), encode=str, experience=experience, bucket="Farm")
    for bucket in ("Lab", "Farm"):
        with pytest.raises(StoreMisconfiguredError, match="403"):
            attempt(batch_of(2), server(bucket), encode=str, experience=experience, bucket=bucket)


@pytest.mark.parametrize("status", [400, 500])
def test_a_bucket_that_takes_nothing_is_held_alone(status: int) -> None:
    """Where another is written meanwhile; from then on the others wait for it no more, and its points stay."""
    experience = Experience()
    held: list[type[StoreError]] = []
    for number in range(6):
        experience.at(float(number))
        attempt(batch_of(2, first_ns=number), lambda _: Answer(204, {}, b""), encode=str, experience=experience)
        with pytest.raises(StoreError, match="odd") as error:
            attempt(
                batch_of(2, first_ns=number // 3),
                lambda _: Answer(status, {}, b"odd"),
                encode=str,
                experience=experience,
                bucket="Broken",
            )
        held.append(error.type)

    patience = 2 if status == 500 else 0
    assert held == [StoreUnavailableError] * patience + [BucketError] * (6 - patience)


def test_a_damaged_shard_sets_no_point_aside() -> None:
    """Though a point of another shard is taken: the bucket is held, and the others as well only until one is taken."""
    words = b'{"message": "unexpected error writing points to database: not attempting to open shard 3"}'
    experience = Experience()

    def send(lines: Sequence[str]) -> Answer:
        return Answer(500, {}, words) if any("f=1.0" in line for line in lines) else Answer(204, {}, b"")

    for error in [StoreUnavailableError] * 4 + [BucketError] * 2:
        if error is BucketError:
            attempt(batch_of(1), send, encode=encode_plainly, experience=experience, bucket="Lab")
        with pytest.raises(error, match=r"not attempting to open shard 3\. Look into the server's log"):
            attempt(batch_of(3), send, encode=encode_plainly, experience=experience)


def test_a_fault_after_the_bucket_is_mended_is_waited_out_again() -> None:
    """A bucket that was held, and takes other points now, does not make these bytes suspect."""
    server, experience = ModelServer(), Experience()
    experience.in_vain(BUCKET)
    with pytest.raises(StoreUnavailableError):
        attempt(batch_of(20, bad=POISON, at=7), server.write, encode=server.encode, experience=experience)

    assert not experience.fails(BUCKET)


def test_a_wait_that_the_server_asks_for_is_passed_on() -> None:
    """Also where it asks in the midst of a search."""
    with pytest.raises(StoreUnavailableError) as held:
        attempt(batch_of(2), lambda _: Answer(429, {"retry-after": "7"}, b""), encode=str)

    assert held.value.retry_after == 7.0


def test_what_a_limit_of_tags_refuses_is_found_by_series() -> None:
    """Points of a few series among many, spread over the batch, cost requests by series and not by point."""
    series = [Series(BUCKET, "climate", {"rack": rack}, types={}) for rack in ("known", "new")]
    batch = [Point(series[number % 2], number, {"f": 1.0}) for number in range(1_000)]
    server = ModelServer()

    def send(lines: Sequence[str]) -> Answer:
        good = [line for line in lines if "new" not in line]
        server.write(good)
        dropped = len(lines) - len(good)
        words = f"partial write: max-values-per-tag limit exceeded (1/1): measurement=climate dropped={dropped}"
        return Answer(400 if dropped else 204, {}, words.encode() if dropped else b"")

    rejections = attempt(batch, send, encode=server.encode)

    assert [refusal.at for refusal in rejections] == list(range(1, 1_000, 2))
    assert len(server.stored) == 500
    assert server.requests <= 5
