"""The last step of a reading: valid values get their time, what is known of their device, and a place."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple

from ingestor.ports import DeviceLog, Flaw, Message, Point, Reason, Series, Value
from ingestor.routing.devices import DeviceRow, Devices
from ingestor.routing.payload import Exact
from ingestor.routing.place import Place
from ingestor.routing.reading_time import Clock
from ingestor.routing.topic import NamePattern
from ingestor.routing.tuning import Tuner
from ingestor.routing.wire import Values
from ingestor.routing.words import whole

_NONE: Final[Mapping[str, str]] = MappingProxyType({})
# What Point(...) comes to, without its Python-level constructor: a tenth of the cost of a whole message.
_point: Final[Callable[[tuple[Series, int, Values]], Point]] = partial(tuple.__new__, Point)


class Rules(NamedTuple):
    """What all readings of a route share.

    Attributes:
        clock: None where readings have the time of receipt.
        tags: The tags that readings may bring.
        beyond: Whether they may bring more than the model knows: tags, or fields.
        tuner: None where values are stored as they are sent.
        keep_rest: Whether the rest of a reading is kept when a field of it is wrong.
        devices: The table of devices.
        log: Who is told which devices of the table are heard of.
    """

    clock: Clock | None
    tags: tuple[str, ...]
    beyond: bool
    tuner: Tuner | None
    keep_rest: bool
    devices: Devices
    log: DeviceLog | None


class Landing:
    """Makes points of the readings of one topic.

    Args:
        rules: What the route does.
        place: Where the readings go.
        constants: The fields that the topic fills.
        device: Which device a reading is from, put together from the tags that it brings; None where no one says.
    """

    __slots__ = ("_clock", "_constants", "_device", "_one_series", "_rows", "_rules", "_series", "_usual")

    def __init__(
        self, rules: Rules, *, place: Place, constants: Mapping[str, Value], device: NamePattern | None
    ) -> None:
        self._rules = rules
        self._clock = rules.clock
        self._constants = constants
        self._one_series = not (rules.tags or rules.beyond)  # for all readings of a device, in one row of the table
        self._usual = _Row(0, 0, place, self._fixed(place), rules.tuner, frozenset())
        self._rows: Sequence[_Row] | None = None
        if device is not None and not device.names:
            self._rows = [self._row(row) for row in rules.devices.rows(device.text)]
            device = device if self._rows else None
        self._device = device
        self._series = self._usual.series if device is None and rules.tuner is None else None

    def land(
        self,
        message: Message,
        values: Values,
        into: list[Point],
        flaws: Sequence[Flaw] = (),
        *,
        exact: Exact | None = None,
        more_tags: Mapping[str, str] = _NONE,
    ) -> Sequence[Flaw] | None:
        """Make the point.

        Args:
            message: What the reading came in.
            values: Its fields, tags and time; valid, and changed by this.
            into: Where the point is appended.
            flaws: What is known to be wrong with it.
            exact: Gives its values as they were written; None for the only reading of the message.
            more_tags: Tags that it brings besides those of the model.

        Returns:
            What is wrong with it, with `point` 0, or -1 where it gave no point; None where it has no field.
        """
        time_ns = message.received_ns
        clock = self._clock
        if clock is not None:
            when = clock.when(values.pop(clock.field, None), message, exact)
            if isinstance(when, int):
                time_ns = when
            elif when.field:
                flaws = (*flaws, when)
            else:
                return (whole((when, *flaws)),)
        series = self._series
        if series is None:
            return self._with_care(message.received_ns, time_ns, values, more_tags, into, flaws)
        if not values:
            return None
        if self._constants:
            values.update(self._constants)
        into.append(_point((series, time_ns, values)))
        return flaws

    def _with_care(
        self,
        received_ns: int,
        time_ns: int,
        values: Values,
        more_tags: Mapping[str, str],
        into: list[Point],
        flaws: Sequence[Flaw],
    ) -> Sequence[Flaw] | None:
        """The same for a reading whose series depends on what it brings, or whose values are corrected."""
        sent = {name: values.pop(name) for name in self._rules.tags if name in values}
        if more_tags:
            sent.update(more_tags)
        if not values:
            return None
        if self._constants:
            values.update(self._constants)
        row = self._usual if self._device is None else self._row_for(self._device, sent, received_ns, time_ns)
        if row.tuner is not None and (wrong := row.tuner.tune(values)):
            flaws = (*flaws, *wrong)
            if not self._rules.keep_rest or not values.keys() - self._constants.keys():
                return (whole(flaws),)
        if row.tags:
            if both := row.tags & values.keys():
                said = f"tag {min(both)}, which devices has of it, is a field of this reading, too"
                return (whole((Flaw(-1, Reason.TAG, said), *flaws)),)
            sent = {name: tag for name, tag in sent.items() if name not in row.tags}
        try:
            series = row.series or row.place.series_of(values, sent)
        except KeyError as missing:
            said = f"{missing.args[0]} is missing, which the measurement is named after"
            return (whole((Flaw(-1, Reason.MISSING, said), *flaws)),)
        into.append(_point((series, time_ns, values)))
        return flaws

    def _row_for(self, device: NamePattern, sent: Mapping[str, str], received_ns: int, time_ns: int) -> "_Row":
        """What the table of devices says of it."""
        rows = self._rows
        if rows is None:
            if not device.names <= sent.keys():
                return self._usual
            device = device.partly(sent)
            rows = [self._row(row) for row in self._rules.devices.rows(device.text)]
        if rows and self._rules.log is not None:
            self._rules.log.seen(device.text, received_ns)
        return next((row for row in rows if row.begin_ns <= time_ns < row.until_ns), self._usual)

    def _row(self, row: DeviceRow) -> "_Row":
        tuner = self._rules.tuner
        if tuner is not None and row.calibration:
            tuner = tuner.with_calibration(row.calibration)
        place = self._usual.place.beside(row.tags)
        return _Row(row.begin_ns, row.until_ns, place, self._fixed(place), tuner, frozenset(row.tags))

    def _fixed(self, place: Place) -> Series | None:
        return place.fixed() if self._one_series else None


class _Row(NamedTuple):
    """What holds for a device on this topic for a time.

    `series` is that of all its readings; None where it depends on what they bring. `tags` are those of the table,
    whatever the reading says.
    """

    begin_ns: int
    until_ns: int
    place: Place
    series: Series | None
    tuner: Tuner | None
    tags: frozenset[str]
