"""The command that the README begins with, as it is typed."""

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def rows_of(file: Path) -> int:
    """How many points the file of a bucket holds."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as bucket:
        tables = bucket.execute(
            "SELECT name FROM sqlite_schema WHERE name GLOB 'points_*' AND type = 'table'"
        ).fetchall()
        counts = [bucket.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in tables]  # noqa: S608
    return sum(map(int, counts))


@pytest.mark.long
def test_its_numbers_agree_with_the_files(tmp_path: Path) -> None:
    """It ends 0, and what it says was stored is what SQLite finds; what was received adds up."""
    folder = tmp_path / "demo"
    command: list[str | Path] = [ROOT / "scripts" / "demo", "--duration", "20", "--directory", folder, "--json"]
    ended = subprocess.run(command, capture_output=True, check=True, timeout=110, cwd=tmp_path)
    summary = json.loads(ended.stdout.splitlines()[-1])
    rows = sum(map(rows_of, (folder / "data" / "stores" / "local").glob("*.db")))

    assert summary["received"] == summary["stored"] + summary["set_aside"] > 0
    assert summary["stored"] == rows
    assert summary["set_aside"] > 0
