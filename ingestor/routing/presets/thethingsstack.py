"""The Things Stack 3 (The Things Network): what devices of LoRaWAN send, as its MQTT server publishes it.

Topics and messages are those of its documentation ("MQTT Server", "Data Formats"). Messages leave out what is zero:
the first frame has no `f_cnt`.
"""

from collections.abc import Sequence
from typing import Final

from ingestor.config import TimeOf
from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.presets import lorawan
from ingestor.routing.presets.contract import Family, Source
from ingestor.routing.presets.flat import document, model, number
from ingestor.routing.wire import Values

_TAGS: Final = ("dev_eui",)
_BANDWIDTH: Final = number("bandwidth", "Hz", low=0)
_UP: Final = model("thethingsstack", *lorawan.DECODED, *lorawan.FRAME, _BANDWIDTH, tags=_TAGS)
_LOCATION: Final = model("thethingsstack_location", *lorawan.POSITION, tags=_TAGS)
_TIME: Final = TimeOf(field="time", unit="iso")
_OWN: Final = frozenset({"time", *_TAGS, _BANDWIDTH.name, *(field.name for field in lorawan.FRAME)})


def _up(payload: object) -> Sequence[Values]:
    message = document(payload)
    uplink = _part(message, "uplink_message")
    lora = lorawan.inside(uplink, "settings", "data_rate", "lora")
    gateway = lorawan.best_gateway(uplink.get("rx_metadata"))
    frame = {
        "f_cnt": uplink.get("f_cnt", 0),
        "f_port": uplink.get("f_port"),
        "spreading_factor": lora.get("spreading_factor"),
        "bandwidth": lora.get("bandwidth"),
    }
    time = gateway.get("time") or uplink.get("received_at") or message.get("received_at")
    heard = lorawan.signal_figures(gateway, lora=bool(lora))
    said = lorawan.decoded(uplink.get("decoded_payload"), but=_OWN)
    return [{**said, **_who(message), **frame, **heard, "time": time}]


def _location(payload: object) -> Sequence[Values]:
    message = document(payload)
    place = lorawan.inside(_part(message, "location_solved"), "location")
    return [{**_who(message), **lorawan.position(place), "time": message.get("received_at")}]


def _part(message: Values, name: str) -> Values:
    found = lorawan.inside(message, name)
    if not found:
        raise UnreadableError(Reason.FORMAT, f"no {name} in it, as messages of The Things Stack 3 have it")
    return found


def _who(message: Values) -> Values:
    return {"dev_eui": lorawan.inside(message, "end_device_ids").get("dev_eui")}


THETHINGSSTACK: Final = Family(
    prefix="v3",
    sources=(
        Source("{application}/devices/{device}/up", _UP, _up, _TIME),
        Source("{application}/devices/{device}/location/solved", _LOCATION, _location, _TIME),
    ),
    others=("+/devices/+/join", "+/devices/+/up/+", "+/devices/+/down/#", "+/devices/+/service/#"),
)
"""The application is named as in the topic: with its tenant where there are several, `app1@tenant1`."""
