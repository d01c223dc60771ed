"""The table of devices: what holds for a device at a time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from ingestor import config
from ingestor.routing.units import Conversion

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_NS: Final = -(2**63)
_LAST_NS: Final = 2**63


class DeviceRow(NamedTuple):
    """What holds for a device for readings from `begin_ns` on, and before `until_ns`."""

    begin_ns: int
    until_ns: int
    tags: Mapping[str, str]
    calibration: Mapping[str, Conversion]


class Devices:
    """All devices, by their id.

    Args:
        rows: `devices` of the configuration.

    Attributes:
        calibrated: The fields that are corrected for any of them.
        tags: The names of the tags that any of them has.
    """

    __slots__ = ("_rows", "calibrated", "tags")

    def __init__(self, rows: Iterable[config.Device] = ()) -> None:
        found: dict[str, list[DeviceRow]] = {}
        for row in rows:
            found.setdefault(row.id, []).append(_compile(row))
        self._rows = {name: tuple(sorted(of, key=_begin)) for name, of in found.items()}
        self.calibrated = frozenset(name for of in found.values() for row in of for name in row.calibration)
        self.tags = frozenset(name for of in found.values() for row in of for name in row.tags)

    def rows(self, device: str) -> Sequence[DeviceRow]:
        """What is known of a device, the earliest first; empty where nothing is."""
        return self._rows.get(device, ())


def _compile(row: config.Device) -> DeviceRow:
    return DeviceRow(
        _FIRST_NS if row.begin is None else _nanoseconds(row.begin),
        _LAST_NS if row.until is None else _nanoseconds(row.until),
        row.tags,
        {name: Conversion(one.factor, one.offset) for name, one in row.calibration.items()},
    )


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _begin(row: DeviceRow) -> int:
    return row.begin_ns
