"""Weather services that answer as their documentation shows, and as no real one does on demand."""

import asyncio
import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiohttp import web

KEY = "0123456789abcdef"
"""The key that OpenWeatherMap lets in."""
NOON = 1_661_870_592
"""When its first observation was made."""

_REFUSED = {"cod": 401, "message": "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info."}
_LIMITED = {"cod": 429, "message": "Your account is temporary blocked due to exceeding of requests limitation."}


class Reply(NamedTuple):
    """What a service answers instead of the weather; with status 0 it hangs up, with -1 it never answers."""

    status: int = 200
    body: bytes | str = ""
    headers: Mapping[str, str] = {}


REFUSED = Reply(401, json.dumps(_REFUSED))
LIMITED = Reply(429, json.dumps(_LIMITED))
TOO_MANY = Reply(
    429, '{"reason": "Hourly API request limit exceeded. Please try again in the next hour.", "error": true}'
)


def openweathermap(at: int = NOON, **main: object) -> dict[str, Any]:
    """An answer of OpenWeatherMap's current weather, after the example of its documentation."""
    return {
        "coord": {"lon": 103.82, "lat": 1.35},
        "weather": [{"id": 501, "main": "Rain", "description": "moderate rain", "icon": "10d"}],
        "base": "stations",
        "main": {
            "temp": 25.33,
            "feels_like": 25.59,
            "temp_min": 24.41,
            "temp_max": 26.9,
            "pressure": 1015,
            "humidity": 64,
            "sea_level": 1015,
            "grnd_level": 933,
            **main,
        },
        "visibility": 10000,
        "wind": {"speed": 0.62, "deg": 349, "gust": 1.18},
        "rain": {"1h": 3.16},
        "clouds": {"all": 100},
        "dt": at,
        "sys": {"type": 2, "id": 2075663, "country": "SG", "sunrise": 1661834187, "sunset": 1661882248},
        "timezone": 28800,
        "id": 1880252,
        "name": "Singapore",
        "cod": 200,
    }


_UNITS = {
    "temperature_2m": "°C",
    "dew_point_2m": "°C",
    "relative_humidity_2m": "%",
    "pressure_msl": "hPa",
    "wind_speed_10m": "m/s",
    "wind_gusts_10m": "m/s",
    "wind_direction_10m": "°",
    "precipitation": "mm",
    "cloud_cover": "%",
    "visibility": "m",
    "uv_index": "",
    "shortwave_radiation": "W/m²",
}
_VALUES = (27.1, 22.4, 75, 1011.2, 2.3, 5.5, 184, 0.2, 80, 24140, 6.45, 512)


def openmeteo(at: int = NOON, *, hours: int = 0, **changes: object) -> dict[str, Any]:
    """An answer of Open-Meteo's forecast interface: the weather now, or so many hours to come."""
    head = {
        "latitude": 1.375,
        "longitude": 103.875,
        "generationtime_ms": 0.06,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 52.0,
    }
    values = dict(zip(_UNITS, _VALUES, strict=True)) | changes
    if hours:
        columns = {name: [value] * hours for name, value in values.items()}
        times = [at // 3600 * 3600 + 3600 * hour for hour in range(hours)]
        return head | {"hourly_units": {"time": "unixtime", **_UNITS}, "hourly": {"time": times, **columns}}
    units = {"time": "unixtime", "interval": "seconds", **_UNITS}
    return head | {"current_units": units, "current": {"time": at, "interval": 900, **values}}


class FakeWeather:
    """Both services at one address. Use it as a context manager, in an event loop.

    Attributes:
        at: When the weather that it tells was observed; may be changed at any time.
        instead: What a service (by its name in the configuration) answers instead of the weather.
        asked: The parameters of every request so far, by service.
    """

    def __init__(self) -> None:
        self.at = NOON
        self.instead: dict[str, Reply] = {}
        self.asked: dict[str, list[Mapping[str, str]]] = {"openweathermap": [], "open-meteo": []}

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/data/2.5/weather", self._handler("openweathermap", self._openweathermap))
        app.router.add_get("/v1/forecast", self._handler("open-meteo", self._openmeteo))
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def addresses(self) -> dict[str, str]:
        """As `tasks.NAME.addresses` takes it."""
        host, port = self._runner.addresses[0]
        return dict.fromkeys(self.asked, f"http://{host}:{port}")

    def _handler(self, name: str, weather: Callable[[Mapping[str, str]], Reply]) -> Callable[[web.Request], Any]:
        async def answer(request: web.Request) -> web.StreamResponse:
            self.asked[name].append(dict(request.query))
            reply = self.instead.get(name) or weather(request.query)
            if reply.status == -1:
                await asyncio.Event().wait()
            if reply.status == 0 and request.transport is not None:
                request.transport.abort()
            body = reply.body.encode() if isinstance(reply.body, str) else reply.body
            return web.Response(status=reply.status or 200, body=body, headers=reply.headers)

        return answer

    def _openweathermap(self, query: Mapping[str, str]) -> Reply:
        if query.get("appid") != KEY:
            return REFUSED
        assert query["units"] == "metric"
        return Reply(200, json.dumps(openweathermap(self.at)))

    def _openmeteo(self, query: Mapping[str, str]) -> Reply:
        known = set(query.get("current", query.get("hourly", "")).split(","))
        if strange := sorted(known - _UNITS.keys()):
            reason = f"Cannot initialize from invalid String value {strange[0]}."
            return Reply(400, json.dumps({"error": True, "reason": reason}))
        hours = int(query.get("forecast_hours", 168)) if "hourly" in query else 0
        return Reply(200, json.dumps(openmeteo(self.at, hours=hours)))
