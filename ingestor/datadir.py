"""The data directory: what lies where in it, and what its files say while no service runs."""

from pathlib import Path

from ingestor import __version__, deadletters, state
from ingestor.config import Config
from ingestor.errors import DataDirError
from ingestor.journal import JournalFiles
from ingestor.state import INTAKE
from ingestor.stats import IntakeStats, JournalStats, Snapshot, StoreStats


def journal_dir(config: Config) -> Path:
    """The folder of the journal's segment files."""
    return config.data_dir / "journal"


def state_file(config: Config) -> Path:
    """The file of cursors, counters and dead letters."""
    return config.data_dir / "state.db"


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
