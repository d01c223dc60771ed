"""Replays of messages with many readings each."""

import json
from collections.abc import Sequence
from pathlib import Path

from ingestor import deadletters
from ingestor.deadletters import Filter
from ingestor.ports import Message, Point, Rejection
from tests.delivery.farm import AT, Farm, config, device

_READINGS = 900


def _message(number: int) -> Message:
    """Readings a second apart, of which the last is not right."""
    begin = AT + number * _READINGS
    readings = [{"t": begin + at, "temperature": 20.0, "humidity": 50.0} for at in range(_READINGS - 1)]
    bad = {"t": begin + _READINGS - 1, "temperature": "hot"}
    return Message("sensors/one", json.dumps([*readings, bad]).encode(), (begin + _READINGS) * 10**9)


def test_no_step_takes_more_than_a_batch(tmp_path: Path) -> None:
    """However many readings the messages of a run have: they are moved a few messages at a time, all of them once."""
    farm = Farm(tmp_path / "state.db")
    farm.serve(config(device("one", "a"), each="$"), *(_message(number) for number in range(20)))
    stored = 20 * (_READINGS - 1)
    after = config(device("one", "b"), each="$")
    sizes: list[int] = []

    def count(points: Sequence[Point]) -> Sequence[Rejection]:
        sizes.append(len(points))
        return ()

    farm.answer = count
    farm.ask(after)
    farm.serve(after, secs=60.0)

    assert farm.done
    assert max(sizes) < 5_000 + _READINGS
    assert sum(sizes) == stored
    assert (farm.replay.deleted, farm.replay.written, farm.replay.messages) == (stored, stored, 20)
    assert farm.store.largest_deletion < 5_000 + _READINGS
    assert farm.accounts() == {"stored": 20}
    assert {rack for rack, _ in farm.points} == {"b"}
    assert len(farm.points) == stored
    letters = farm.state.now(lambda connection: list(deadletters.find(connection, Filter())))
    assert len(letters) == 20
