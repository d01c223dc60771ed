"""When a body is too large: for all of it, for one line, or because something refuses whatever comes."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.errors import StoreMisconfiguredError
from ingestor.ports import Point, Series
from ingestor.stores.influxdb.answers import Answer
from ingestor.stores.influxdb.experience import Experience
from tests.stores.influxdb.modelserver import LONGEST, UNPARSABLE, ModelServer, merged
from tests.stores.influxdb.settling import BUCKET, attempt

SERIES = Series(BUCKET, "climate", {}, types={})
TOO_LARGE = Answer(413, {}, b"<html>nginx</html>")


def batch_of(count: int, *, first_ns: int = 0) -> list[Point]:
    """Points with short lines."""
    return [Point(SERIES, first_ns + number, {"f": float(number)}) for number in range(count)]


def large(time_ns: int, size: int) -> Point:
    """A point whose line is longer than so many bytes, though no field of it is too long."""
    texts = {f"field{number}": "x" * LONGEST for number in range(1 + size // LONGEST)}
    return Point(SERIES, time_ns, {"f": float(size), **texts})


def test_too_large_is_halved_and_remembered() -> None:
    """The next batch is sent in pieces that fit, and a line that is too large alone is set aside."""
    server, experience = ModelServer(max_bytes=20_000), Experience()
    batch = batch_of(1_000)
    batch[500] = batch[500]._replace(fields={"text": "x" * 20_001})
    (rejection,) = attempt(batch, server.write, encode=server.encode, experience=experience)

    assert rejection.at == 500
    assert "413: too large" in rejection.detail
    assert len(server.stored) == 999
    before = server.requests
    sizes: list[int] = []

    def send(lines: Sequence[str]) -> Answer:
        sizes.append(len("\n".join(lines).encode()))
        return server.write(lines)

    assert attempt(batch_of(1_000, first_ns=5_000), send, encode=server.encode, experience=experience) == []
    assert max(sizes) <= 20_000
    assert server.requests - before < 20


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2_000)), min_size=1, max_size=30),
    st.integers(150, 3_000),
)
def test_exactly_the_lines_that_are_too_large_are_set_aside(places: list[tuple[int, int]], max_bytes: int) -> None:
    """Whatever their order and the limit: all others are stored, and of two points of one time the later counts."""
    server = ModelServer(max_bytes=max_bytes)
    batch = [Point(SERIES, 99, {"f": 1.0}), Point(SERIES, 3, {"f": 1.0})]
    batch += [large(time_ns, size) for time_ns, size in places]
    rejections = attempt(batch, server.write, encode=server.encode)
    lines = [server.encode(point) for point in batch]
    too_large = [at for at, line in enumerate(lines) if len(line.encode()) > max_bytes]

    assert [refusal.at for refusal in rejections] == too_large
    assert server.stored == merged(batch, lambda at, _: at not in too_large)


@pytest.mark.parametrize("count", [1, 50])
@pytest.mark.parametrize("before", [0, 5])
def test_a_proxy_that_takes_no_body_at_all_sets_nothing_aside(count: int, before: int) -> None:
    """A person has to act; when that is done, nothing is sent in small pieces any more."""
    server, experience = ModelServer(), Experience()
    attempt(batch_of(before), server.write, encode=server.encode, experience=experience)
    server.max_bytes = 0
    batch = [*batch_of(count, first_ns=10), large(100, 1_000)]
    for _ in range(3):
        before_it = server.requests
        with pytest.raises(StoreMisconfiguredError, match=r"413: too large\. Not even \d+ bytes are taken: let"):
            attempt(batch, server.write, encode=server.encode, experience=experience)

        assert server.requests - before_it < 12
    server.max_bytes = None
    before_it = server.requests

    assert attempt(batch, server.write, encode=server.encode, experience=experience) == []
    assert server.requests - before_it == 1


def test_a_lone_small_line_is_no_point_to_blame() -> None:
    """Without another line that is smaller, one of a few bytes is held: no server that is set up well refuses it."""
    with pytest.raises(StoreMisconfiguredError, match=r"413: a web page\. Not even"):
        attempt([large(0, 1_000)], lambda _: TOO_LARGE, encode=str)


@pytest.mark.parametrize("takes_comments", [True, False])
def test_a_lone_line_of_megabytes_does_not_stop_the_store(takes_comments: bool) -> None:  # noqa: FBT001
    """It is set aside where the server takes at least a comment, which stores nothing."""
    requests: list[Sequence[str]] = []

    def send(lines: Sequence[str]) -> Answer:
        requests.append(lines)
        return Answer(204, {}, b"") if takes_comments and lines == ["#"] else TOO_LARGE

    if takes_comments:
        (rejection,) = attempt([large(0, 2**20)], send, encode=str)
        assert (rejection.at, rejection.detail) == (0, "InfluxDB answered 413: a web page")
    else:
        with pytest.raises(StoreMisconfiguredError, match="Not even 1 bytes"):
            attempt([large(0, 2**20)], send, encode=str)
    assert len(requests) == 2


def test_a_smaller_line_that_is_refused_for_itself_shows_that_size_matters() -> None:
    """It reached the server, which is all that is asked."""
    server = ModelServer(max_bytes=1_000)
    batch = [large(0, 1_000), Point(SERIES, 1, {UNPARSABLE: 1.0})]
    rejections = attempt(batch, server.write, encode=server.encode)

    assert [refusal.at for refusal in rejections] == [0, 1]
    assert server.stored == {}
