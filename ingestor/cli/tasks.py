"""`ingestor task`: what is done on a schedule, and when; and doing it now."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from ingestor.cli.datafiles import in_state
from ingestor.cli.loop import run_in_loop
from ingestor.cli.options import AsJson, ConfigFile, load_config
from ingestor.cli.output import fail, say, say_json, say_table
from ingestor.cli.units import readable_span, short_time
from ingestor.config import Config, TaskSpec
from ingestor.datadir import journal_dir, state_file
from ingestor.errors import DataDirError
from ingestor.journal.lock import Lock
from ingestor.state import open_state, transact
from ingestor.stats import TaskStats
from ingestor.tasks import results
from ingestor.tasks.results import Outcome, Record
from ingestor.tasks.schedule import Schedule

_LOOK_SECS = 0.2
_BEGIN_SECS = 30.0
"""So much longer than a task may take its answer is waited for."""


def make_group() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(help="See what is done on a schedule, or do it now.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(run)
    return group


def list_(config: ConfigFile = None, json: AsJson = False) -> None:
    """List the tasks: when each is done, what came of it last, and when it is done next."""
    loaded = load_config(config)
    known = in_state(config, results.records) if state_file(loaded).exists() else {}
    now_ns = time.time_ns()
    found = [_as_of(loaded, name, known.get(name, Record(name)), now_ns) for name in loaded.tasks]
    if json:
        say_json([{**asdict(task), "plan": plan(loaded, task.name)} for task in found])
    elif not found:
        say("no task is configured; see docs/how-to/weather.md")
    else:
        _say_tasks(loaded, found, now_ns)


def _as_of(config: Config, name: str, record: Record, now_ns: int) -> TaskStats:
    """What is known of a task; when it runs next is worked out, as no service may run that says so."""
    schedule = Schedule.of(config, name)
    next_ns = schedule.next(schedule.recall(record.turn_ns, now_ns), now_ns).due_ns
    return record._replace(next_ns=next_ns).stats(config.tasks[name].kind)


def plan(config: Config, name: str) -> str:
    """When a task runs, in words."""
    spec: TaskSpec = config.tasks[name]
    if spec.cron is None:
        return f"every {readable_span(spec.every or 0)}"
    return f"{spec.cron} ({spec.timezone or config.timezone})"


def _say_tasks(config: Config, tasks: Sequence[TaskStats], now_ns: int) -> None:
    rows = [
        (
            task.name,
            task.kind,
            plan(config, task.name),
            "-" if task.began_ns is None else short_time(task.began_ns, now_ns=now_ns),
            task.outcome.replace("_", " "),
            task.words or "-",
            "-" if task.next_ns is None else short_time(max(task.next_ns, now_ns), now_ns=now_ns),
        )
        for task in tasks
    ]
    say_table(("task", "kind", "when", "last run", "outcome", "result", "next run"), rows, wrapped={"result"})


def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The task, as `list` shows it.")],
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Do a task now, and show what came of it.

    Where the service runs, it does it. Else this command does; readings that it fetches are then in the journal, and
    the service stores them when it starts.
    """
    loaded = load_config(config)
    if name not in loaded.tasks:
        fail(f"no task is called {name}; there are: {', '.join(loaded.tasks) or 'none'}")
    outcome, words = _ask_service(loaded, name) if _service_runs(loaded) else _run_here(loaded, name)
    if json:
        say_json({"task": name, "outcome": outcome, "result": words})
    if outcome is not Outcome.DONE:
        fail(f"{name}: {outcome.replace('_', ' ')}: {words}")
    if not json:
        say(f"{name}: {words}")


def _service_runs(config: Config) -> bool:
    """Whether a process holds the data directory."""
    try:
        lock = Lock(journal_dir(config))
    except DataDirError:
        return True
    except OSError:
        return False  # there is no such folder yet; what else is wrong with it is told by who opens it
    with closing(lock):
        return False


def _run_here(config: Config, name: str) -> tuple[Outcome, str]:
    from ingestor.jobs import run_alone  # noqa: PLC0415 - half of the time that any command would take to start

    record = run_in_loop(run_alone(config, name))
    return record.outcome, record.words


def _ask_service(config: Config, name: str) -> tuple[Outcome, str]:
    """Leave the wish where the service finds it, and wait for its answer."""
    path = state_file(config)
    deadline = time.monotonic() + config.tasks[name].time_limit + _BEGIN_SECS
    with closing(open_state(path)) as connection:
        number = transact(connection, partial(results.ask, task=name, now_ns=time.time_ns()), path)
        try:
            while time.monotonic() < deadline:
                answer = transact(connection, partial(results.answered, number=number), path)
                if answer is not None:
                    return answer
                time.sleep(_LOOK_SECS)
        finally:
            transact(connection, partial(results.withdraw, number=number), path)
    return Outcome.FAILED, "the service that runs gave no answer; see its log, and: ingestor task list"
