"""Which models a route can name. A new kind of sensor is one model and one row here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sensors.air import AirPressure, AirQuality, Co2
from sensors.battery import Battery
from sensors.climate import Climate, Humidity, Temperature
from sensors.door import Door
from sensors.light import Light, Par
from sensors.link import Link
from sensors.measurement import Measurement
from sensors.power import Electricity, EnergyCounter, Power
from sensors.presence import Presence
from sensors.pump import Pump
from sensors.soil import Soil
from sensors.valve import Valve
from sensors.water import Ec, Leak, Ph, WaterFlow, WaterLevel, WaterQuality, WaterTemperature
from sensors.weather import Weather
from sensors.weight import Weight

CATALOG: Final[Mapping[str, type[Measurement]]] = MappingProxyType(
    {
        "air_pressure": AirPressure,
        "air_quality": AirQuality,
        "battery": Battery,
        "climate": Climate,
        "co2": Co2,
        "door": Door,
        "ec": Ec,
        "electricity": Electricity,
        "energy": EnergyCounter,
        "humidity": Humidity,
        "leak": Leak,
        "light": Light,
        "link": Link,
        "par": Par,
        "ph": Ph,
        "power": Power,
        "presence": Presence,
        "pump": Pump,
        "soil": Soil,
        "temperature": Temperature,
        "valve": Valve,
        "water_flow": WaterFlow,
        "water_level": WaterLevel,
        "water_quality": WaterQuality,
        "water_temperature": WaterTemperature,
        "weather": Weather,
        "weight": Weight,
    }
)
"""Name to model."""
