"""What is heard of devices."""

import asyncio
from pathlib import Path

from ingestor.config import Device
from ingestor.devices import DeviceBoard
from ingestor.state import State
from ingestor.stats import DeviceStats

SECOND = 10**9
ROWS = [Device.model_validate({"id": "r1", "interval": "5m"}), Device(id="r2")]


def board() -> DeviceBoard:
    """One that began at 1,000 s."""
    return DeviceBoard(ROWS, began_ns=1_000 * SECOND)


def told(of: DeviceBoard, name: str, *, at: int) -> DeviceStats:
    """What it says of a device at a time in seconds."""
    (found,) = (device for device in of.stats(at * SECOND) if device.id == name)
    return found


def test_a_device_that_is_silent_for_longer_than_its_interval_is_overdue() -> None:
    """From its last reading on, or from the start where none came; one without an interval never is."""
    devices = board()

    assert not told(devices, "r1", at=1_300).overdue
    assert told(devices, "r1", at=1_301) == DeviceStats("r1", interval_secs=300.0, overdue=True)
    devices.seen("r1", 1_301 * SECOND)
    assert told(devices, "r1", at=1_601) == DeviceStats("r1", silent_secs=300.0, interval_secs=300.0)
    assert told(devices, "r1", at=1_602).overdue
    assert told(devices, "r2", at=9_999) == DeviceStats("r2")


def test_what_was_received_last_counts() -> None:
    """Stores are at different places in the journal, and tell old messages after new ones."""
    devices = board()
    devices.state("lamp", 10 * SECOND, online=True)
    devices.state("lamp", 30 * SECOND, online=True)
    devices.state("lamp", 20 * SECOND, online=False)
    devices.seen("r1", 50 * SECOND)
    devices.seen("r1", 40 * SECOND)

    assert told(devices, "lamp", at=60) == DeviceStats("lamp", online=True, since_secs=50.0)
    assert told(devices, "r1", at=60).silent_secs == 10.0
    devices.state("lamp", 40 * SECOND, online=False)
    assert told(devices, "lamp", at=60) == DeviceStats("lamp", online=False, since_secs=20.0)


def test_states_survive_a_restart(tmp_path: Path) -> None:
    """They are kept where something changed, and read again."""

    async def main() -> None:
        async with State(tmp_path / "state.db") as state:
            devices = board()
            devices.state("lamp", 10 * SECOND, online=False)
            await devices.save(state)
            again = await DeviceBoard.load(state, ROWS, began_ns=1_000 * SECOND)
            assert told(again, "lamp", at=60) == DeviceStats("lamp", online=False, since_secs=50.0)

    asyncio.run(main())


def test_nobody_makes_it_grow() -> None:
    """Of invented devices the newest are known."""
    devices = board()
    for at in range(6_000):
        devices.state(f"d{at}", at, online=True)
    names = {device.id for device in devices.stats(SECOND)}

    assert len(names) == 5_002
    assert "d5999" in names
    assert "d0" not in names
