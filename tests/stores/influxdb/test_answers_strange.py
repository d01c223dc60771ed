"""Answers that nobody sends who means well: they end soon, and end nothing of ours."""

import time
from contextlib import suppress

import pytest

from ingestor.errors import StoreError, StoreUnavailableError
from ingestor.stores.influxdb.answers import Answer
from ingestor.stores.influxdb.connection import MAX_ANSWER_BYTES
from tests.builders import point
from tests.servers.fakeinflux import FakeInflux, Reply
from tests.stores.influxdb.rig import store_of
from tests.stores.influxdb.settling import attempt
from tests.support import run

NINES = "9" * 5_000
ENDLESS = (
    (422, 'input field "'),
    (422, 'partial write: input field "a" on measurement "'),
    (422, 'partial write: field type conflict: input field "'),
    (422, 'partial write: invalid field name: input field "time" on measurement "'),
    (422, "partial write: invalid column type for column '"),
    (422, "partial write: max-series-per-database exceeded database= limit=1 dropped=2 "),
    (422, "outside retention policy at 1Z dropped because it violates a at 1Z "),
    (422, "exceed "),
    (404, "bucket database organization "),
    (400, '"line_number" '),
    (400, "line 9 "),
    (400, "unable to parse '"),
    (400, " "),
)


@pytest.mark.parametrize(
    "words",
    [
        f"partial write: points outside retention policy dropped={NINES}",
        f'partial write: input field "f" on measurement "climate" is too long, 5 > {NINES} dropped=1',
        f"encountered on line {NINES}: bad",
        f"line {NINES}: bad encountered on line 1",
        "outside retention policy at 0000-99-99T99:99:99Z dropped because it violates a Bound at 1Z dropped=1",
    ],
    ids=lambda words: words[:40],
)
def test_odd_numbers_name_nothing(words: str) -> None:
    """What cannot be a count, a size, a line or a time is passed over; the points are settled without it."""
    lines = [point(time_ns=time_ns) for time_ns in range(3)]

    assert len(attempt(lines, lambda _: Answer(400, {}, words.encode()), encode=str)) == 3


@pytest.mark.parametrize(("status", "piece"), ENDLESS, ids=[piece[:50] for _, piece in ENDLESS])
def test_an_endless_answer_is_read_soon(status: int, piece: str) -> None:
    """The work grows with the answer and not with its square: that would be minutes."""
    body = (piece * (MAX_ANSWER_BYTES // len(piece))).encode()
    began = time.process_time()
    with suppress(StoreError):
        attempt([point(time_ns=1)], lambda _: Answer(status, {}, body), encode=str)

    assert time.process_time() - began < 5.0


def test_what_nobody_thought_of_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that cannot be understood is told in words, and the points are kept."""

    def broken(answer: Answer) -> None:
        raise OverflowError(f"no {answer.status}")

    monkeypatch.setattr("ingestor.stores.influxdb.isolation.read", broken)

    async def main() -> None:
        async with FakeInflux(lambda _: Reply(400)) as fake, store_of(fake.url) as store:
            with pytest.raises(StoreUnavailableError, match=r"answer could not be understood \(OverflowError\('no 400"):
                await store.write([point(time_ns=1)])

    run(main())
