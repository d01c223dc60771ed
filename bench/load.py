"""Publishes readings as fast as a broker takes them, or at a steady rate: `python -m bench.load PORT MESSAGES`.

All packets are made before the clock starts, so that on a small machine the load takes little from what is
measured. Prints one JSON object: how many were published, and the monotonic times of the first and the last.
"""

import argparse
import json
import random
import socket
import time
from collections.abc import Iterator
from typing import NamedTuple

from bench import mqtt

START_MS = 1_700_000_000_123
POISON = (b"not json", b'{"temperature":"warm"}', b'{"temperature":NaN}', b"", b'{"temperature":1e9}', b"\xff\xfe")


class Load(NamedTuple):
    """What to publish: `messages` readings of `racks` racks in turn; a share of `poison` is none that can be stored."""

    messages: int
    racks: int = 50
    qos: int = 1
    poison: float = 0.0
    start_ms: int = START_MS


def payloads(load: Load) -> Iterator[bytes]:
    """One reading after the other; the time of each is unique in its rack. The same every time."""
    random_ = random.Random(7)
    for number in range(load.messages):
        if random_.random() < load.poison:
            yield random_.choice(POISON)
            continue
        temperature, humidity = random_.uniform(20, 30), random_.uniform(40, 60)
        stamp = load.start_ms + number // load.racks
        yield b'{"temperature":%.2f,"humidity":%.2f,"battery":%d,"ts":%d}' % (
            temperature,
            humidity,
            number % 100,
            stamp,
        )


def packets(load: Load) -> Iterator[bytes]:
    """The same as PUBLISH packets on farm/rack0/climate, farm/rack1/climate, and so on."""
    for number, payload in enumerate(payloads(load)):
        packet_id = number % 65535 + 1 if load.qos else 0
        yield mqtt.publish(f"farm/rack{number % load.racks}/climate", payload, packet_id=packet_id)


class Acks:
    """Counts what the broker has acknowledged."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._bytes = 0

    @property
    def count(self) -> int:
        """Acknowledged so far."""
        return self._bytes // mqtt.PUBACK_BYTES

    def wait_for(self, count: int) -> None:
        """Return when `count` are acknowledged.

        Raises:
            ConnectionError: The broker closed the connection before.
        """
        while self.count < count:
            data = self._link.recv(65536)
            if not data:
                raise ConnectionError(f"the broker hung up after {self.count} of {count}")
            self._bytes += len(data)


def publish_all(link: socket.socket, load: Load, *, window: int, group: int = 100) -> tuple[float, float]:
    """Publish with at most `window` unacknowledged; returns the times of the first and of the last ack."""
    made = list(packets(load))
    groups = [b"".join(made[at : at + group]) for at in range(0, len(made), group)]
    acks = Acks(link)
    begin = time.monotonic()
    for number, data in enumerate(groups):
        if load.qos:
            acks.wait_for((number + 1) * group - window)
        link.sendall(data)
    if load.qos:
        acks.wait_for(load.messages)
    return begin, time.monotonic()


def publish_steadily(link: socket.socket, load: Load, *, rate: float) -> tuple[float, float]:
    """Publish `rate` readings a second; returns the times of the first and of the last ack."""
    acks = Acks(link)
    begin = time.monotonic()
    for number, packet in enumerate(packets(load)):
        time.sleep(max(0.0, begin + number / rate - time.monotonic()))
        link.sendall(packet)
        if load.qos:
            acks.wait_for(number + 1)
    return begin, time.monotonic()


def main() -> None:
    """Read the arguments, publish, and say what was published."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("messages", type=int)
    parser.add_argument("--racks", type=int, default=50)
    parser.add_argument("--qos", type=int, default=1, choices=(0, 1))
    parser.add_argument("--poison", type=float, default=0.0, help="share of messages that cannot be stored")
    parser.add_argument("--rate", type=float, help="messages a second; as fast as possible without")
    parser.add_argument("--now", action="store_true", help="device times begin now instead of in November 2023")
    parser.add_argument("--window", type=int, default=4000, help="unacknowledged at most")
    given = parser.parse_args()
    start_ms = time.time_ns() // 1_000_000 if given.now else START_MS
    load = Load(given.messages, racks=given.racks, qos=given.qos, poison=given.poison, start_ms=start_ms)
    with mqtt.open_session(given.port, "bench-load") as link:
        if given.rate:
            begin, end = publish_steadily(link, load, rate=given.rate)
        else:
            begin, end = publish_all(link, load, window=given.window)
        link.sendall(mqtt.DISCONNECT)
    print(json.dumps({"published": load.messages, "begin": begin, "end": end}))


if __name__ == "__main__":
    main()
