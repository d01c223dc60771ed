"""Access of commands to `state.db`, while the service runs and while it does not."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from ingestor.cli.options import load_config
from ingestor.config import Config
from ingestor.datadir import journal_dir, state_file
from ingestor.errors import DataDirError
from ingestor.journal.lock import Lock
from ingestor.state import Work, open_state, transact

Result = TypeVar("Result")


def in_state(config: Path | None, work: Work[Result]) -> Result:
    """Run `work` as a transaction on the state of the configured data directory.

    Raises:
        ConfigError: The configuration cannot be read.
        DataDirError: No service ever ran there, or the file cannot be opened.
        StateError: The file cannot be read or written just now.
    """
    path = state_file(load_config(config))
    if not path.exists():
        raise DataDirError(f"{path} is not there: no service has run with this data_dir yet")
    with closing(open_state(path)) as connection:
        return transact(connection, work, path)


@contextmanager
def no_service_beside(config: Config) -> Iterator[None]:
    """Keep the service from running meanwhile: it would go on with what is changed.

    Raises:
        DataDirError: It runs, or the lock cannot be had.
    """
    try:
        lock = Lock(journal_dir(config))
    except OSError as error:
        raise DataDirError(f"{journal_dir(config)} cannot be locked: {error.strerror}") from error
    with closing(lock):
        yield
