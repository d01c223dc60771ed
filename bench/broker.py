"""A real mosquitto on a free port, which keeps everything and limits nothing."""

import contextlib
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench import processes

CONFIGURATION = """
listener {port} 127.0.0.1
allow_anonymous true
max_inflight_messages 0
max_queued_messages 0
persistence false
log_dest stderr
log_type subscribe
"""


class Broker(NamedTuple):
    """A broker that is ready for connections."""

    port: int
    pid: int
    log: Path

    def wait_for_subscription(self) -> None:
        """Return when somebody has subscribed.

        Raises:
            TimeoutError: Nobody did for half a minute.
        """
        processes.wait_for(lambda: "farm/" in self.log.read_text(), what=f"a subscription in {self.log}")


def free_port() -> int:
    """A TCP port on loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether something accepts connections on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def mosquitto(folder: Path) -> Iterator[Broker]:
    """A broker of its own in `folder`, ended on leaving.

    Raises:
        FileNotFoundError: mosquitto is not installed.
    """
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        raise FileNotFoundError("mosquitto is not installed: apt-get install mosquitto")
    port = free_port()
    configuration, log = folder / "mosquitto.conf", folder / "mosquitto.log"
    configuration.write_text(CONFIGURATION.format(port=port))
    with processes.running([program, "-c", str(configuration)], log=log) as child:
        processes.wait_for(lambda: listens(port), what=f"mosquitto, see {log}")
        yield Broker(port, child.pid, log)
