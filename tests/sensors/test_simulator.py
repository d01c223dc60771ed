"""Racks that do not exist."""

import json

import pytest

from sensors.climate import Climate
from sensors.simulator import Fault, Simulator

MIDNIGHT_NS = 1_795_478_400_000_000_000
HOUR_NS = 3_600_000_000_000
SECOND_NS = 1_000_000_000


def test_the_same_question_has_the_same_answer() -> None:
    """Seed, rack and time decide; another of each gives something else."""
    one, again, other = Simulator(seed=1), Simulator(seed=1), Simulator(seed=2)

    assert one.message(3, MIDNIGHT_NS) == again.message(3, MIDNIGHT_NS)
    assert one.values(3, MIDNIGHT_NS) == again.values(3, MIDNIGHT_NS)
    assert one.climate(3, MIDNIGHT_NS) != other.climate(3, MIDNIGHT_NS)
    assert one.climate(3, MIDNIGHT_NS) != one.climate(4, MIDNIGHT_NS)
    assert one.climate(3, MIDNIGHT_NS) != one.climate(3, MIDNIGHT_NS + 1)


def test_noon_differs_from_night() -> None:
    """By day it is warmer, brighter and drier, and the lamps need less."""
    farm = Simulator()
    night, noon = farm.climate(1, MIDNIGHT_NS), farm.climate(1, MIDNIGHT_NS + 12 * HOUR_NS)

    assert (night.temperature or 0) < (noon.temperature or 0)
    assert (night.humidity or 0) > (noon.humidity or 0)
    assert night.light == 0 < (noon.light or 0)
    assert farm.power(1, MIDNIGHT_NS).power > farm.power(1, MIDNIGHT_NS + 12 * HOUR_NS).power


def test_a_message_is_a_climate() -> None:
    """What is published in one message is the reading, with the device's time where it has one."""
    farm = Simulator()
    with_time, without = farm.message(1, MIDNIGHT_NS), farm.message(1, MIDNIGHT_NS, device_time=False)
    fields = json.loads(with_time.payload)

    assert with_time.topic == "farm/rack1/climate"
    assert fields.pop("ts") == MIDNIGHT_NS // 1_000_000
    assert Climate(rack="rack1", **fields) == farm.climate(1, MIDNIGHT_NS)
    assert json.loads(without.payload) == fields


def test_values_are_bare_numbers() -> None:
    """Each quantity has a topic of its own, as the farm's racks publish them."""
    emissions = Simulator().values(7, MIDNIGHT_NS)

    assert [emission.topic for emission in emissions] == [
        f"rack7/{quantity}" for quantity in ("temperature", "humidity", "co2", "light", "power")
    ]
    assert all(float(emission.payload) >= 0 for emission in emissions)


@pytest.mark.parametrize("rack", range(1, 50))
def test_racks_without_faults_have_none(rack: int) -> None:
    """What a sound rack sends is within the limits of the models all day."""
    farm = Simulator(seed=rack, faulty={rack + 1})
    day = range(MIDNIGHT_NS, MIDNIGHT_NS + 24 * HOUR_NS, HOUR_NS)

    assert all(farm.message(rack, at).fault is None for at in day)
    assert all(emission.fault is None for at in day for emission in farm.values(rack, at))


def test_a_faulty_rack_has_every_fault_sometimes() -> None:
    """All kinds of faults come, about as often as asked for, and the emission says which it is."""
    farm = Simulator(faulty={1}, fault_share=0.5)
    emissions = [farm.message(1, MIDNIGHT_NS + at * SECOND_NS) for at in range(400)]
    faults = [emission.fault for emission in emissions if emission.fault]

    assert set(faults) == set(Fault)
    assert 120 < len(faults) < 280


@pytest.mark.parametrize(
    ("fault", "payload"),
    [
        (Fault.NOT_JSON, b"sensor not ready"),
        (Fault.WRONG_TYPE, b"warm"),
        (Fault.OUT_OF_RANGE, b"-99999999"),
        (Fault.NAN, b"nan"),
        (Fault.EMPTY, b""),
    ],
)
def test_faulty_values_are_what_they_say(fault: Fault, payload: bytes) -> None:
    """Each kind of fault has its payload."""
    farm = Simulator(faulty={1}, fault_share=1)
    emissions = [emission for at in range(50) for emission in farm.values(1, MIDNIGHT_NS + at)]

    assert {emission.payload for emission in emissions if emission.fault is fault} == {payload}
    assert None not in {emission.fault for emission in emissions}
