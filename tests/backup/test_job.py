"""One backup from beginning to end."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ingestor.backup.job import Backup, back_up
from ingestor.backup.record import BackupError, read_record
from tests.backup.farms import names_in
from tests.backup.test_folder import make
from tests.support import run


def maker(day: int) -> Callable[[Path], Awaitable[Backup]]:
    """Makes a backup of that day."""

    async def made(directory: Path) -> Backup:
        folder = await make(directory, day)
        record = read_record(folder)
        assert record is not None
        return Backup(folder, record)

    return made


def test_it_is_copied_and_old_ones_go(tmp_path: Path) -> None:
    """In both directories the same stay."""
    one, two = tmp_path / "one", tmp_path / "two"
    outcomes = [run(back_up(maker(day), one, keep=2, copy_to=two)) for day in range(4)]

    assert names_in(one) == names_in(two) == ["20261202T120000Z-farm", "20261203T120000Z-farm"]
    assert outcomes[0].removed == outcomes[1].removed == []
    assert outcomes[3].removed == [one / "20261201T120000Z-farm", two / "20261201T120000Z-farm"]
    assert outcomes[3].copied == two / "20261203T120000Z-farm"
    assert [outcome.faults for outcome in outcomes] == [[]] * 4


def test_without_a_copy_the_backup_stands(tmp_path: Path) -> None:
    """It is told, and nothing is removed from the second directory."""
    (tmp_path / "file").touch()
    outcome = run(back_up(maker(0), tmp_path / "one", keep=1, copy_to=tmp_path / "file"))

    assert names_in(tmp_path / "one") == ["20261130T120000Z-farm"]
    assert outcome.copied is None
    assert len(outcome.faults) == 1
    assert outcome.faults[0].startswith("no copy was made: ")


def test_without_a_backup_nothing_is_removed(tmp_path: Path) -> None:
    """A server that cannot be backed up any more does not cost the backups that there are."""

    async def fails(directory: Path) -> Backup:
        raise BackupError(f"no backup in {directory}")

    for day in range(2):
        run(make(tmp_path, day))
    with pytest.raises(BackupError, match="no backup in"):
        run(back_up(fails, tmp_path, keep=1))

    assert len(names_in(tmp_path)) == 2
