"""Tasmota: `tele/<topic>/SENSOR`, `tele/<topic>/STATE` and `tele/<topic>/LWT`, with the default prefix and FullTopic.

Topics, keys and units: Tasmota documentation, "MQTT", "JSON Status Responses", "Commands" (SetOption8, SetOption24,
SetOption52, TelePeriod) and the pages of the sensors. What a device measures in °F, mmHg or inHg is told beside it,
and becomes °C and hPa.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from ingestor.config import TimeOf
from ingestor.routing.presets.contract import Family, Presence, Source
from ingestor.routing.presets.flat import (
    carbon_dioxide,
    celsius,
    current,
    document,
    energy,
    flag,
    flatten,
    frequency,
    illuminance,
    is_number,
    is_object,
    known_readings,
    model,
    number,
    objects_in,
    particles,
    percent,
    power,
    power_factor,
    pressure,
    scaled,
    signal,
    switched,
    voltage,
)
from ingestor.routing.wire import Values

_MAX_PHASES: Final = 8
_TIMES: Final = ("Time", "Epoch")
_UNITS: Final = ("TempUnit", "PressureUnit")
_TEMPERATURES: Final = {"Temperature": "temperature", "DewPoint": "dew_point"}
_PRESSURES: Final = {"Pressure": "pressure", "SeaPressure": "sea_pressure"}
_HECTOPASCALS: Final = {"hPa": 1.0, "mmHg": 1.33322387415, "inHg": 33.8638866667}
_NAMES: Final = {
    "Humidity": "humidity",
    "Moisture": "moisture",
    "Illuminance": "illuminance",
    "Light": "light",
    "Noise": "noise",
    "AirQuality": "air_quality",
    "CarbonDioxide": "co2",
    "eCO2": "eco2",
    "TVOC": "tvoc",
    "Gas": "gas",
    "PM1": "pm1",
    "PM2.5": "pm2.5",
    "PM10": "pm10",
    "UvIndex": "uv_index",
    "Battery": "battery",
    "BatteryPercentage": "battery",
    "LinkQuality": "link_quality",
    "Total": "energy_total",
    "Today": "energy_today",
    "Yesterday": "energy_yesterday",
    "Period": "energy_period",
    "ExportActive": "energy_export",
    "Power": "power",
    "ApparentPower": "apparent_power",
    "ReactivePower": "reactive_power",
    "Factor": "power_factor",
    "Voltage": "voltage",
    "Current": "current",
    "Frequency": "frequency",
    **{f"A{pin}": f"a{pin}" for pin in range(8)},
    **{f"C{pin}": f"c{pin}" for pin in range(1, 9)},
}
_STATE_NAMES: Final = {
    "UptimeSec": "uptime",
    "Vcc": "vcc",
    "Heap": "heap",
    "LoadAvg": "load_average",
    "MqttCount": "mqtt_connections",
    "Dimmer": "dimmer",
    "CT": "color_temp",
    "Wifi.RSSI": "wifi_quality",
    "Wifi.Signal": "wifi_signal",
    "POWER": "on",
}
_RELAY: Final = re.compile(r"POWER([1-9][0-9]?)")
_SWITCH: Final = re.compile(r"Switch[1-9][0-9]?")
_SENSOR: Final = model(
    "tasmota_sensor",
    celsius("temperature", high=1_400),
    celsius("dew_point"),
    *(percent(name) for name in ("humidity", "moisture", "light", "noise", "air_quality", "battery")),
    *(pressure(name) for name in ("pressure", "sea_pressure")),
    illuminance("illuminance"),
    *(carbon_dioxide(name) for name in ("co2", "eco2")),
    number("tvoc", "ppb", low=0, high=60_000),
    number("gas", "kΩ", low=0),
    *(particles(name) for name in ("pm1", "pm2.5", "pm10")),
    number("uv_index", low=0, high=30),
    number("link_quality", low=0, high=255),
    *(energy(f"energy_{name}") for name in ("total", "today", "yesterday", "export")),
    energy("energy_period", "Wh"),
    power("power"),
    power("apparent_power", "VA"),
    power("reactive_power", "var"),
    power_factor("power_factor"),
    voltage("voltage"),
    current("current"),
    frequency("frequency"),
    *(number(f"a{pin}") for pin in range(8)),
    *(number(f"c{pin}", low=0) for pin in range(1, 9)),
    flag("on"),
    tags=("sensor", "id", "channel"),
)
_STATE: Final = model(
    "tasmota_state",
    number("uptime", "s", low=0),
    voltage("vcc", high=6),
    number("heap", "kB", low=0),
    number("load_average", low=0),
    number("mqtt_connections", low=0),
    percent("dimmer"),
    number("color_temp", "mired", low=0, high=10_000),
    percent("wifi_quality"),
    signal("wifi_signal"),
    flag("on"),
    tags=("channel",),
)
_TIME: Final = TimeOf(field="time")
"""`Time` is local to the device, and without a zone unless SetOption52 is on; devices that sleep deeply add `Epoch`."""
_SENSOR_FIELDS: Final = frozenset(field.name for field in _SENSOR.shape.fields)


def read_sensor(payload: object) -> list[Values]:
    """A reading of each sensor, told apart by the tag `sensor`: the key of its object, with dots where they are nested.

    Sensors that have a serial number get the tag `id`. Lists (power of several relays or phases) become a reading of
    each item, with the tag `channel` from 1. What stands at the top itself is of the device.
    """
    values = document(payload)
    units = {key: values.get(key) for key in _UNITS}
    readings = chain.from_iterable(_measured(sensor, part, units) for sensor, part in _sensors(values))
    return [{**reading, "time": _time(values)} for reading in known_readings(readings, _SENSOR_FIELDS)]


def _time(values: Values) -> object:
    epoch = values.get("Epoch")
    return values.get("Time") if epoch is None else epoch


def _sensors(values: Values) -> Iterator[tuple[str, Values]]:
    """What belongs to each sensor; switches have no object of their own, but a key."""
    switches = {key: {"on": switched(value)} for key, value in values.items() if _SWITCH.fullmatch(key)}
    yield from switches.items()
    yield from objects_in({key: value for key, value in values.items() if key not in {*_TIMES, *_UNITS, *switches}})


def _measured(sensor: str, values: Values, units: Mapping[str, object]) -> Iterator[Values]:
    tags = {"sensor": sensor} if sensor else {}
    if isinstance(values.get("Id"), str):
        tags["id"] = values["Id"]
    lists = {key: value for key, value in values.items() if isinstance(value, list) and len(value) <= _MAX_PHASES}
    single = dict(_field(key, value, units) for key, value in values.items() if key not in lists and key != "Id")
    if single:
        yield {**single, **tags}
    for at in range(max(map(len, lists.values()), default=0)):
        items = dict(_field(key, value[at], units) for key, value in lists.items() if at < len(value))
        yield {**items, **tags, "channel": str(at + 1)}


def _field(key: str, value: object, units: Mapping[str, object]) -> tuple[str, object]:
    """The name and the value that are stored; under its own key where the unit is one that is not known."""
    if key in _TEMPERATURES:
        unit = units["TempUnit"]
        degrees = round((value - 32) * 5 / 9, 9) if unit == "F" and is_number(value) else value
        return (_TEMPERATURES[key], degrees) if unit in ("C", "F", None) else (key, value)
    if key in _PRESSURES:
        factor = _HECTOPASCALS.get(str(units["PressureUnit"] or "hPa"))
        return (key, value) if factor is None else (_PRESSURES[key], scaled(value, factor))
    return _NAMES.get(key, key), value


def read_state(payload: object) -> list[Values]:
    """How the device is; and a reading of each of several relays (`POWER1`, `POWER2`), with its number as `channel`.

    `ON` and `OFF` become true and false; other words that StateText sets are left for the model to refuse.
    """
    values = document(payload)
    wifi = values.get("Wifi")
    flat = {**values, **(flatten(wifi, "Wifi") if is_object(wifi) else {})}
    relays = {key: found[1] for key in flat if (found := _RELAY.fullmatch(key))}
    own = {_STATE_NAMES.get(key, key): value for key, value in flat.items() if key not in {*_TIMES, "Wifi", *relays}}
    if "on" in own:
        own["on"] = switched(own["on"])
    channels = [{"on": switched(flat[key]), "channel": number} for key, number in relays.items()]
    return [{**reading, "time": _time(values)} for reading in (own, *channels) if reading]


TASMOTA: Final = Family(
    prefix="tele",
    sources=(
        Source("{device}/SENSOR", _SENSOR, read_sensor, _TIME),
        Source("{device}/STATE", _STATE, read_state, _TIME),
    ),
    presences=(Presence("{device}/LWT"),),
    others=("+/INFO1", "+/INFO2", "+/INFO3", "+/RESULT", "+/MARGINS"),
)
"""Devices under their `%topic%`."""
