"""Asking weather services: one stands in for the other, and what came is journaled once."""

import asyncio
from pathlib import Path

import pytest

from ingestor.ports import FETCHED, TaskFault
from ingestor.tasks.job import Fault, JobError
from tests.intake.fakes import MemoryLog
from tests.servers.weather import KEY, LIMITED, NOON, REFUSED, TOO_MANY, Reply
from tests.support import eventually_async, run
from tests.tasks.weather.rig import Rig, weather

OWM, METEO = "$weather/weather/openweathermap/current", "$weather/weather/open-meteo/current"
HOURS = "$weather/weather/open-meteo/hourly"


async def outcome(rig: Rig, *, by_hand: bool = False) -> tuple[str, list[Fault]]:
    """What a run came to, and its faults."""
    try:
        words, faults = await rig.job.run(by_hand=by_hand)
    except JobError as error:
        return f"failed: {error}", list(error.faults)
    return words, list(faults)


def test_the_first_provider_tells_and_nobody_else_is_asked(tmp_path: Path) -> None:
    """The body is journaled as it came, with the mark of what we fetched ourselves."""

    async def main() -> None:
        async with weather(tmp_path) as rig:
            words, faults = await outcome(rig)
            (message,) = rig.log.messages

            assert (words, faults) == ("openweathermap: observation journaled", [])
            assert (message.topic, message.flags, message.received_ns) == (OWM, FETCHED, 10**18)
            assert b'"temp": 25.33' in message.payload
            assert rig.fake.asked["open-meteo"] == []

    run(main())


def test_the_same_observation_is_journaled_once(tmp_path: Path) -> None:
    """Also over a restart; a new one is new, and so is a forecast that changed."""

    async def main() -> None:
        async with weather(tmp_path, forecast="hourly") as rig:
            assert (await outcome(rig))[0] == "openweathermap: observation journaled; open-meteo: forecast journaled"
            assert (await outcome(rig))[0] == "openweathermap: observation unchanged; open-meteo: forecast unchanged"
        async with weather(tmp_path, forecast="hourly") as rig:
            assert (await outcome(rig))[0] == "openweathermap: observation unchanged; open-meteo: forecast unchanged"
            rig.fake.at += 3600
            await outcome(rig)
            assert rig.topics == [OWM, HOURS]

    run(main())


@pytest.mark.parametrize(
    ("reply", "kind", "words", "asked"),
    [
        (REFUSED, TaskFault.REFUSED, "refuses (401: Invalid API key", 1),
        (Reply(403), TaskFault.REFUSED, "refuses (403)", 1),
        (Reply(400, "[]"), TaskFault.REFUSED, "refuses (400)", 1),
        (LIMITED, TaskFault.LIMITED, "was asked too often (429: Your account", 1),
        (Reply(500), TaskFault.UNAVAILABLE, "is not well (500)", 1),
        (Reply(503, "<html>"), TaskFault.UNAVAILABLE, "is not well (503)", 1),
        (Reply(302, "", {"Location": "http://127.0.0.1:9/"}), TaskFault.UNAVAILABLE, "is not well (302)", 1),
        (Reply(0), TaskFault.UNAVAILABLE, "cannot be asked: Server disconnected", 2),
        (Reply(-1), TaskFault.UNAVAILABLE, "did not answer within 0.5 s", 1),
        (Reply(200, "{}"), TaskFault.NONSENSE, "no main and dt in it", 1),
        (Reply(200, "<html>"), TaskFault.NONSENSE, "not JSON", 1),
        (Reply(200, b"\xff"), TaskFault.NONSENSE, "not UTF-8", 1),
    ],
)
def test_a_fault_of_one_provider_is_told_and_the_next_is_asked(
    tmp_path: Path, reply: Reply, kind: TaskFault, words: str, asked: int
) -> None:
    """The run is done; the fault has its kind, the provider's own words, and no key."""

    async def main() -> None:
        async with weather(tmp_path) as rig:
            rig.fake.instead["openweathermap"] = reply
            told, (fault,) = await outcome(rig)

            assert told == "open-meteo: observation journaled"
            assert (fault.kind, fault.again) == (kind, False)
            assert fault.words.startswith("openweathermap ")
            assert words in fault.words
            assert KEY not in fault.words
            assert len(rig.fake.asked["openweathermap"]) == asked
            assert rig.topics == ([OWM, METEO] if kind is TaskFault.NONSENSE else [METEO])

    run(main())


def test_where_none_is_well_all_are_asked_again(tmp_path: Path) -> None:
    """Three times in all; each fault counts once a run."""

    async def main() -> None:
        async with weather(tmp_path) as rig:
            rig.fake.instead = {"openweathermap": Reply(503), "open-meteo": Reply(500)}
            told, faults = await outcome(rig)

            assert told == "failed: openweathermap is not well (503); open-meteo is not well (500)"
            assert len(faults) == 2
            assert [len(asked) for asked in rig.fake.asked.values()] == [3, 3]

    run(main())


@pytest.mark.parametrize(
    ("reply", "secs"),
    [
        (REFUSED, 3600),
        (LIMITED, 600),
        (LIMITED._replace(headers={"Retry-After": "7200"}), 7200),
        (LIMITED._replace(headers={"Retry-After": "9" * 30}), 86_400),
        (TOO_MANY._replace(headers={"Retry-After": "soon"}), 600),
        (
            TOO_MANY._replace(
                headers={"Date": "Tue, 24 Nov 2026 12:00:00 GMT", "Retry-After": "Tue, 24 Nov 2026 12:02:00 GMT"}
            ),
            120,
        ),
        (Reply(503, "", {"Retry-After": "60"}), 60),
    ],
)
def test_a_provider_that_asks_for_it_is_left_alone(tmp_path: Path, reply: Reply, secs: float) -> None:
    """For as long as it says; meanwhile its fault is told without being counted again."""

    async def main() -> None:
        async with weather(tmp_path) as rig:
            asked = rig.fake.asked["openweathermap"]
            rig.fake.instead["openweathermap"] = reply
            (_, (first,)) = await outcome(rig)
            rig.secs = secs - 1
            (_, (second,)) = await outcome(rig)
            assert len(asked) == 1
            assert second == first._replace(again=True)
            rig.secs = secs + 1
            await outcome(rig)
            assert len(asked) == 2

    run(main())


def test_who_asks_by_hand_is_not_put_off(tmp_path: Path) -> None:
    """A key that was mended works at once; and nobody waits for several rounds."""

    async def main() -> None:
        async with weather(tmp_path) as rig:
            rig.fake.instead = {"openweathermap": REFUSED, "open-meteo": Reply(503)}
            await outcome(rig, by_hand=True)
            assert len(rig.fake.asked["open-meteo"]) == 1
            rig.fake.instead.clear()
            assert await outcome(rig, by_hand=True) == ("openweathermap: observation journaled", [])

    run(main())


def test_what_is_not_on_disk_yet_is_not_remembered(tmp_path: Path) -> None:
    """A crash before that brings the observation again; a run whose time is over leaves what is queued queued."""

    async def main() -> None:
        async with weather(tmp_path) as rig:
            rig.log = rig.job._log = MemoryLog(at_once=False)
            asking = asyncio.create_task(outcome(rig))
            await eventually_async(lambda: rig.log.waiting == 1)
            asking.cancel()
            await asyncio.wait([asking])
            asking = asyncio.create_task(outcome(rig))
            await eventually_async(lambda: rig.log.waiting == 2)
            rig.log.commit()
            assert (await asking)[0] == "openweathermap: observation journaled"
            assert rig.topics == [OWM, OWM]

    run(main())


def test_nonsense_is_journaled_once_for_as_long_as_it_is_the_same(tmp_path: Path) -> None:
    """As what is set aside; the weather that follows is journaled as ever."""

    async def main() -> None:
        async with weather(tmp_path, providers=["openweathermap"]) as rig:
            rig.fake.instead["openweathermap"] = Reply(200, "down for maintenance")
            told, _ = await outcome(rig)
            await outcome(rig)
            assert told.startswith("failed: openweathermap answers in another way than documented: not JSON")
            assert [message.payload for message in rig.log.messages] == [b"down for maintenance"]
            rig.fake.instead.clear()
            await outcome(rig)
            assert rig.topics == [OWM, OWM]

    run(main())


def test_an_answer_without_an_end_is_not_kept_but_for_its_head(tmp_path: Path) -> None:
    """The next provider is asked."""

    async def main() -> None:
        async with weather(tmp_path, max_bytes=5_000) as rig:
            rig.fake.instead["openweathermap"] = Reply(200, "x" * 2_000_000)
            told, (fault,) = await outcome(rig)
            (head,) = rig.heads

            assert told == "open-meteo: observation journaled"
            assert (fault.kind, head.topic, head.size, len(head.payload_head)) == ("nonsense", OWM, 5_001, 1_024)

    run(main())


def test_a_journal_that_is_behind_is_spared(tmp_path: Path) -> None:
    """Nothing is asked for that could not be kept."""

    async def main() -> None:
        async with weather(tmp_path) as rig:
            rig.log.backlog_bytes = rig.log.backlog_limit + 1
            told, _ = await outcome(rig)

            assert told == "failed: the journal takes nothing more at the moment"
            assert rig.fake.asked["openweathermap"] == []

    run(main())


def test_a_forecast_that_fails_is_a_run_that_failed(tmp_path: Path) -> None:
    """What was observed is stored nevertheless, and a fault is told once though it was met twice."""

    async def main() -> None:
        async with weather(tmp_path, providers=["open-meteo"], forecast="hourly") as rig:
            rig.fake.instead["open-meteo"] = TOO_MANY
            told, faults = await outcome(rig)
            assert told.count("was asked too often") == len(faults) == len(rig.fake.asked["open-meteo"]) == 1
        async with weather(tmp_path, forecast="hourly") as rig:
            rig.fake.instead["open-meteo"] = TOO_MANY
            told, _ = await outcome(rig)
            assert told.startswith("failed: open-meteo was asked too often")
            assert rig.topics == [OWM]

    run(main())


def test_observations_are_told_apart_by_their_time(tmp_path: Path) -> None:
    """A service that goes back to an older one has something new to tell, and the same point is the same."""

    async def main() -> None:
        async with weather(tmp_path) as rig:
            for at in (NOON, NOON + 600, NOON):
                rig.fake.at = at
                await outcome(rig)

            assert rig.topics == [OWM] * 3

    run(main())
