"""`ingestor run`: the service."""

import gc
import logging
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ingestor import __version__, log
from ingestor.cli.checks.routes import NO_ROUTES
from ingestor.cli.invocation import command
from ingestor.cli.loop import run_in_loop, stop_on_signals
from ingestor.cli.options import ConfigFile, load_config, with_lines
from ingestor.cli.output import fail, flush, say
from ingestor.cli.running import service_url
from ingestor.cli.units import counted
from ingestor.config import Config
from ingestor.errors import UnknownStoresError

if TYPE_CHECKING:
    from ingestor.app import Service

_log = logging.getLogger(__name__)

LogLevel = Annotated[log.Level, typer.Option(help="From where on log lines are written.")]
LogFormat = Annotated[log.Style, typer.Option(help="Log lines for people, or a JSON object each.")]


def run(
    config: ConfigFile = None, log_level: LogLevel = log.Level.INFO, log_format: LogFormat = log.Style.TEXT
) -> None:
    """Run the service until Ctrl-C or SIGTERM.

    Then it takes in no more, and what it took in is written, as far as that can be done within a few seconds; the
    rest is in the journal for the next start.
    """
    log.setup(level=log_level, style=log_format, stream=sys.stderr)
    loaded = load_config(config)
    if not loaded.routes:
        fail(f"routes: {NO_ROUTES}")
    try:
        with with_lines(config):
            run_in_loop(_serve(loaded))
    except UnknownStoresError as error:
        raise UnknownStoresError(error.names, forget=command(f"stores forget {error.names[0]}", config)) from None


async def _serve(config: Config) -> None:
    from ingestor.app import Service  # noqa: PLC0415 - half of the time that any command would take to start

    async with Service(config) as service:
        stop_on_signals(service.stop)
        say(_what_runs(config, service))
        flush()
        tune_collector()
        await service.run()
        _log.info("stopped pending=%d", max(store.pending for store in service.snapshot().stores))


def _what_runs(config: Config, service: "Service") -> str:
    broker = "an embedded broker" if config.mqtt.embedded_broker else config.mqtt.url
    stores = ", ".join(f"{name} ({spec.kind})" for name, spec in config.stores.items())
    url = service_url(config.web.model_copy(update={"port": service.web.port}))
    routes = counted(len(config.routes), "route")
    return f"ingestor {__version__}: {broker} -> {routes} -> {stores}; status on {url}/api/status; Ctrl-C stops"


def tune_collector() -> None:
    """Have the cyclic garbage collector look less often, and not at what is there for good.

    A batch is tens of thousands of objects that live for a second and are in no cycle; with Python's defaults going
    over them, and over all modules each time, was about a twentieth of the CPU of a message.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
