"""A weather job on fakes: services, a journal in memory, a clock that is set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ingestor.config import TaskSpec
from ingestor.intake.oversize import OversizedHead
from ingestor.tasks.weather.job import Timing, WeatherJob
from tests.intake.fakes import MemoryLog
from tests.servers.weather import KEY, FakeWeather
from tests.tasks.rig import state

QUICK = Timing(answer_secs=0.5, first_retry_secs=0.01, last_retry_secs=0.01)
BOTH = ("openweathermap", "open-meteo")


@dataclass
class Rig:
    """What a test looks at: the services, the journal, heads of what was too long, a monotonic clock, and the job."""

    fake: FakeWeather
    log: MemoryLog = field(default_factory=MemoryLog)
    heads: list[OversizedHead] = field(default_factory=list)
    secs: float = 0.0
    job: WeatherJob = field(init=False)

    @property
    def topics(self) -> list[str]:
        """Those of what was journaled."""
        return [message.topic for message in self.log.messages]


@asynccontextmanager
async def weather(folder: Path, *, max_bytes: int = 100_000, **spec: object) -> AsyncIterator[Rig]:
    """A job that asks both services."""
    async with FakeWeather() as fake, state(folder) as held:
        rig = Rig(fake)

        async def keep(head: OversizedHead) -> None:
            rig.heads.append(head)

        fields = {"kind": "weather", "every": "30m", "latitude": 1.35, "longitude": 103.82, "api_key": KEY}
        task = TaskSpec.model_validate({**fields, "providers": BOTH, "addresses": fake.addresses, **spec})
        rig.job = WeatherJob(
            "weather",
            task,
            log=rig.log,
            state=held,
            max_bytes=max_bytes,
            on_oversize=keep,
            timing=QUICK,
            clock=lambda: rig.secs,
            now_ns=lambda: 10**18,
        )
        yield rig
