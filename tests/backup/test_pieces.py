"""A file, piece by piece."""

from pathlib import Path

import pytest

from ingestor.backup.pieces import PIECE_BYTES, pieces
from ingestor.backup.record import BackupError
from tests.support import run


async def sizes(path: Path) -> list[int]:
    """Of the pieces."""
    return [len(piece) async for piece in pieces(path)]


def test_a_file_comes_in_pieces(tmp_path: Path) -> None:
    """All of it, none larger than the limit; an empty one has none."""
    (tmp_path / "a").write_bytes(bytes(2 * PIECE_BYTES + 1))
    (tmp_path / "b").touch()

    assert run(sizes(tmp_path / "a")) == [PIECE_BYTES, PIECE_BYTES, 1]
    assert run(sizes(tmp_path / "b")) == []


def test_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    """In a line that names it."""
    with pytest.raises(BackupError, match="a: No such file"):
        run(sizes(tmp_path / "a"))
