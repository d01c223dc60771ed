"""What tests under load share: numbered messages, and the memory of a process."""

from collections.abc import Iterator
from pathlib import Path


def numbered(begin: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Messages with the numbers from `begin` on."""
    return (("numbered/a", b'{"n": %d}' % number) for number in range(begin, begin + count))


def resident_mib(pid: int) -> float:
    """The memory of a process that is in use now."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"process {pid} is gone")
