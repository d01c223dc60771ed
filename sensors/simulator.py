"""Racks that do not exist: plausible readings, the same ones for the same seed, and faults where asked for.

Pure: who calls says which rack and what time it is, and publishes what it gets. Racks are counted from 1.
"""

import json
import math
from collections.abc import Collection
from enum import StrEnum
from hashlib import blake2b
from typing import Final, NamedTuple

from sensors.climate import Climate
from sensors.power import Power

_DAY_SECS: Final = 86_400
_NOISES: Final = 6


class Fault(StrEnum):
    """What a faulty rack sends in place of a reading."""

    NOT_JSON = "not_json"
    """Words where data belongs."""
    WRONG_TYPE = "wrong_type"
    """Text where a number belongs."""
    OUT_OF_RANGE = "out_of_range"
    """A number that cannot be true."""
    NAN = "nan"
    """The text that a C program prints for a missing value."""
    EMPTY = "empty"
    """Nothing at all."""


class Emission(NamedTuple):
    """What a rack would publish now; `fault` says what is wrong with it, None where nothing is."""

    topic: str
    payload: bytes
    fault: Fault | None = None


class Simulator:
    """A farm of racks.

    Args:
        seed: Another seed is another farm.
        faulty: The racks of which some readings are faulty.
        fault_share: How many of their readings are, from 0 to 1.
    """

    def __init__(self, *, seed: int = 0, faulty: Collection[int] = (), fault_share: float = 0.2) -> None:
        self._seed = seed
        self._faulty = frozenset(faulty)
        self._fault_share = fault_share

    def climate(self, rack: int, time_ns: int) -> Climate:
        """The climate at a rack: warm, bright and dry by day, in UTC, with the weather and noise of its own."""
        day = _daylight(time_ns)
        character = self._noise("rack", rack, 0)
        noise = self._noise("climate", rack, time_ns)
        return Climate(
            rack=f"rack{rack}",
            temperature=round(21 + 2 * character[0] + 4 * day + 0.2 * noise[0], 2),
            humidity=round(62 + 5 * character[1] - 10 * day + 0.8 * noise[1], 1),
            co2=float(round(620 + 60 * character[2] - 180 * day + 8 * noise[2])),
            light=float(round(max(0.0, 20_000 * day * (1 + 0.1 * character[3]) * (1 + 0.05 * noise[3])))),
        )

    def power(self, rack: int, time_ns: int) -> Power:
        """What the lamps and pumps of a rack consume; the lamps help out while daylight is short."""
        noise = self._noise("power", rack, time_ns)
        return Power(rack=f"rack{rack}", power=round(60 + 240 * (1 - _daylight(time_ns)) + 3 * noise[0], 1))

    def message(self, rack: int, time_ns: int, *, device_time: bool = True) -> Emission:
        """All of the climate in one JSON message on `farm/rackN/climate`.

        Args:
            rack: Which rack.
            time_ns: Now, in nanoseconds since 1970 UTC.
            device_time: Whether the rack has a clock, and tells it in `ts`, in milliseconds.
        """
        fields: dict[str, object] = self.climate(rack, time_ns).model_dump(exclude={"rack", "time"})
        fault = self._fault("climate", rack, time_ns)
        if fault is Fault.WRONG_TYPE:
            fields["temperature"] = "warm"
        elif fault is Fault.OUT_OF_RANGE:
            fields["temperature"] = 999.0
        elif fault is Fault.NAN:
            fields["temperature"] = math.nan
        if device_time:
            fields["ts"] = time_ns // 1_000_000
        payload = json.dumps(fields, separators=(",", ":")).encode()
        whole = {Fault.NOT_JSON: b"sensor not ready", Fault.EMPTY: b""}
        return Emission(f"farm/rack{rack}/climate", whole.get(fault, payload) if fault else payload, fault)

    def values(self, rack: int, time_ns: int) -> tuple[Emission, ...]:
        """The same and the power as bare numbers, each on a topic of its own: `rackN/temperature` and so on."""
        climate = self.climate(rack, time_ns)
        numbers = {
            "temperature": climate.temperature,
            "humidity": climate.humidity,
            "co2": climate.co2,
            "light": climate.light,
            "power": self.power(rack, time_ns).power,
        }
        return tuple(self._value(rack, time_ns, quantity=name, number=number) for name, number in numbers.items())

    def _value(self, rack: int, time_ns: int, *, quantity: str, number: float | None) -> Emission:
        fault = self._fault(quantity, rack, time_ns)
        bad = {
            Fault.NOT_JSON: b"sensor not ready",
            Fault.WRONG_TYPE: b"warm",
            Fault.OUT_OF_RANGE: b"-99999999",
            Fault.NAN: b"nan",
            Fault.EMPTY: b"",
        }
        return Emission(f"rack{rack}/{quantity}", bad[fault] if fault else f"{number:.10g}".encode(), fault)

    def _fault(self, what: str, rack: int, time_ns: int) -> Fault | None:
        if rack not in self._faulty:
            return None
        chance, which, *_ = self._noise(f"fault {what}", rack, time_ns)
        if (chance + 1) / 2 >= self._fault_share:
            return None
        kinds = tuple(Fault)
        return kinds[int((which + 1) / 2 * len(kinds))]

    def _noise(self, what: str, rack: int, time_ns: int) -> tuple[float, ...]:
        """Numbers from -1 to below 1 that look random, and are the same for the same question."""
        digest = blake2b(f"{self._seed} {what} {rack} {time_ns}".encode(), digest_size=4 * _NOISES).digest()
        words = (int.from_bytes(digest[at : at + 4]) for at in range(0, len(digest), 4))
        return tuple(word / 2**31 - 1 for word in words)


def _daylight(time_ns: int) -> float:
    """From 0 (night) to 1 (noon), in UTC."""
    share = time_ns // 1_000_000_000 % _DAY_SECS / _DAY_SECS
    return max(0.0, math.sin((share - 0.25) * 2 * math.pi))
