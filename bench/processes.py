"""Starting processes, ending them, and what the kernel says they cost."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

TICKS_PER_SEC = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def running(command: Sequence[str], *, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a child process, with all its output in `log`; it is ended on leaving."""
    with log.open("ab") as output, subprocess.Popen(command, stdout=output, stderr=output) as child:
        try:
            yield child
        finally:
            end(child)


def end(child: subprocess.Popen[bytes], *, patience_secs: float = 15.0) -> None:
    """Ask a child process to stop, and insist when it does not within `patience_secs`."""
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(patience_secs)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def wait_for(condition: Callable[[], bool], *, what: str, timeout_secs: float = 30.0) -> None:
    """Return when the condition holds.

    Raises:
        TimeoutError: It did not within `timeout_secs`; `what` tells what was waited for.
    """
    deadline = time.monotonic() + timeout_secs
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_secs:g} s in vain for {what}")
        time.sleep(0.05)


def family(pid: int) -> list[int]:
    """The process and everything that it started and that still runs."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                found += family(int(child))
    return found


def cpu_secs(pid: int) -> float:
    """Processor time that a process and its children have used so far."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS_PER_SEC


def peak_rss_mib(pid: int) -> float:
    """The most memory that a process and its children have held, each at its own worst moment."""
    return _sum(pid, "status", "VmHWM:") / 1024


def written_bytes(pid: int) -> int:
    """Bytes that a process and its children have sent towards the disk so far."""
    return _sum(pid, "io", "write_bytes:")


def _sum(pid: int, file: str, label: str) -> int:
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{member}/{file}").read_text().splitlines():
                if line.startswith(label):
                    total += int(line.split()[1])
    return total
