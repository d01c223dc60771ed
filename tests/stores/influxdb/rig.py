"""An InfluxDB store with its writer, before a server that a test controls."""

from collections.abc import Callable, Sequence

from pydantic import SecretStr

from ingestor.encode.line import LineEncoder
from ingestor.encode.types import TypeRegistry
from ingestor.ports import Point
from ingestor.retry import Backoff
from ingestor.stores.influxdb.server import Server
from ingestor.stores.influxdb.store import InfluxStore
from ingestor.writer.engine import BatchWriter, Outcome
from tests.servers.fakeinflux import FakeInflux
from tests.writer.rig import FakeClock


class MendingClock(FakeClock):
    """Waits take no time, and after so many of them something is mended."""

    def __init__(self, mend: Callable[[], None], *, after: int = 1) -> None:
        super().__init__()
        self._mend = mend
        self._after = after

    async def sleep(self, secs: float) -> None:
        """Let time pass."""
        await super().sleep(secs)
        if len(self.waits) == self._after:
            self._mend()


def store_of(url: str, *, org: str | None = "farm") -> InfluxStore:
    """The store at an address, as it is configured."""
    return InfluxStore(Server(url, org, SecretStr("sesame"), timeout_secs=10.0))


def writer_of(store: InfluxStore, clock: FakeClock) -> BatchWriter:
    """The service's writer, whose waits are 0.5, 1, 2 s and so on."""
    return BatchWriter("farm", store, types=TypeRegistry({}), clock=clock, backoff=Backoff(0.5, 30, lambda: 1.0))


async def deliver(fake: FakeInflux, points: Sequence[Point], clock: FakeClock) -> Outcome:
    """What became of a batch, however long that took by the clock."""
    async with store_of(fake.url) as store:
        return await writer_of(store, clock).write(points)


def lines_of(points: Sequence[Point]) -> set[str]:
    """The lines that a server should have."""
    return set(LineEncoder().encode(points).lines)
