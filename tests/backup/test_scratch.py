"""An InfluxDB server for a while."""

import asyncio
from pathlib import Path

import pytest

from ingestor.backup.scratch import ScratchError, scratch_influxd
from ingestor.errors import StoreUnavailableError
from ingestor.stores.influxdb.api import InfluxApi
from ingestor.stores.influxdb.server import Server
from tests.support import run


def test_it_is_there_and_then_it_is_gone(influxd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set up, on loopback, whatever the environment says of another server."""
    monkeypatch.setenv("INFLUXD_HTTP_BIND_ADDRESS", "nowhere:1")

    async def main() -> None:
        async with scratch_influxd(influxd) as (server, points), InfluxApi(server) as api:
            assert points.is_dir()
            assert [bucket.name for bucket in await api.list()] == ["scratch"]
            assert server.url.startswith("http://127.0.0.1:")
        async with InfluxApi(server) as api:
            with pytest.raises(StoreUnavailableError):
                await api.version()

    run(main(), timeout_secs=90)


def test_it_is_gone_after_an_error(influxd: str) -> None:
    """Nothing goes on when whoever wanted it is cancelled."""

    async def main() -> None:
        begun = asyncio.Event()
        servers: list[Server] = []

        async def use() -> None:
            async with scratch_influxd(influxd) as (server, _):
                servers.append(server)
                begun.set()
                await asyncio.Event().wait()

        using = asyncio.create_task(use())
        await begun.wait()
        using.cancel()
        with pytest.raises(asyncio.CancelledError):
            await using
        async with InfluxApi(servers[0]) as api:
            with pytest.raises(StoreUnavailableError):
                await api.version()

    run(main(), timeout_secs=90)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("#!/bin/sh\necho; echo unknown flag: --bolt-path; exit 1\n", "ended at once: unknown flag: --bolt-path"),
        ("#!/bin/sh\nexit 1\n", "ended at once: it said nothing"),
        (None, "cannot be started: No such file"),
    ],
)
def test_what_is_no_such_server_is_told(tmp_path: Path, script: str | None, words: str) -> None:
    """In its own last words: an older InfluxDB does not know the options."""
    program = tmp_path / "influxd"
    if script:
        program.write_text(script)
        program.chmod(0o700)

    async def main() -> None:
        async with scratch_influxd(str(program)):
            pass

    with pytest.raises(ScratchError, match=words):
        run(main())
