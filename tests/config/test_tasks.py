"""Entries of `tasks`."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ingestor.config import Config, TaskSpec

PLACE = {"latitude": 1.35, "longitude": 103.82}
WEATHER = {"kind": "weather", "every": "30m", **PLACE}
BACKUP = {"kind": "backup", "cron": "59 23 * * *"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "weather", **PLACE}, "either cron or every"),
        (WEATHER | {"cron": "* * * * *"}, "either cron or every"),
        (WEATHER | {"every": "10ms"}, "greater than or equal to 1"),
        (BACKUP | {"cron": "@daily"}, "five parts"),
        (BACKUP | {"cron": "* * * * * *"}, "five parts"),
        (BACKUP | {"cron": "61 * * * *"}, "no cron expression: bad minute"),
        (BACKUP | {"cron": "0 0 30 2 *"}, "no cron expression: bad day-of-month"),
        (BACKUP | {"timezone": "Mars"}, "not a time zone"),
        (WEATHER | {"jitter": "31m"}, "more than every"),
        (BACKUP | {"keep": 0}, "greater than or equal to 1"),
        (BACKUP | PLACE, "a task of kind backup has no latitude"),
        (WEATHER | {"directory": "/backups"}, "a task of kind weather has no directory"),
        ({"kind": "retention", "every": "1d", "keep": 3}, "a task of kind retention has no keep"),
        (WEATHER | {"latitude": None}, "needs the latitude"),
        (WEATHER | {"latitude": 91}, "less than or equal to 90"),
        (WEATHER | {"longitude": float("nan")}, "less than or equal to 180"),
        (WEATHER | {"providers": []}, "at least 1 item"),
        (WEATHER | {"providers": ["open-meteo", "open-meteo"]}, "twice"),
        (WEATHER | {"providers": ["openweathermap"]}, "asks for a key"),
        (WEATHER | {"providers": ["openweathermap"], "api_key": "k", "forecast": "hourly"}, "only open-meteo"),
        (WEATHER | {"addresses": {"open-meteo": "ftp://x"}}, "http://HOST"),
        (WEATHER | {"tags": {"provider": "x"}}, "provider is a tag"),
    ],
)
def test_what_cannot_be_meant_is_refused(values: dict[str, Any], words: str) -> None:
    """In words that say what may be."""
    with pytest.raises(ValidationError, match=words):
        TaskSpec.model_validate(values)


def test_a_task_is_of_the_kind_that_its_name_says() -> None:
    """Unless it says another one; a name that is no kind needs one."""
    tasks = {
        "weather": {"every": "30m", **PLACE},
        "backup": {"kind": None, "cron": "59 23 * * *"},
        "nightly": BACKUP,
        "retention": BACKUP,
    }

    kinds = [task.kind for task in Config.model_validate({"tasks": tasks}).tasks.values()]
    with pytest.raises(ValidationError, match=r"tasks\.nightly\.kind"):
        Config.model_validate({"tasks": {"nightly": {"cron": "59 23 * * *"}}})

    assert kinds == ["weather", "backup", "backup", "backup"]


def test_two_places_under_one_name_are_refused() -> None:
    """Their readings would replace each other; a tag tells them apart."""
    other = WEATHER | {"latitude": 52.5}
    with pytest.raises(ValidationError, match="north and south store weather under the same tags"):
        Config.model_validate({"tasks": {"north": WEATHER, "south": other}})

    apart = {"north": WEATHER, "south": other | {"tags": {"site": "south"}}, "backup": BACKUP}

    assert len(Config.model_validate({"tasks": apart}).tasks) == 3


def test_the_key_is_never_shown() -> None:
    """Neither by the entry nor by an error of it."""
    task = TaskSpec.model_validate(WEATHER | {"api_key": "hunter2"})
    with pytest.raises(ValidationError) as caught:
        TaskSpec.model_validate(WEATHER | {"api_key": "hunter2\n"})

    assert all("hunter2" not in text for text in (repr(task), task.model_dump_json(), str(caught.value)))


def test_what_is_left_out_has_a_default() -> None:
    """A backup needs no more than its time."""
    task = TaskSpec.model_validate(BACKUP)

    assert (task.directory, task.keep, task.missed, task.time_limit) == (Path("backups"), 14, "run", 600)
