"""The data directory: what lies where in it, and what its files say while no service runs."""

import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from ingestor import __version__, state
from ingestor.config import Config
from ingestor.errors import DataDirError
from ingestor.journal import Journal, JournalFiles
from ingestor.ports import DeviceLog
from ingestor.routing import RoutingTable
from ingestor.state import INTAKE, CursorRow
from ingestor.stats import IntakeStats, JournalStats, Snapshot, StoreStats
from ingestor.tasks import results
from ingestor.tasks.results import Record


def journal_dir(config: Config) -> Path:
    """The folder of the journal's segment files."""
    return config.data_dir / "journal"


def state_file(config: Config) -> Path:
    """The file of cursors, counters and dead letters."""
    return config.data_dir / state.FILE_NAME


def make_table(config: Config, *, devices: DeviceLog | None = None) -> RoutingTable:
    """The routing table of a configuration for who is not the service; it knows what devices announced to that.

    Raises:
        ConfigError: Some models or routes cannot work.
        DataDirError: What was announced cannot be read.
    """
    table, path = RoutingTable(config, devices=devices), state_file(config)
    if any(row.kind == "discovery" for row in config.routes) and path.exists():
        table.announced.load(state.read_state(path, state.announcements))
    return table


def open_journal(config: Config, *, close_secs: float) -> Journal:
    """The journal, to be entered; closing it waits so long for what is not on disk yet."""
    return Journal(
        journal_dir(config),
        max_bytes=config.journal.max_bytes,
        group_ms=config.journal.group_ms,
        keep_secs=config.journal.keep,
        close_secs=close_secs,
    )


def make_data_dir(path: Path) -> None:
    """Make the data directory where it is not there yet; others may not look into it.

    Raises:
        DataDirError: It cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirError(f"data_dir {path} cannot be made: {error.strerror}") from error


def disk_bytes_written() -> int | None:
    """Bytes that this process caused to be written to disks since it started; None where the system does not tell."""
    try:
        lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("write_bytes:")), None)


def journal_files(config: Config) -> JournalFiles:
    """The journal's files as they are now, whether a service writes them or not.

    Raises:
        DataDirError: There is none yet, or it cannot be read.
    """
    folder = journal_dir(config)
    try:
        return JournalFiles(folder)
    except FileNotFoundError:
        raise DataDirError(f"{folder} is not there: no service has run with this data_dir yet") from None
    except OSError as error:
        raise DataDirError(f"{folder} cannot be read: {error.strerror}") from error


def stopped_snapshot(config: Config) -> Snapshot:
    """The accounts that the files of a stopped service hold.

    While a service runs this is what it has saved, which is a few seconds old: what it stored since counts as
    pending. Nothing of the accounts is changed, but the right to write `state.db` is needed, as SQLite wants it.

    Raises:
        DataDirError: No service ever ran with this data directory, or it cannot be read.
        StateError: `state.db` cannot be read just now.
    """
    path = state_file(config)
    if not path.exists():
        raise DataDirError(f"{path} is not there: no service has run with this data_dir yet")
    with closing(state.open_state(path)) as connection:
        # In this order: a journal that is read later cannot end before a cursor that was read earlier.
        intake, stores = state.transact(connection, _accounts, path)
        known = state.transact(connection, results.records, path)
    files = journal_files(config)
    info = files.info()
    recognised, skipped = intake.get("recognised", 0), intake.get("skipped", 0)
    return Snapshot(
        version=__version__,
        uptime_secs=0.0,
        intake=IntakeStats(
            received=info.end + recognised + skipped,
            journaled=info.end,
            recognised=recognised,
            skipped=skipped,
            fault="no service runs",
        ),
        journal=JournalStats(
            bytes=info.bytes, max_bytes=config.journal.max_bytes, segments=len(info.segments), end=info.end
        ),
        stores=tuple(_store(name, row, totals, files, end=info.end) for name, (row, totals) in stores.items()),
        tasks=tuple(known.get(name, Record(name)).stats(task.kind) for name, task in config.tasks.items()),
        dead_letter_bytes=intake.get("dead_letter_bytes", 0),
        dead_letters_put_out=intake.get("dead_letters_put_out", 0),
    )


def _accounts(connection: sqlite3.Connection) -> tuple[dict[str, int], dict[str, tuple[CursorRow, dict[str, int]]]]:
    """The counters of the intake, and of each store its cursor and counters."""
    stores = {name: (row, state.counters(connection, name)) for name, row in state.cursors(connection).items()}
    return state.counters(connection, INTAKE), stores


def _store(name: str, row: CursorRow, totals: dict[str, int], files: JournalFiles, *, end: int) -> StoreStats:
    waiting = end - row.position
    oldest = next(files.messages(row.position), None)
    lag_secs = max(0.0, (time.time_ns() - oldest[1].received_ns) / 1e9) if oldest else 0.0
    return replace(StoreStats.of(name, totals=totals, waiting=waiting), journaled=end - row.began, lag_secs=lag_secs)
