"""Reads everything back from a real InfluxDB, by its own query language and not by code of ours."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from ingestor.ports import Value
from ingestor.stores.memory import Key
from tests.servers.influxdb import InfluxDB

_ALL = "SELECT * FROM /.*/ WHERE time >= -9223372036854775806 AND time <= 9223372036854775806 GROUP BY *"


def read_org(server: InfluxDB, org: str) -> dict[Key, dict[str, Value]]:
    """All points of all buckets of an organisation."""
    found: dict[Key, dict[str, Value]] = {}
    listed = server.call("GET", f"/api/v2/buckets?limit=100&org={quote(org)}")["buckets"]
    for name in (bucket["name"] for bucket in listed if bucket["type"] == "user"):
        found |= read_bucket(lambda asked: server.call("GET", f"/query?{asked}"), name, org=org)
    return found


def read_bucket(ask: Callable[[str], Any], bucket: str, **more: str) -> dict[Key, dict[str, Value]]:
    """All points of a bucket of 2, or of a database of 1; `ask` sends a query string to /query."""

    def query(influxql: str) -> list[dict[str, Any]]:
        answer = ask(urlencode({"q": influxql, "db": bucket, "epoch": "ns", **more}))
        (result,) = answer["results"]
        assert "error" not in result, result["error"]
        series: list[dict[str, Any]] = result.get("series", [])
        return series

    types = {(of["name"], field): kind for of in query("SHOW FIELD KEYS") for field, kind in of["values"]}
    found: dict[Key, dict[str, Value]] = {}
    for of in query(_ALL):
        tags = tuple(sorted((name, value) for name, value in of.get("tags", {}).items() if value))
        for time_ns, *values in of["values"]:
            fields = {
                name: float(value) if types[of["name"], name] == "float" else value
                for name, value in zip(of["columns"][1:], values, strict=True)
                if value is not None
            }
            found[bucket, of["name"], tags, time_ns] = fields
    return found


def create_org(server: InfluxDB, name: str) -> None:
    """An organisation of its own, with buckets of its own."""
    server.call("POST", "/api/v2/orgs", {"name": name})
