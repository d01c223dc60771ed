"""What reading a message costs: `python -m tests.intake.parse_cost` prints it in microseconds."""

import time
from collections.abc import Callable

import mqtt5

from ingestor.intake.incoming import Scanner
from ingestor.intake.wire import Version, write_text
from tests.intake.oracles import read_mqtt5

MESSAGES = 1000
RUNS = 40
PAYLOAD = b'{"temperature":21.5,"humidity":55.1,"battery":87,"ts":1700000000000}'


def socket_read(version: Version) -> bytes:
    """As much as one read of a busy socket brings: QoS 1 messages of a hundred topics."""
    packets = []
    for number in range(MESSAGES):
        body = write_text(f"farm/rack{number % 100}/climate") + (number + 1).to_bytes(2, "big")
        body += (b"\0" if version is Version.V5 else b"") + PAYLOAD
        packets.append(b"\x32" + bytes((len(body),)) + body)
    return b"".join(packets)


def ours_secs(version: Version) -> float:
    """The least that our reader takes for one message."""
    scanner = Scanner(version, max_packet=2**23, alias_maximum=64)
    data = socket_read(version)
    return _least_secs(lambda: list(scanner.feed(data, 1)))


def mqtt5_secs() -> float:
    """The same of `mqtt5`."""
    data = socket_read(Version.V5)
    if not isinstance(read_mqtt5(data)[0], mqtt5.PublishPacket):
        raise TypeError("mqtt5 does not read what we read")
    return _least_secs(lambda: read_mqtt5(data))


def _least_secs(work: Callable[[], object]) -> float:
    least = float("inf")
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - began)
    return least / MESSAGES


def main() -> None:
    """Print the figures."""
    lines = {f"ours, MQTT {version}": ours_secs(version) for version in Version} | {"mqtt5": mqtt5_secs()}
    for name, secs in lines.items():
        print(f"{name:16} {secs * 1e6:.2f}")  # noqa: T201 - this is what it is for


if __name__ == "__main__":
    main()
