"""From tasks of a configuration to what does them."""

from pathlib import Path
from typing import Any

import pytest

from ingestor import state
from ingestor.backup.folder import find_backups
from ingestor.config import Config
from ingestor.datadir import open_journal, stopped_snapshot
from ingestor.errors import ConfigError, DataDirError
from ingestor.jobs import check_tasks, run_alone
from ingestor.journal import JournalFiles
from ingestor.ports import FETCHED, BucketInfo, Message
from ingestor.stores.sqlitebuckets import SqliteBuckets
from ingestor.tasks.results import Outcome
from tests.backup.embeddedstores import points, store_in
from tests.servers.weather import KEY, REFUSED, FakeWeather, Reply
from tests.support import run


def config(folder: Path, fake: FakeWeather, **sections: Any) -> Config:  # noqa: ANN401 - of a configuration
    """A configuration with a weather task that asks fakes."""
    weather = {
        "every": "30m",
        "latitude": 1.35,
        "longitude": 103.82,
        "api_key": KEY,
        "providers": ["openweathermap"],
        "addresses": fake.addresses,
    }
    return Config.model_validate({"data_dir": folder / "data", "tasks": {"weather": weather}, **sections})


def journaled(folder: Path) -> list[Message]:
    """What the journal holds."""
    files = JournalFiles(folder / "data" / "journal")
    return [found[1] for found in files.messages(0)]


def test_without_a_service_a_run_leaves_its_fetch_in_the_journal(tmp_path: Path) -> None:
    """Marked as ours; the accounts count it as received, and pending for every store."""

    async def main() -> Config:
        async with FakeWeather() as fake:
            wanted = config(tmp_path, fake)
            record = await run_alone(wanted, "weather")
            assert (record.outcome, record.words) == (Outcome.DONE, "openweathermap: observation journaled")
            return wanted

    wanted = run(main())
    (message,) = journaled(tmp_path)
    told = stopped_snapshot(wanted)

    assert (message.topic, message.flags) == ("$weather/weather/openweathermap/current", FETCHED)
    assert (told.intake.received, told.intake.journaled) == (1, 1)
    assert [(task.name, task.kind, task.outcome, task.runs) for task in told.tasks] == [
        ("weather", "weather", "done", 1)
    ]


def test_it_takes_nothing_from_stores_that_lack_it(tmp_path: Path) -> None:
    """What was journaled before and no store has yet is still there, in a journal that may keep little."""

    async def main() -> int:
        async with FakeWeather() as fake:
            small = config(tmp_path, fake, journal={"max_bytes": "1MiB", "group_ms": 0})
            (tmp_path / "data" / "journal").mkdir(parents=True)
            async with open_journal(small, close_secs=5) as journal, state.State(tmp_path / "data/state.db") as held:
                await held.run(lambda connection: state.begin_cursor(connection, "local", 0))
                journal.cursor("local", 0, when_full="pause")
                for number in range(6):
                    await journal.append([Message("a/b", b"x" * 100_000, number + 1)])
            await run_alone(small, "weather")
        return len(journaled(tmp_path))

    assert run(main()) == 7


def test_beside_a_service_it_does_not_run(tmp_path: Path) -> None:
    """One process at a time has the journal."""

    async def main() -> None:
        async with FakeWeather() as fake:
            wanted = config(tmp_path, fake)
            (tmp_path / "data" / "journal").mkdir(parents=True)
            async with open_journal(wanted, close_secs=5):
                with pytest.raises(DataDirError, match="in use by another ingestor"):
                    await run_alone(wanted, "weather")

    run(main())


def test_failures_are_kept_from_run_to_run(tmp_path: Path) -> None:
    """Also those of runs by hand."""

    async def main() -> None:
        async with FakeWeather() as fake:
            wanted = config(tmp_path, fake)
            fake.instead["openweathermap"] = REFUSED
            await run_alone(wanted, "weather")
            fake.instead["openweathermap"] = Reply(503)
            record = await run_alone(wanted, "weather")

        assert (record.outcome, record.runs, record.failures) == (Outcome.FAILED, 2, 2)
        assert record.faults == {"refused": 1, "unavailable": 1}

    run(main())


def test_a_long_answer_counts_as_skipped(tmp_path: Path) -> None:
    """As a message over the size limit does: received = journaled + skipped."""

    async def main() -> Config:
        async with FakeWeather() as fake:
            wanted = config(tmp_path, fake, mqtt={"max_packet": "1KiB"})
            fake.instead["openweathermap"] = Reply(200, "x" * 100_000)
            assert (await run_alone(wanted, "weather")).outcome is Outcome.FAILED
            return wanted

    told = stopped_snapshot(run(main())).intake

    assert (told.received, told.journaled, told.skipped) == (1, 0, 1)


def test_tasks_that_cannot_be_done_are_refused() -> None:
    """All of them, each with its place."""
    tasks = {
        "backup": {"every": "1d"},
        "other": {"kind": "backup", "every": "1d", "store": "elsewhere"},
        "right": {"kind": "backup", "every": "1d", "store": "a"},
        "nightly": {"kind": "retention", "every": "1d", "store": "b"},
        "kept": {"kind": "retention", "every": "1d", "store": "a"},
    }
    stores = {"a": {}, "b": {"kind": "influxdb", "url": "http://127.0.0.1:1", "org": "o"}}
    config = Config.model_validate({"tasks": tasks, "stores": stores})
    with pytest.raises(ConfigError) as caught:
        check_tasks(config)

    assert [problem.where for problem in caught.value.problems] == [
        "tasks.backup.store",
        "tasks.other.store",
        "tasks.nightly.store",
    ]


def test_what_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """At start, not at night."""
    monkeypatch.setattr("ingestor.jobs.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="needs pyarrow") as caught:
        check_tasks(Config.model_validate({"tasks": {"backup": {"every": "1d", "logical": True}}}))

    assert [problem.where for problem in caught.value.problems] == ["tasks.backup.logical"]


def test_a_logical_backup_is_made_where_it_is_wanted(tmp_path: Path) -> None:
    """Reading by reading."""
    tasks = {"backup": {"every": "1d", "directory": str(tmp_path / "to"), "logical": True}}
    wanted = Config.model_validate({"data_dir": tmp_path / "data", "tasks": tasks})
    run(store_in(wanted.store_path("local"), points("A", count=3)))
    run(run_alone(wanted, "backup"))

    assert [found.record.kind for found in find_backups(tmp_path / "to") if found.record] == ["logical"]


def test_what_is_too_old_is_deleted(tmp_path: Path) -> None:
    """From the buckets of the embedded store, as it is recorded in them."""
    wanted = Config.model_validate({"data_dir": tmp_path / "data", "tasks": {"retention": {"every": "1d"}}})
    run(store_in(wanted.store_path("local"), points("A", count=3)))
    run(SqliteBuckets(wanted.store_path("local")).change(BucketInfo("A", "", 3_600.0)))
    record = run(run_alone(wanted, "retention"))

    assert (record.outcome, record.words) == (Outcome.DONE, "deleted points that were too old: 3 from A")


def test_a_backup_is_made_of_the_store_that_is_meant(tmp_path: Path) -> None:
    """In the directory that was configured, and old ones go."""
    tasks = {"backup": {"every": "1d", "directory": str(tmp_path / "to"), "keep": 1, "copy_to": str(tmp_path / "copy")}}
    wanted = Config.model_validate({"data_dir": tmp_path / "data", "tasks": tasks})
    run(store_in(wanted.store_path("local"), points("A", count=3)))

    first = run(run_alone(wanted, "backup"))
    second = run(run_alone(wanted, "backup"))
    (kept,) = (tmp_path / "to").iterdir()

    assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.DONE)
    assert second.words.startswith(f"backed up into {kept}; copied to {tmp_path / 'copy'}")
    assert "; removed " in second.words
    assert (kept / "A.db").exists()


def test_a_backup_that_cannot_be_made_is_a_task_that_failed(tmp_path: Path) -> None:
    """It says which bucket is not there."""
    tasks = {"backup": {"every": "1d", "directory": str(tmp_path / "to"), "buckets": ["Nowhere"]}}
    wanted = Config.model_validate({"data_dir": tmp_path / "data", "tasks": tasks})
    run(store_in(wanted.store_path("local"), points("A", count=3)))
    record = run(run_alone(wanted, "backup"))

    assert (record.outcome, record.faults) == (Outcome.FAILED, {"other": 1})
    assert "Nowhere" in record.words
