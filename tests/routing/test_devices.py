"""The table of devices."""

from ingestor.config import Device
from ingestor.routing.devices import Devices
from ingestor.routing.units import Conversion

NOON_NS = 1_795_492_800 * 10**9
"""2026-11-24T12:00:00+08:00."""


def rows(*given: dict[str, object]) -> Devices:
    """A table."""
    return Devices(Device.model_validate(row) for row in given)


def test_each_row_holds_for_its_time() -> None:
    """The earliest first, from its first nanosecond to before the first of the next."""
    noon = "2026-11-24T12:00:00+08:00"
    found = rows({"id": "a", "from": noon, "tags": {"rack": "2"}}, {"id": "a", "until": noon}).rows("a")

    assert [(row.begin_ns, row.until_ns) for row in found] == [(-(2**63), NOON_NS), (NOON_NS, 2**63)]
    assert [dict(row.tags) for row in found] == [{}, {"rack": "2"}]


def test_what_is_calibrated_of_any_device() -> None:
    """Fields of all rows together; a device that is not there has no rows."""
    table = rows({"id": "a", "calibration": {"t": {"offset": -0.5}}}, {"id": "b", "calibration": {"h": {"factor": 2}}})

    assert table.calibrated == {"t", "h"}
    assert dict(table.rows("a")[0].calibration) == {"t": Conversion(1.0, -0.5)}
    assert table.rows("c") == ()
