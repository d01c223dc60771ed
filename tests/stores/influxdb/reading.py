"""Reads everything back from a real InfluxDB, by its older query language and not by code of ours.

Flux leaves out the last nanosecond that a point can have, and changes line breaks; InfluxQL gives all back as it is.
"""

import json
import urllib.request
from typing import Any, NamedTuple
from urllib.parse import urlencode

from ingestor.ports import Value
from ingestor.stores.memory import Key
from tests.servers.influxdb import InfluxDB

_ALL = "SELECT * FROM /.*/ WHERE time >= -9223372036854775806 AND time <= 9223372036854775806 GROUP BY *"


class Org(NamedTuple):
    """An organisation of a server, and a token that may do everything with its buckets."""

    url: str
    name: str
    token: str

    @classmethod
    def create(cls, server: InfluxDB, name: str) -> "Org":
        """One of its own, without buckets."""
        number = server.call("POST", "/api/v2/orgs", {"name": name})["id"]
        rights = [{"action": action, "resource": {"type": "buckets", "orgID": number}} for action in ("read", "write")]
        rights.append({"action": "read", "resource": {"type": "orgs", "id": number}})
        token = server.call("POST", "/api/v2/authorizations", {"orgID": number, "permissions": rights})["token"]
        return cls(server.url, name, token)

    def points(self) -> dict[Key, dict[str, Value]]:
        """All points of all its buckets."""
        found: dict[Key, dict[str, Value]] = {}
        for bucket in _get(self, "/api/v2/buckets", org=self.name, limit="100")["buckets"]:
            if bucket["type"] == "user":
                found |= points(self, bucket["name"])
        return found


def points(of: Org, bucket: str) -> dict[Key, dict[str, Value]]:
    """All points of a bucket, or of a database of InfluxDB 1."""
    types = {
        (series["name"], field): kind
        for series in _query(of, bucket, "SHOW FIELD KEYS")
        for field, kind in series["values"]
    }
    found: dict[Key, dict[str, Value]] = {}
    for series in _query(of, bucket, _ALL):
        tags = tuple(sorted((name, value) for name, value in series.get("tags", {}).items() if value))
        for time_ns, *values in series["values"]:
            found[bucket, series["name"], tags, time_ns] = {
                name: float(value) if types[series["name"], name] == "float" else value
                for name, value in zip(series["columns"][1:], values, strict=True)
                if value is not None
            }
    return found


def _query(of: Org, bucket: str, influxql: str) -> list[dict[str, Any]]:
    database, _, policy = bucket.partition("/")  # as which 2 offers its buckets, too
    (result,) = _get(of, "/query", q=influxql, db=database, rp=policy, epoch="ns")["results"]
    assert "error" not in result, result["error"]
    series: list[dict[str, Any]] = result.get("series", [])
    return series


def _get(of: Org, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
    headers = {"Authorization": f"Token {of.token}"} if of.token else {}
    request = urllib.request.Request(f"{of.url}{path}?{urlencode(query)}", headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)
