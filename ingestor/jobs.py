"""From the tasks of a configuration to what does them: in the service, or for once without it."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Final

from ingestor import state
from ingestor.backup.making import NEEDS_ARROW, make_of
from ingestor.backup.task import BackupJob
from ingestor.config import Config
from ingestor.datadir import make_data_dir, open_journal, state_file
from ingestor.errors import ConfigError, Problem
from ingestor.intake import IntakeAccounts
from ingestor.intake.oversize import OversizedHead
from ingestor.journal import Journal
from ingestor.ports import Log
from ingestor.state import State
from ingestor.stores import choose, make_buckets
from ingestor.stores.retention import Expiry
from ingestor.tasks import results
from ingestor.tasks.board import TaskBoard
from ingestor.tasks.job import Job
from ingestor.tasks.results import Record
from ingestor.tasks.retention import RetentionJob
from ingestor.tasks.runner import TaskRunner
from ingestor.tasks.schedule import Schedule
from ingestor.tasks.weather.job import WeatherJob

OnOversize = Callable[[OversizedHead], Awaitable[None]]

_CLOSE_SECS: Final = 5.0


def check_tasks(config: Config) -> None:
    """Say of tasks that cannot be done that they cannot.

    Raises:
        ConfigError: With every one of them.
    """
    problems: list[Problem] = []
    for name, task in config.tasks.items():
        if task.kind == "weather":
            continue
        if task.logical and find_spec("pyarrow") is None:
            problems.append(Problem(NEEDS_ARROW, f"tasks.{name}.logical"))
        where = f"tasks.{name}.store"
        try:
            store = choose(config, task.store)
        except ConfigError as error:
            problems += [problem._replace(where=where) for problem in error.problems]
        else:
            if task.kind == "retention" and config.stores[store].kind != "sqlite":
                problems.append(
                    Problem("InfluxDB itself deletes what is too old: this is for the embedded store", where)
                )
    if problems:
        raise ConfigError(problems)


async def make_board(config: Config, *, log: Log, state: State, on_oversize: OnOversize) -> TaskBoard:
    """The tasks of a service, with what is remembered of each.

    Args:
        config: Its `tasks`.
        log: The journal.
        state: Where is remembered what came of them.
        on_oversize: Keeps the head of an answer that is too long to be journaled.

    Raises:
        StateError: What is remembered cannot be read just now.
    """
    await state.run(lambda connection: results.begin_anew(connection, config.tasks))
    known = await state.run(results.records)
    turn = asyncio.Lock()

    def runner(name: str) -> TaskRunner:
        return _make_runner(config, name, known, log=log, state=state, on_oversize=on_oversize, turn=turn)

    return TaskBoard([runner(name) for name in config.tasks], state=state)


async def run_alone(config: Config, name: str) -> Record:
    """Run a task once, where no service runs; what it fetched is in the journal then, for the next start.

    Raises:
        ConfigError: It is a task that cannot be run.
        DataDirError: The data directory cannot be used, or a service uses it.
        StateError: It cannot be written just now.
    """
    check_tasks(config)
    make_data_dir(config.data_dir)
    async with open_journal(config, close_secs=_CLOSE_SECS) as journal, State(state_file(config)) as kept:
        await _keep_what_stores_lack(config, journal, kept)
        accounts = await IntakeAccounts.load(kept, max_letter_bytes=config.deadletters.max_bytes)
        known = await kept.run(results.records)
        runner = _make_runner(
            config, name, known, log=journal, state=kept, on_oversize=accounts.skip, turn=asyncio.Lock()
        )
        return await runner.run_once(by_hand=True)


async def _keep_what_stores_lack(config: Config, journal: Journal, kept: State) -> None:
    """What no cursor of the journal needs may be deleted from it."""
    cursors = await kept.run(state.cursors)
    for name in {*cursors, *config.stores}:
        position = cursors[name].position if name in cursors else journal.start
        journal.cursor(name, position, when_full="pause")


def _make_runner(
    config: Config,
    name: str,
    known: dict[str, Record],
    *,
    log: Log,
    state: State,
    on_oversize: OnOversize,
    turn: asyncio.Lock,
) -> TaskRunner:
    spec = config.tasks[name]
    return TaskRunner(
        known.get(name, Record(name)),
        spec.kind,
        schedule=Schedule.of(config, name),
        job=_make_job(config, name, log=log, state=state, on_oversize=on_oversize, turn=turn),
        time_limit_secs=spec.time_limit,
        state=state,
    )


def _make_job(config: Config, name: str, *, log: Log, state: State, on_oversize: OnOversize, turn: asyncio.Lock) -> Job:
    spec = config.tasks[name]
    if spec.kind == "backup":
        make = make_of(config, choose(config, spec.store), spec.buckets, logical=spec.logical)
        return BackupJob(make, spec.directory, keep=spec.keep, copy_to=spec.copy_to, turn=turn)
    if spec.kind == "retention":
        store = choose(config, spec.store)
        expiry = Expiry(config.store_path(store))
        return RetentionJob(name, make_buckets(config, store), expiry, state=state, buckets=spec.buckets)
    return WeatherJob(name, spec, log=log, state=state, max_bytes=config.mqtt.max_packet, on_oversize=on_oversize)
