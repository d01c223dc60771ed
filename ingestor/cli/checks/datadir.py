"""Whether the data directory can be used, fits the configuration, and has room."""

import os
import shutil
import tempfile
from contextlib import closing
from pathlib import Path

from ingestor import state
from ingestor.cli.checks.finding import Finding, note, ok, problem
from ingestor.cli.invocation import command
from ingestor.cli.units import readable_size
from ingestor.config import Config
from ingestor.datadir import journal_dir, state_file
from ingestor.errors import DataDirError, StateError, UnknownStoresError

_HARDLY_ANY_BYTES = 64 * 2**20


def check_data_dir(config: Config, path: Path | None = None) -> list[Finding]:
    """Whether it can be written, knows no stores that are gone, and the disk has room for what may come.

    Args:
        config: What was read.
        path: Where from, for the commands that are advised; None for the usual file.
    """
    folder = config.data_dir
    there = _nearest(folder)
    for one in (folder, journal_dir(config)):
        if wrong := _unwritable(one, _nearest(one)):
            return [problem("data_dir", wrong)]
    made = "" if there == folder else " (it will be made)"
    return [ok("data_dir", f"{folder} can be written{made}"), *_unknown_stores(config, path), *_room(config, there)]


def _nearest(path: Path) -> Path:
    """The path itself if it is there, else the nearest folder above it that is."""
    return next(one for one in (path, *path.absolute().parents) if one.exists())


def _unwritable(folder: Path, there: Path) -> str | None:
    """Why nothing can be written there; by writing, because rights do not tell of read-only or full disks."""
    if not there.is_dir():
        return f"{folder} cannot be made: {there} is a file"
    if there != folder:
        return None if os.access(there, os.W_OK | os.X_OK) else f"{folder} cannot be made: no right to write in {there}"
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"\0")
    except OSError as error:
        return f"{folder} cannot be written: {error.strerror}; give it to the user that the service runs as"
    return None


def _unknown_stores(config: Config, path: Path | None) -> list[Finding]:
    file = state_file(config)
    if not file.exists():
        return []
    try:
        with closing(state.open_state(file)) as connection:
            known = state.transact(connection, state.cursors, file)
    except (DataDirError, StateError) as error:
        return [problem("data_dir", str(error))]
    if gone := sorted(known.keys() - config.stores.keys()):
        return [problem("stores", str(UnknownStoresError(gone, forget=command(f"stores forget {gone[0]}", path))))]
    return []


def _room(config: Config, there: Path) -> list[Finding]:
    """Whether the disk is full before the journal is."""
    free = shutil.disk_usage(there).free
    taken = sum(file.stat().st_size for file in journal_dir(config).glob("*.seg"))
    wanted = max(0, config.journal.max_bytes - taken)
    if free < _HARDLY_ANY_BYTES:
        return [problem("disk", f"{readable_size(free)} free where data_dir is: make room, or move data_dir")]
    if free < wanted:
        return [
            note(
                "disk",
                f"{readable_size(free)} free, and the journal may grow by {readable_size(wanted)} while a store is "
                "away: the disk would be full first; make room, or journal.max_bytes smaller",
            )
        ]
    return [ok("disk", f"{readable_size(free)} free; the journal may grow by {readable_size(wanted)}")]
