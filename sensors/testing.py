"""A contract that every model keeps, for the tests of whoever writes one."""

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from sensors.measurement import Measurement
from sensors.shape import FieldShape, Kind
from sensors.units import SYMBOLS

Sample = Mapping[str, object]
"""Fields and tags by name, as a payload has them."""
Reader = Callable[[bytes], Mapping[str, object]]
"""From JSON to the valid fields and tags of a reading."""

_TRIES: Final = 20


def check_model(
    model: type[Measurement],
    *,
    samples: Sequence[Sample],
    refused: Sequence[Sample] = (),
    units: Collection[str] = (),
    reader_of: Callable[[type[Measurement]], Reader] | None = None,
    max_secs: float = 0.001,
) -> None:
    """Check that a model keeps what it owes to the service.

    It is described; its numbers have known units; its readings cannot be changed, and stay what they are when they are
    written as JSON and read again; what lies outside of a range is refused, and so is a reading without a field; code
    of its own raises nothing but ValueError for what it does not like; and it is fast, because the service does nothing
    else meanwhile.

    Args:
        model: The class.
        samples: Readings that it takes; each of its fields is in one of them.
        refused: Readings that it does not take.
        units: Symbols beside those of `sensors.units`.
        reader_of: How the service reads a model, where it is installed: `ingestor.routing.wire.reader_of`. What it
            reads from the samples has to be what the model itself does.
        max_secs: How long a reading may take at most, in the best of 20 tries.

    Raises:
        AssertionError: It does not keep it; it says what, and of which field or sample.
    """
    _check_shape(model, {*SYMBOLS, *units})
    readings = [_accepted(model, sample) for sample in samples]
    told = {name for reading in readings for name, value in reading if value is not None}
    if missing := [field.name for field in model.shape.fields if field.name not in told]:
        raise AssertionError(f"{model.__name__}: no sample has {', '.join(missing)}")
    for sample, reading in zip(samples, readings, strict=True):
        _check_frozen(reading)
        _check_round_trip(reading)
        _check_ranges(reading)
        _check_speed(model, sample, max_secs)
        if reader_of is not None:
            _check_service(reader_of(model), reading)
    for sample in (*refused, {}):
        _check_refused(model, sample)


def _check_shape(model: type[Measurement], units: Collection[str]) -> None:
    if not model.__doc__ or model.__doc__ == Measurement.__doc__:
        raise AssertionError(f"{model.__name__} has no description (a docstring)")
    for field in model.shape.fields:
        where = f"{model.__name__}.{field.name}"
        if field.kind is Kind.FLOAT and field.unit is None:
            raise AssertionError(f"{where} has no unit; Unit('fraction') is for what is none")
        if field.unit is not None and field.unit not in units:
            raise AssertionError(f"{where}: unit {field.unit} is not known; is it written otherwise, or new (units=)?")
        if field.low is not None and field.high is not None and field.low > field.high:
            raise AssertionError(f"{where}: nothing lies between {field.low:g} and {field.high:g}")


def _accepted(model: type[Measurement], sample: Sample) -> Measurement:
    try:
        return model.model_validate(dict(sample))
    except Exception as error:
        raise AssertionError(f"{model.__name__} refuses the sample {dict(sample)}: {error}") from error


def _check_refused(model: type[Measurement], sample: Sample) -> None:
    try:
        model.model_validate(dict(sample))
    except ValidationError:
        return
    except Exception as error:
        raise AssertionError(
            f"{model.__name__} raises {error!r} for {dict(sample)}; validators refuse with ValueError"
        ) from error
    raise AssertionError(f"{model.__name__} takes {dict(sample)}")


def _check_frozen(reading: Measurement) -> None:
    try:
        reading.time = 0  # type: ignore[misc]
    except ValidationError:
        return
    raise AssertionError(f"{type(reading).__name__}: its readings can be changed")


def _check_round_trip(reading: Measurement) -> None:
    text = reading.model_dump_json(exclude_none=True)
    again = _accepted(type(reading), _values(reading))
    if again != reading or type(reading).model_validate_json(text) != reading:
        raise AssertionError(f"{type(reading).__name__}: {text} is another reading when it is read again")


def _check_ranges(reading: Measurement) -> None:
    values = _values(reading)
    for field in reading.shape.fields:
        for beyond in _beyond(field) if field.name in values else ():
            _check_refused(type(reading), {**values, field.name: beyond})


def _beyond(field: FieldShape) -> Iterator[float]:
    """The numbers next to the limits, on the wrong side."""
    whole = field.kind is Kind.INT
    if field.low is not None:
        yield math.ceil(field.low) - 1 if whole else math.nextafter(field.low, -math.inf)
    if field.high is not None:
        yield math.floor(field.high) + 1 if whole else math.nextafter(field.high, math.inf)


def _check_service(read: Reader, reading: Measurement) -> None:
    text = reading.model_dump_json(exclude_none=True, exclude={"time"})
    served = {name: value for name, value in read(text.encode()).items() if value is not None}
    if served != _values(reading):
        raise AssertionError(f"{type(reading).__name__}: from {text} the service reads {served}")


def _check_speed(model: type[Measurement], sample: Sample, max_secs: float) -> None:
    took = min(_took(model, sample) for _ in range(_TRIES))
    if took > max_secs:
        raise AssertionError(
            f"{model.__name__} takes {took * 1e3:.3g} ms for a reading, and {max_secs * 1e3:.3g} is too much"
        )


def _took(model: type[Measurement], sample: Sample) -> float:
    began = time.perf_counter()
    model.model_validate(dict(sample))
    return time.perf_counter() - began


def _values(reading: Measurement) -> dict[str, Any]:
    """Fields and tags that are there."""
    return reading.model_dump(exclude_none=True, exclude={"time"})
