"""What networks of LoRaWAN have in common."""

from hypothesis import given

from ingestor.routing.presets.lorawan import best_gateway, decoded, inside, position, signal_figures
from tests.routing.helpers import JSON


def test_the_best_gateway_hears_least_noise_and_then_most_signal() -> None:
    """A ratio that is left out is zero; what says nothing comes last."""
    gateways = [{"rssi": -40, "snr": -3}, {"rssi": -80}, {"rssi": -70}, {"snr": "loud"}, "none"]

    assert best_gateway(gateways) == {"rssi": -70}
    assert best_gateway([{"snr": 5.5, "rssi": -110}, *gateways]) == {"snr": 5.5, "rssi": -110}
    assert best_gateway([]) == {}


def test_a_ratio_of_zero_is_given_back_where_there_is_one() -> None:
    """Networks leave zeros out; frames without LoRa and frames that no gateway is named for have no ratio."""
    assert signal_figures({"rssi": -70}, lora=True) == {"rssi": -70, "snr": 0}
    assert signal_figures({"rssi": -70}, lora=False) == {"rssi": -70, "snr": None}
    assert signal_figures({}, lora=True) == {"rssi": None, "snr": None}


def test_a_decoder_cannot_speak_for_the_network() -> None:
    """Names that mean something else are left out of what it says, and so is what is no object."""
    said = {"soil": {"moisture": 31.5}, "f_cnt": 3, "time": "noon"}

    assert decoded(said, but=frozenset({"f_cnt", "time"})) == {"soil.moisture": 31.5}
    assert decoded(21.5, but=frozenset()) == {}


def test_a_device_on_the_equator_has_a_latitude() -> None:
    """Degrees of zero are left out by networks, and given back; a height that is not told is not known."""
    assert position({"longitude": 10.5}) == {"latitude": 0, "longitude": 10.5, "altitude": None}
    assert position({}) == {}


@given(JSON)
def test_whatever_a_network_says_is_looked_through(value: object) -> None:
    """Nothing is raised, and what is no object is an empty one."""
    assert isinstance(inside(value, "a", "b"), dict)
    assert isinstance(best_gateway(value), dict)
    assert isinstance(decoded(value, but=frozenset()), dict)
