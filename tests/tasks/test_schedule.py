"""When tasks run, over changes of the clocks, jumps of the clock, and what was missed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.config import Config, TaskSpec
from ingestor.tasks.schedule import Schedule

NS = 10**9
BERLIN = "Europe/Berlin"
ZONES = (BERLIN, "Asia/Singapore", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC")
CRONS = (
    "59 23 * * *",
    "30 2 * * *",
    "*/30 * * * *",
    "0 * * * *",
    "15 1-3 * * *",
    "*/20 2 * * *",
    "0 0 1 1 *",
    "0 5 * * 1",
)


def schedule(zone: str = BERLIN, **spec: object) -> Schedule:
    """A plan; every 30 minutes where nothing else is said."""
    when: dict[str, Any] = {"every": "30m"} if "cron" not in spec else {}
    return Schedule("backup", TaskSpec.model_validate({"kind": "backup", **when, **spec}), zone=zone)


def ns(text: str) -> int:
    """A moment, written with its offset."""
    return int(datetime.fromisoformat(text).timestamp()) * NS


def local(time_ns: int, zone: str = BERLIN) -> str:
    """The same, as the clock on the wall shows it."""
    return datetime.fromtimestamp(time_ns / NS, ZoneInfo(zone)).strftime("%d %H:%M%z")


def turns(plan: Schedule, begin: str, count: int) -> list[str]:
    """The turns after a moment, each after the run for the one before."""
    now_ns, last_ns, found = ns(begin), None, []
    for _ in range(count):
        turn = plan.next(last_ns, now_ns)
        last_ns = now_ns = turn.turn_ns
        found.append(local(turn.turn_ns))
    return found


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 2 * * *", ["28 02:30+0100", "29 03:00+0200", "30 02:30+0200"]),
        ("59 23 * * *", ["28 23:59+0100", "29 23:59+0200", "30 23:59+0200"]),
    ],
)
def test_a_night_whose_hour_is_left_out_has_its_run(cron: str, expected: list[str]) -> None:
    """On 29 March the clocks go from 2 to 3: what is due in between runs at 3."""
    assert turns(schedule(cron=cron), "2026-03-28T00:00+01:00", 3) == expected


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 2 * * *", ["24 02:30+0200", "25 02:30+0200", "26 02:30+0100"]),
        ("59 23 * * *", ["24 23:59+0200", "25 23:59+0100", "26 23:59+0100"]),
    ],
)
def test_a_night_whose_hour_comes_twice_has_one_run(cron: str, expected: list[str]) -> None:
    """On 25 October the clocks go from 3 to 2."""
    assert turns(schedule(cron=cron), "2026-10-24T00:00+02:00", 3) == expected


def test_what_runs_all_the_time_runs_in_every_hour_that_there_is() -> None:
    """Also in both hours that have the same name; and nothing is made up for the one that is left out."""
    plan = schedule(cron="*/30 * * * *")

    assert turns(plan, "2026-03-29T01:15+01:00", 3) == ["29 01:30+0100", "29 03:00+0200", "29 03:30+0200"]
    assert turns(plan, "2026-10-25T02:15+02:00", 4) == [
        "25 02:30+0200",
        "25 02:00+0100",
        "25 02:30+0100",
        "25 03:00+0100",
    ]


def test_a_start_in_the_second_of_the_two_hours_does_not_run_again() -> None:
    """What was due in the first is over."""
    assert turns(schedule(cron="30 2 * * *"), "2026-10-25T02:10+01:00", 1) == ["26 02:30+0100"]


def test_intervals_do_not_know_of_the_clock_on_the_wall() -> None:
    """Six hours are six hours."""
    plan = schedule(every="6h")

    assert turns(plan, "2026-03-29T00:00+01:00", 3) == ["29 00:00+0100", "29 07:00+0200", "29 13:00+0200"]
    assert turns(plan, "2026-10-25T00:00+02:00", 3) == ["25 00:00+0200", "25 05:00+0100", "25 11:00+0100"]


def test_the_first_run_of_an_interval_is_at_once_and_that_of_cron_at_its_time() -> None:
    """There is nothing to make up for where nothing ever ran."""
    now_ns = ns("2026-06-01T12:00+00:00")

    assert schedule().next(None, now_ns) == (now_ns, now_ns)
    assert schedule("UTC", cron="0 13 * * *").next(None, now_ns).due_ns == now_ns + 3600 * NS


@pytest.mark.parametrize("when", [{"every": "1d"}, {"cron": "0 12 * * *"}])
def test_what_was_missed_is_made_up_for_once_or_left_out(when: dict[str, str]) -> None:
    """However many turns passed; afterwards the plan goes on as it was."""
    last_ns, now_ns = ns("2026-06-01T12:00+00:00"), ns("2026-06-04T18:00+00:00")
    upcoming_ns = ns("2026-06-05T12:00+00:00")

    made_up = schedule("UTC", missed="run", **when).next(last_ns, now_ns)
    left_out = schedule("UTC", missed="skip", **when).next(last_ns, now_ns)

    assert made_up == (ns("2026-06-04T12:00+00:00"), now_ns)
    assert schedule("UTC", **when).next(made_up.turn_ns, now_ns + NS) == (upcoming_ns, upcoming_ns)
    assert left_out == (upcoming_ns, upcoming_ns)


def test_a_little_late_is_not_missed() -> None:
    """A loop that was busy for a moment makes nobody skip a run."""
    last_ns = ns("2026-06-01T12:00+00:00")
    turn_ns = last_ns + 1800 * NS

    assert schedule(missed="skip").next(last_ns, turn_ns + 59 * NS) == (turn_ns, turn_ns)


@pytest.mark.parametrize("missed", ["run", "skip"])
def test_a_clock_that_is_set_back_a_little_runs_nothing_twice(missed: str) -> None:
    """The turn that it comes to again had its run."""
    last_ns = ns("2026-06-01T23:59+00:00")
    plan = schedule("UTC", cron="59 23 * * *", missed=missed)

    assert plan.recall(last_ns, last_ns - 300 * NS) == last_ns
    assert plan.next(last_ns, last_ns - 300 * NS).turn_ns == last_ns + 86_400 * NS


@pytest.mark.parametrize("when", [{"every": "30m"}, {"cron": "*/30 * * * *"}])
def test_a_clock_that_was_years_ahead_is_not_waited_for(when: dict[str, str]) -> None:
    """A small computer without a clock of its own may start in any year."""
    plan, now_ns = schedule("UTC", **when), ns("2026-06-01T12:00+00:00")
    last_ns = plan.recall(ns("2038-01-19T03:10+00:00"), now_ns)

    assert last_ns == now_ns
    assert plan.next(last_ns, now_ns).turn_ns == ns("2026-06-01T12:30+00:00")


def test_a_clock_that_jumps_ahead_is_like_a_time_without_the_service() -> None:
    """From 1970 to now there is one run, or none."""
    now_ns = ns("2026-06-01T12:10+00:00")

    assert schedule("UTC", cron="*/30 * * * *").next(0, now_ns) == (ns("2026-06-01T12:00+00:00"), now_ns)
    assert schedule("UTC", cron="0 0 1 1 *").next(0, now_ns) == (ns("2026-01-01T00:00+00:00"), now_ns)
    assert schedule("UTC", every="30m", missed="skip").next(0, now_ns).due_ns == ns("2026-06-01T12:30+00:00")


def test_turns_that_pass_while_a_task_runs_are_left_out() -> None:
    """One run at a time, and the next at its time."""
    last_ns = ns("2026-06-01T12:00+00:00")
    plan = schedule()

    assert plan.passed(last_ns, last_ns + 1799 * NS) == last_ns
    assert plan.passed(last_ns, last_ns + 4000 * NS) == last_ns + 3600 * NS


def test_jitter_is_the_same_each_time_and_not_for_each_turn() -> None:
    """It depends on the name and the turn, so that waiting for a run has an end."""
    plan = schedule(jitter="10m")
    last_ns = ns("2026-06-01T12:00+00:00")
    waits = []
    for turn_ns in range(last_ns, last_ns + 50 * 1800 * NS, 1800 * NS):
        turn = plan.next(turn_ns, turn_ns)
        waits.append(turn.due_ns - turn.turn_ns)
        assert plan.next(turn_ns, turn.due_ns) == turn

    assert len(set(waits)) > 40
    assert all(0 <= wait < 600 * NS for wait in waits)
    assert max(waits) - min(waits) > 300 * NS


def test_the_zone_is_that_of_the_task_or_of_all() -> None:
    """23:59 is at another moment in Singapore."""
    entry = {"kind": "backup", "cron": "59 23 * * *"}
    tasks = {"a": entry, "b": entry | {"timezone": "UTC"}}
    config = Config.model_validate({"timezone": "Asia/Singapore", "tasks": tasks})
    now_ns = ns("2026-06-01T12:00+00:00")

    assert [local(Schedule.of(config, name).next(None, now_ns).due_ns, "UTC") for name in tasks] == [
        "01 15:59+0000",
        "01 23:59+0000",
    ]


moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001 - made aware here
    lambda moment: int(moment.replace(tzinfo=UTC).timestamp()) * NS
)
plans = st.builds(
    lambda cron, zone, missed, jitter: schedule(zone, cron=cron, missed=missed, jitter=f"{jitter}s"),
    st.sampled_from(CRONS),
    st.sampled_from(ZONES),
    st.sampled_from(["run", "skip"]),
    st.integers(0, 600),
) | st.builds(
    lambda secs, missed: schedule(every=f"{secs}s", missed=missed),
    st.integers(1, 200_000),
    st.sampled_from(["run", "skip"]),
)


@given(plans, moments, moments)
def test_whatever_the_clock_does_there_is_a_next_run(plan: Schedule, last_ns: int, now_ns: int) -> None:
    """It is due no later than that of a task that had its last run just now, and not before now."""
    recalled_ns = plan.recall(last_ns, now_ns)
    turn = plan.next(recalled_ns, now_ns)
    regular = plan.next(now_ns, now_ns)

    assert turn.due_ns >= max(turn.turn_ns, now_ns - 60 * NS)
    assert turn.turn_ns <= plan.next(regular.turn_ns, regular.turn_ns).turn_ns
    assert plan.next(plan.recall(recalled_ns, now_ns), now_ns) == turn


@given(plans, moments, st.lists(st.integers(-100_000, 100_000), max_size=8))
def test_a_turn_that_came_has_its_run_and_no_second_one(plan: Schedule, now_ns: int, jumps: list[int]) -> None:
    """However the clock jumps: a run is for another turn than the one before, and waiting for it has an end."""
    last_ns: int | None = now_ns
    for jump in jumps:
        now_ns += jump * NS
        last_ns = plan.recall(last_ns, now_ns)
        turn = plan.next(last_ns, now_ns)
        assert turn.turn_ns != last_ns
        now_ns = max(now_ns, turn.due_ns)
        assert plan.next(plan.recall(last_ns, now_ns), now_ns) == (turn.turn_ns, min(turn.due_ns, now_ns))
        last_ns = plan.passed(turn.turn_ns, now_ns)


@given(st.sampled_from(CRONS), st.sampled_from(ZONES), moments)
def test_turns_of_cron_are_those_that_the_wall_shows(cron: str, zone: str, now_ns: int) -> None:
    """Walking minute by minute over two days finds the next turn, but for hours that the clocks leave out."""
    turn_ns = schedule(zone, cron=cron).next(None, now_ns).turn_ns
    minute, hour, day, month, weekday = cron.split()
    shown = datetime.fromtimestamp(turn_ns / NS, ZoneInfo(zone))
    before = shown.astimezone(UTC) - timedelta(minutes=1)
    jumped = before.astimezone(ZoneInfo(zone)).utcoffset() != shown.utcoffset()

    assert turn_ns > now_ns
    assert turn_ns % (60 * NS) == 0
    assert jumped or (
        _fits(minute, shown.minute, 0)
        and _fits(hour, shown.hour, 0)
        and _fits(day, shown.day, 1)
        and _fits(month, shown.month, 1)
        and _fits(weekday, shown.isoweekday() % 7, 0)
    )


def _fits(part: str, value: int, first: int) -> bool:
    if part.startswith("*/"):
        return (value - first) % int(part[2:]) == 0
    low, _, high = part.partition("-")
    return part == "*" or int(low) <= value <= int(high or low)
