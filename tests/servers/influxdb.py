"""A real InfluxDB 2.8 on a free loopback port, for tests: started, killed and started again on the same port."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from tests.servers.influxprocess import InfluxProcess

ORG, USER, PASSWORD, TOKEN, FIRST_BUCKET = "farm", "admin", "admin-password", "admin-token", "first"


class InfluxDB(InfluxProcess):
    """An `influxd` 2.8, set up with an organisation and a token that may do everything.

    Args:
        program: See `InfluxProcess`.
        folder: The same.
        options: Further command-line options.
    """

    org, token = ORG, TOKEN

    def __init__(self, program: str, folder: Path, *, options: Sequence[str] = ()) -> None:
        super().__init__(program, folder, token=TOKEN, health="/health")
        self._options = tuple(options)

    def start(self) -> Self:
        """Start it, set it up at the first start, and return once it answers."""
        super().start()
        if self.call("GET", "/api/v2/setup")["allowed"]:
            body = {"username": USER, "password": PASSWORD, "org": ORG, "bucket": FIRST_BUCKET, "token": TOKEN}
            self.call("POST", "/api/v2/setup", body)
        return self

    def _arguments(self) -> Sequence[str]:
        return [
            "--bolt-path", str(self.folder / "bolt"), "--sqlite-path", str(self.folder / "sqlite"),
            "--engine-path", str(self.folder / "engine"), "--http-bind-address", f"127.0.0.1:{self.port}",
            "--reporting-disabled", "--log-level", "error", *self._options,
        ]  # fmt: skip

    def org_id(self) -> str:
        """The id of its organisation."""
        return str(self.call("GET", f"/api/v2/orgs?org={ORG}")["orgs"][0]["id"])

    def create_bucket(self, name: str, *, retention_secs: int = 0) -> str:
        """Make a bucket; returns its id."""
        rules = [{"type": "expire", "everySeconds": retention_secs}] if retention_secs else []
        body = {"orgID": self.org_id(), "name": name, "retentionRules": rules}
        return str(self.call("POST", "/api/v2/buckets", body)["id"])

    def delete_bucket(self, name: str) -> None:
        """Delete a bucket by its name."""
        (found,) = self.call("GET", f"/api/v2/buckets?org={ORG}&name={name}")["buckets"]
        self.call("DELETE", f"/api/v2/buckets/{found['id']}")

    def create_token(self, *, write: Iterable[str], read: Iterable[str]) -> dict[str, Any]:
        """An authorisation that may only write and read these buckets (by id): its `id` and its `token`."""
        of = {"type": "buckets", "orgID": self.org_id()}
        permissions = [
            {"action": action, "resource": {**of, "id": bucket}}
            for action, buckets in (("write", write), ("read", read))
            for bucket in buckets
        ]
        made: dict[str, Any] = self.call(
            "POST", "/api/v2/authorizations", {"orgID": of["orgID"], "permissions": permissions}
        )
        return made

    def write(self, bucket: str, *lines: str) -> None:
        """Write lines as another program would."""
        body = "\n".join(lines).encode()
        self.call("POST", f"/api/v2/write?org={ORG}&bucket={bucket}&precision=ns", body)

    def store(self, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the configuration takes
        """An entry of `stores` for it."""
        return {"kind": "influxdb", "url": self.url, "org": ORG, "token": TOKEN, **more}

    def values(self, bucket: str, measurement: str, field: str) -> list[str]:
        """All values of a field, whatever their series and time, as text, in no order."""
        flux = (
            f"from(bucket: {json.dumps(bucket)}) |> range(start: 1700-01-01T00:00:00Z, stop: 2262-01-01T00:00:00Z)"
            f" |> filter(fn: (r) => r._measurement == {json.dumps(measurement)} and r._field == {json.dumps(field)})"
            ' |> keep(columns: ["_time", "_value"])'
        )
        tables = csv.DictReader(io.StringIO(self._plain(flux), newline=""))
        return [row["_value"] for row in tables if row["_value"] not in {None, "_value"}]

    def _plain(self, flux: str) -> str:
        return str(self.call("POST", f"/api/v2/query?org={ORG}", {"query": flux, "dialect": {"annotations": []}}))

    def query(self, flux: str) -> str:
        """The annotated CSV that a Flux query gives."""
        body = {"query": flux, "dialect": {"annotations": ["datatype", "group", "default"]}}
        return str(self.call("POST", f"/api/v2/query?org={ORG}", body))
