"""`ingestor demo`: the whole way of a reading on one machine, with nothing set up and nothing but loopback."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingestor import log
from ingestor.cli.bucketview import newest_readings
from ingestor.cli.demofolder import DemoFolder
from ingestor.cli.demoscreen import Moment, Screen, make_screen
from ingestor.cli.demosummary import Summary, say_summary
from ingestor.cli.devices import emissions
from ingestor.cli.loop import run_in_loop, stop_on_signals
from ingestor.cli.options import AsJson
from ingestor.cli.output import fail, flush, say, say_json
from ingestor.cli.publishing import Publisher
from ingestor.cli.simulate import Devices, Duration, Rate, Seed
from ingestor.cli.units import counted

if TYPE_CHECKING:
    from ingestor.app import Service

_READY_SECS = 20.0
_SETTLE_SECS = 15.0
_POLL_SECS = 0.05


def demo(
    directory: Annotated[
        Path | None, typer.Option(help="An empty or new folder for all of it; a temporary one if not given.")
    ] = None,
    devices: Devices = 4,
    rate: Rate = 20.0,
    duration: Duration = None,
    seed: Seed = 0,
    json: AsJson = False,
) -> None:
    """Show it at work, with simulated racks.

    Starts a broker, racks and the service; needs no configuration and no network. The last rack sends some faults.
    Once a second it shows what arrived, was stored and was set aside, and at the end where to look: the folder stays,
    with a configuration to go on from.
    """
    folder = DemoFolder.make(directory)
    publisher = Publisher(emissions(devices, clock=time.time_ns, seed=seed, faulty=1), rate=rate)
    if not json:
        racks = counted(devices, "rack")
        say(f"{racks} publish {rate:g} messages a second to {folder.config.mqtt.url}; all of it is in {folder.path}")
        flush()
    with folder.log_file.open("w", encoding="utf-8") as stream:
        log.setup(level=log.Level.INFO, style=log.Style.TEXT, stream=stream)
        with make_screen(json=json) as screen:
            secs = run_in_loop(_Demo(folder, publisher, screen).run(duration))
        summary = Summary.of(folder, publisher, secs=secs)
    say_json(summary.to_json()) if json else say_summary(summary)
    if not summary.agrees:
        fail("the numbers do not agree, which they always should: please report this, with the folder above")


class _Demo:
    """One run of it: the service with its broker, and the racks."""

    def __init__(self, folder: DemoFolder, publisher: Publisher, screen: Screen) -> None:
        self._folder = folder
        self._publisher = publisher
        self._screen = screen

    async def run(self, duration: float | None) -> float:
        """Publish until the time is over or a signal comes, have all of it settled, and end.

        Returns:
            For how many seconds the racks published.
        """
        from ingestor.app import Service  # noqa: PLC0415 - half of the time that any command would take to start

        stop = asyncio.Event()
        stop_on_signals(stop.set)
        async with Service(self._folder.config) as service, asyncio.TaskGroup() as group:
            group.create_task(service.run(), name="service")
            await _until(lambda: service.snapshot().intake.subscribed, secs=_READY_SECS)
            began = time.monotonic()
            showing = group.create_task(self._show(service, began=began), name="screen")
            if duration is not None:
                asyncio.get_running_loop().call_later(duration, stop.set)
            await self._publisher.run(self._folder.config.mqtt, stop)
            ended = time.monotonic()
            await _until(lambda: service.snapshot().intake.journaled >= self._publisher.published, secs=_SETTLE_SECS)
            showing.cancel()
            service.stop()
        return ended - began

    async def _show(self, service: "Service", *, began: float) -> None:
        """Show once a second how things stand."""
        while True:
            await asyncio.sleep(1.0)
            newest = await asyncio.to_thread(newest_readings, self._folder.bucket_file)
            snapshot = service.snapshot()
            store = snapshot.stores[0]
            self._screen.show(
                Moment(
                    time.monotonic() - began,
                    self._publisher.published,
                    snapshot.intake.journaled,
                    store.stored,
                    store.set_aside,
                    newest,
                )
            )


async def _until(condition: Callable[[], bool], *, secs: float) -> None:
    """Wait until it is true, or the time is over: then the accounts will say what is missing."""
    deadline = time.monotonic() + secs
    while time.monotonic() < deadline:
        if condition():
            return
        await asyncio.sleep(_POLL_SECS)
