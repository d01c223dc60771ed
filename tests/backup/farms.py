"""InfluxDB servers with something in them, for tests of backups; and what is said of two of them."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from ingestor.backup.influx import InfluxBackup
from ingestor.backup.influxrestore import InfluxRestore, Restored, Wish
from ingestor.backup.job import Backup
from ingestor.config import Config
from ingestor.copying.ends import End, find_end, opened
from ingestor.copying.verify import Verdict
from ingestor.stores.influxdb.server import Server
from tests.copying.ends import THREE, compare, points_of, write
from tests.servers.influxdb import ORG, TOKEN, InfluxDB
from tests.servers.loopback import LoopbackServer

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
STAMP = "20261130T120000Z"


def server_of(server: InfluxDB, *, port: int | None = None, token: str = TOKEN, org: str = ORG) -> Server:
    """How a store reaches it, perhaps through something that listens on another port."""
    return Server(f"http://127.0.0.1:{port or server.port}", org, SecretStr(token), timeout_secs=10.0)


def end_of(server: InfluxDB) -> End:
    """One end of a comparison."""
    return find_end(Config(), f"influxdb://{TOKEN}@127.0.0.1:{server.port}/{ORG}")


def fill(server: InfluxDB, *, rows: int = 500) -> None:
    """Make the three buckets, with every type of field and shards of several years."""
    for bucket in THREE:
        server.create_bucket(bucket)

    async def main() -> None:
        async with opened(end_of(server)) as end:
            for bucket in THREE:
                await write(end.store, [*points_of(bucket, rows=rows)])

    asyncio.run(main())


async def back_up(server: Server, directory: Path, *buckets: str, now: Callable[[], datetime] = lambda: NOON) -> Backup:
    """A backup of a store that is called farm."""
    return await InfluxBackup(server, "farm", buckets).run(directory, now=now)


async def restore(server: Server, folder: Path, wish: Wish | None = None) -> Sequence[Restored]:
    """What is there again."""
    return await InfluxRestore(server, folder).run(wish or Wish())


async def differences(one: InfluxDB, other: InfluxDB, *pairs: tuple[str, str]) -> Verdict:
    """What a comparison of buckets of both finds, by count and hash of each series and day."""
    return await compare(end_of(one), end_of(other), *(pairs or [(name, name) for name in THREE]))


def buckets_of(server: InfluxDB) -> set[str]:
    """The names of its buckets, without its own."""
    found = server.call("GET", "/api/v2/buckets?limit=100")["buckets"]
    return {bucket["name"] for bucket in found if not bucket["name"].startswith("_")}


def names_in(directory: Path) -> list[str]:
    """All that lies in a directory; nothing where there is none."""
    return sorted(entry.name for entry in directory.iterdir()) if directory.exists() else []


class Cut(LoopbackServer):
    """Stands before a server, and hangs up on everybody once so many bytes have come from it, or then says no more.

    Args:
        target: The server's port.
        after: So many bytes.
        stalls: Whether to keep the connection and say nothing.

    Attributes:
        passed: Bytes that have come so far.
        done: Set when it was enough.
    """

    def __init__(self, target: int, after: int = 2**60, *, stalls: bool = False) -> None:
        super().__init__()
        self._target = target
        self._after = after
        self._stalls = stalls
        self.passed = 0
        self.done = asyncio.Event()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.address.partition(":")[2])

    async def answer_client(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Pass on what comes, either way, as long as it may."""
        server, forth = await asyncio.open_connection("127.0.0.1", self._target)
        asking = asyncio.create_task(self._pass_on(client, forth))
        try:
            while self.passed < self._after and (data := await server.read(min(1024, self._after - self.passed))):
                self.passed += len(data)
                back.write(data)
                await back.drain()
            if self.passed >= self._after:
                self.done.set()
                if self._stalls:
                    await asyncio.Event().wait()
        finally:
            asking.cancel()
            forth.close()

    @staticmethod
    async def _pass_on(client: asyncio.StreamReader, forth: asyncio.StreamWriter) -> None:
        while data := await client.read(65_536):
            forth.write(data)
            await forth.drain()
