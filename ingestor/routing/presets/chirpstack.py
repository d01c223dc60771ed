"""ChirpStack 4: what devices of LoRaWAN send, as its MQTT integration publishes it in JSON.

Topics and events are those of its documentation ("MQTT integration", "Event types"). The JSON is that of protocol
buffers, which leaves out what is zero: the first frame has no `fCnt`, and data rate 0 no `dr`.
"""

from collections.abc import Sequence
from typing import Final

from ingestor.config import TimeOf
from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.presets import lorawan
from ingestor.routing.presets.contract import Family, Source
from ingestor.routing.presets.flat import document, flag, model, number, percent
from ingestor.routing.wire import Values
from sensors import FieldShape, Kind

_TAGS: Final = ("application_name", "device_name", "profile")
_DATA_RATE: Final = FieldShape("dr", Kind.INT, low=0, high=15)
_UP: Final = model("chirpstack", *lorawan.DECODED, *lorawan.FRAME, _DATA_RATE, tags=_TAGS)
_STATUS: Final = model(
    "chirpstack_status",
    number("margin", "dB", low=-100, high=100),
    percent("battery"),
    flag("external_power"),
    tags=_TAGS,
)
_LOCATION: Final = model("chirpstack_location", *lorawan.POSITION, tags=_TAGS)
_TIME: Final = TimeOf(field="time", unit="iso")
_OWN: Final = frozenset({"time", *_TAGS, _DATA_RATE.name, *(field.name for field in lorawan.FRAME)})


def _up(payload: object) -> Sequence[Values]:
    event = document(payload)
    who = _who(event)
    lora = lorawan.inside(event, "txInfo", "modulation", "lora")
    frame = {
        "f_cnt": event.get("fCnt", 0),
        "f_port": event.get("fPort"),
        "dr": event.get("dr", 0),
        "spreading_factor": lora.get("spreadingFactor"),
    }
    heard = lorawan.signal_figures(lorawan.best_gateway(event.get("rxInfo")), lora=bool(lora))
    return [{**lorawan.decoded(event.get("object"), but=_OWN), **who, **frame, **heard}]


def _status(payload: object) -> Sequence[Values]:
    event = document(payload)
    external = event.get("externalPowerSource", False)
    told = not external and not event.get("batteryLevelUnavailable", False)
    battery = event.get("batteryLevel") if told else None
    return [{**_who(event), "margin": event.get("margin", 0), "battery": battery, "external_power": external}]


def _location(payload: object) -> Sequence[Values]:
    event = document(payload)
    return [{**_who(event), **lorawan.position(lorawan.inside(event, "location"))}]


def _who(event: Values) -> Values:
    """The tags and the time: that of a gateway with a clock of its own, else that of the network; it decides."""
    info = lorawan.inside(event, "deviceInfo")
    if not info:
        raise UnreadableError(Reason.FORMAT, "no deviceInfo in it, as events of ChirpStack 4 have it")
    return {
        "application_name": info.get("applicationName"),
        "device_name": info.get("deviceName"),
        "profile": info.get("deviceProfileName"),
        "time": event.get("time"),
    }


CHIRPSTACK: Final = Family(
    prefix="application",
    sources=(
        Source("{application}/device/{device}/event/up", _UP, _up, _TIME),
        Source("{application}/device/{device}/event/status", _STATUS, _status, _TIME),
        Source("{application}/device/{device}/event/location", _LOCATION, _location, _TIME),
    ),
    others=("+/device/+/event/+", "+/device/+/command/+"),
)
"""Devices are named by their `devEUI`, as in the topic."""
