"""`ingestor simulate`: racks that do not exist publish to any broker, to try out what takes their readings."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr, ValidationError
from rich.console import Console
from rich.text import Text

from ingestor.cli.devices import emissions
from ingestor.cli.loop import run_in_loop, stop_on_signals
from ingestor.cli.options import AsJson, ConfigFile, load_config, seconds
from ingestor.cli.output import flush, say, say_json, warn
from ingestor.cli.publishing import Publisher, either
from ingestor.cli.units import counted
from ingestor.config import Mqtt
from ingestor.configfile.loader import DEFAULT_FILE
from ingestor.errors import BrokerUnavailableError
from ingestor.retry import Backoff

_PASSWORD = "INGESTOR_MQTT__PASSWORD"  # noqa: S105 - the name of a variable
_USERNAME = "INGESTOR_MQTT__USERNAME"

Devices = Annotated[int, typer.Option(help="How many racks there are.", min=1, max=10_000)]
Rate = Annotated[float, typer.Option(help="Messages a second, of all racks together.", min=0.01, max=100_000)]
Duration = Annotated[
    float | None,
    typer.Option(parser=seconds, metavar="TIME", help="End after this time (20, 90s, 5m); else Ctrl-C ends it."),
]
Seed = Annotated[int, typer.Option(help="Another seed is another farm; the same one sends the same again.")]


def simulate(
    config: ConfigFile = None,
    url: Annotated[
        str | None, typer.Option(help="The broker, mqtt://HOST[:PORT]; that of the configuration if not given.")
    ] = None,
    username: Annotated[
        str | None, typer.Option(help=f"The user at the broker; the password comes from {_PASSWORD}.")
    ] = None,
    devices: Devices = 4,
    rate: Rate = 20.0,
    duration: Duration = None,
    faults: Annotated[int, typer.Option(help="Of how many racks some readings are faulty.", min=0)] = 0,
    seed: Seed = 0,
    json: AsJson = False,
) -> None:
    """Publish readings of simulated racks to any broker.

    Without --url, to the broker of the configuration and as its user. With --url no configuration is read, unless
    --config names one: then all but the address is taken from there.
    """
    mqtt = which_broker(config, url=url, username=username)
    source = emissions(devices, clock=time.time_ns, seed=seed, faulty=min(faults, devices))
    publisher = Publisher(source, rate=rate)
    began = time.monotonic()
    with ExitStack() as progress:

        def connected() -> None:
            if json or publisher.published:
                return  # connected once more
            say(f"publishing {rate:g} messages a second of {counted(devices, 'rack')} to {mqtt.url}; Ctrl-C ends it")
            flush()
            progress.enter_context(_progress(publisher))

        run_in_loop(_publish(mqtt, publisher, duration=duration, on_connected=connected))
    secs = time.monotonic() - began
    if json:
        say_json({"published": publisher.published, "faulty": publisher.faulty, "secs": round(secs, 3)})
    else:
        of_them = f", {publisher.faulty:,} of them faulty" if faults else ""
        say(f"published {counted(publisher.published, 'message')}{of_them} in {secs:.1f} s")


async def _publish(
    mqtt: Mqtt, publisher: Publisher, *, duration: float | None, on_connected: Callable[[], None]
) -> None:
    """Publish until the time is over or a signal comes; once it has worked, the broker may go away for a while."""
    stop = asyncio.Event()
    stop_on_signals(stop.set)
    loop = asyncio.get_running_loop()
    if duration is not None:
        loop.call_later(duration, stop.set)
    backoff = Backoff(0.5, 15.0)
    warned_at = -1
    while not stop.is_set():
        try:
            await publisher.run(mqtt, stop, on_connected=on_connected)
        except BrokerUnavailableError as error:
            if not publisher.published:
                raise
            if publisher.published > warned_at:
                warn(f"{error}; trying again until it is back")
            warned_at = publisher.published
            await either(stop, backoff.next())


def which_broker(path: Path | None, *, url: str | None, username: str | None) -> Mqtt:
    """Which broker, and as which user.

    Raises:
        ConfigError: The configuration cannot be read.
        typer.BadParameter: The address or the user cannot be used.
    """
    from_file = path is not None or (url is None and DEFAULT_FILE.exists())
    mqtt = load_config(path).mqtt if from_file else Mqtt()
    user = username or (None if from_file else os.environ.get(_USERNAME))  # a configuration has it from there already
    changes: dict[str, object] = {"url": url or mqtt.url, "tls": mqtt.tls}
    if user:
        password = os.environ.get(_PASSWORD)
        changes |= {"username": user, "password": SecretStr(password) if password else mqtt.password}
    try:
        checked = Mqtt.model_validate(changes)
    except ValidationError as error:
        raise typer.BadParameter(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from None
    return mqtt.model_copy(update={name: getattr(checked, name) for name in changes})


class _Count:
    """How many messages are published at the moment it is drawn."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def __rich__(self) -> Text:
        return Text(f"{self._publisher.published:,} published")


def _progress(publisher: Publisher) -> AbstractContextManager[object]:
    """On a terminal, say how many there are so far."""
    console = Console(stderr=True)
    return console.status(_Count(publisher)) if console.is_terminal else nullcontext()
