"""`ingestor run`: the service."""

import sys
from typing import Annotated

import typer

from ingestor import __version__, log
from ingestor.app import Service
from ingestor.cli.loop import run_in_loop, stop_on_signals
from ingestor.cli.options import ConfigFile, load_config, with_lines
from ingestor.cli.output import flush, say
from ingestor.config import Config

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
    with with_lines(config):
        run_in_loop(_serve(loaded))


async def _serve(config: Config) -> None:
    async with Service(config) as service:
        stop_on_signals(service.stop)
        say(_what_runs(config, service))
        flush()
        await service.run()


def _what_runs(config: Config, service: Service) -> str:
    broker = "an embedded broker" if config.mqtt.embedded_broker else config.mqtt.url
    stores = ", ".join(f"{name} ({spec.kind})" for name, spec in config.stores.items())
    return (
        f"ingestor {__version__}: {broker} -> {len(config.routes)} routes -> {stores}; "
        f"status on http://{config.web.host}:{service.web.port}/api/status; Ctrl-C stops"
    )
