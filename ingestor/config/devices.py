"""`devices`: where each device is, how it is calibrated, and from when until when that holds."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field, ValidationInfo, field_validator

from ingestor.config.section import Section
from ingestor.config.values import Number, Tags, parse_duration


class Calibration(Section):
    """How a field of a device is corrected: `value * factor + offset`, in the unit that is stored."""

    factor: Number = 1.0
    offset: Number = 0.0

    @field_validator("factor")
    @classmethod
    def _tells_values_apart(cls, value: float) -> float:
        if value == 0:
            raise ValueError("with factor 0 all values would be the same")
        return value


class Device(Section):
    """One row of `devices`. A device that moves or is swapped has a row for each time: `from` until before `until`."""

    id: str = Field(min_length=1)
    tags: Tags = Field({})
    calibration: dict[str, Calibration] = Field({})
    interval: Annotated[float, BeforeValidator(parse_duration), Field(gt=0)] | None = None
    begin: AwareDatetime | None = Field(None, alias="from")
    until: AwareDatetime | None = None

    @field_validator("until")
    @classmethod
    def _after(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        begin = info.data.get("begin")
        if value is not None and begin is not None and value <= begin:
            raise ValueError("not after from")
        return value


def overlapping(rows: tuple[Device, ...]) -> str | None:
    """The id of a device of which two rows hold at one time, None where there is none."""
    known: dict[str, list[Device]] = {}
    for row in rows:
        if any(_meet(row, other) for other in known.setdefault(row.id, [])):
            return row.id
        known[row.id].append(row)
    return None


def _meet(one: Device, other: Device) -> bool:
    return not _before(one, other) and not _before(other, one)


def _before(one: Device, other: Device) -> bool:
    return one.until is not None and other.begin is not None and one.until <= other.begin
