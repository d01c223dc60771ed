"""A real InfluxDB 1.13 on free loopback ports, for tests: started, killed and started again on the same ports."""

import json
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.servers.influxprocess import InfluxProcess
from tests.support import free_port


class InfluxDB1(InfluxProcess):
    """An `influxd` 1.13 without users and without a database.

    Args:
        program: See `InfluxProcess`.
        folder: The same; its configuration goes there, too.
    """

    def __init__(self, program: str, folder: Path) -> None:
        super().__init__(program, folder, health="/ping")
        self._rpc_port = free_port()

    def _arguments(self) -> Sequence[str]:
        config = self.folder / "influxdb.conf"
        config.write_text(self._config(), encoding="utf-8")
        return ["run", "-config", str(config)]

    def _config(self) -> str:
        where = {name: json.dumps(str(self.folder / name)) for name in ("meta", "data", "wal")}
        return "\n".join(
            [
                "reporting-disabled = true",
                f'bind-address = "127.0.0.1:{self._rpc_port}"',
                f"[meta]\ndir = {where['meta']}",
                f"[data]\ndir = {where['data']}\nwal-dir = {where['wal']}\nquery-log-enabled = false",
                f'[http]\nbind-address = "127.0.0.1:{self.port}"\nlog-enabled = false',
                "[monitor]\nstore-enabled = false",
                '[logging]\nlevel = "error"',
            ]
        )

    def create_database(self, name: str) -> None:
        """Make a database, with a policy that keeps for ever."""
        self.query(f'CREATE DATABASE "{name}"')

    def write(self, database: str, *lines: str) -> None:
        """Write lines as another program would."""
        self.call("POST", f"/api/v2/write?bucket={database}&precision=ns", "\n".join(lines).encode())

    def query(self, influxql: str, *, database: str = "") -> list[dict[str, Any]]:
        """The series that one statement of InfluxQL gives: `name`, `tags` where grouped by, `columns`, `values`.

        Times are in nanoseconds.

        Raises:
            AssertionError: The statement failed; with its words.
        """
        asked = urllib.parse.urlencode({"q": influxql, "db": database, "epoch": "ns"})
        (result,) = self.call("POST", f"/query?{asked}")["results"]
        assert "error" not in result, result["error"]
        series: list[dict[str, Any]] = result.get("series", [])
        return series
