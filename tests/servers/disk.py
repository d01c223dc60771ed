"""A small disk that a test can fill: a tmpfs, where the test may mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, *, mib: int) -> Iterator[None]:
    """Mount a file system of so many MiB on the folder, which is made; the test is skipped where it may not."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount the small disk that this test fills")
    folder.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", folder], capture_output=True)  # noqa: PLW1510
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Take all the room that is left on the disk of a folder; returns the file to delete."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (2**20, 2**12):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:  # no room for so much
                continue
    return filler
