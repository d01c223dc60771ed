"""Receives and acknowledges, nothing else: how fast the broker itself is. `python -m bench.subscriber PORT FILE`.

FILE always holds the number of messages received so far, as eight bytes.
"""

import os
import sys
import time

from bench import mqtt

RECEIVE_BYTES = 1 << 20
GATHER_SECS = 0.002
"""Pause after each read, so that many messages cost one call: the processor is for the broker."""


def acknowledge(buffer: bytearray, acks: bytearray) -> int:
    """Take the whole packets out of `buffer` and append their acks to `acks`; returns how many were PUBLISH."""
    at, count, size = 0, 0, len(buffer)
    while at + 2 <= size:
        start, length, shift = at + 1, 0, 0
        while start < size:
            low = buffer[start]
            length |= (low & 0x7F) << shift
            shift += 7
            start += 1
            if low < 0x80:
                break
        else:
            break
        if start + length > size:
            break
        first = buffer[at]
        if first & 0xF0 == 0x30:
            count += 1
            if first & 0x06:
                id_at = start + 2 + (buffer[start] << 8 | buffer[start + 1])
                acks += b"\x40\x02" + buffer[id_at : id_at + 2]
        at = start + length
    del buffer[:at]
    return count


def main() -> None:
    """Subscribe, and acknowledge until the broker hangs up or somebody ends this process."""
    port, counter = int(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT)
    buffer, total = bytearray(), 0
    with mqtt.open_session(port, "bench-bare") as link:
        link.sendall(mqtt.subscribe("farm/+/climate"))
        while data := link.recv(RECEIVE_BYTES):
            buffer += data
            acks = bytearray()
            if received := acknowledge(buffer, acks):
                link.sendall(acks)
                total += received
                os.pwrite(counter, total.to_bytes(8, "big"), 0)
            time.sleep(GATHER_SECS)


if __name__ == "__main__":
    main()
