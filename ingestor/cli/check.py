"""`ingestor check`: everything that would keep readings from coming or from being stored, before anything runs."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from ingestor.cli.checks.broker import check_broker
from ingestor.cli.checks.datadir import check_data_dir
from ingestor.cli.checks.finding import Finding, Level, ok, problem
from ingestor.cli.checks.routes import check_routes
from ingestor.cli.checks.stores import check_stores
from ingestor.cli.checks.tasks import check_tasks
from ingestor.cli.checks.web import check_web
from ingestor.cli.checks.writetest import check_writing
from ingestor.cli.options import AsJson, ConfigFile, load_config
from ingestor.cli.output import flush, say, say_beside, say_json
from ingestor.cli.units import counted
from ingestor.configfile.loader import DEFAULT_FILE
from ingestor.errors import ConfigError

_ABOUT_WIDTH = 16


def check(
    config: ConfigFile = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Only what needs neither broker nor store: configuration and routes.")
    ] = False,
    write_test: Annotated[
        bool,
        typer.Option("--write-test", help="Also write a reading to each store, in a bucket of its own, and compare."),
    ] = False,
    json: AsJson = False,
) -> None:
    """Find what would keep readings from being stored.

    All of it at once, each with what to do about it: the configuration, the broker and each subscription, the
    stores, the data directory, the web port. Ends 1 when there is a problem; notes are worth knowing, and no problem.
    """
    if offline and write_test:
        raise typer.BadParameter("--offline asks no store, and --write-test writes to each: say one of them")
    found = asyncio.run(_examine(_findings(config, offline=offline, write_test=write_test), quiet=json))
    problems = sum(finding.level is Level.PROBLEM for finding in found)
    notes = sum(finding.level is Level.NOTE for finding in found)
    if json:
        say_json({"problems": problems, "notes": notes, "findings": [finding._asdict() for finding in found]})
    else:
        say(f"\n{counted(problems, 'problem')}, {counted(notes, 'note')}")
    if problems:
        raise typer.Exit(1)


async def _examine(findings: AsyncIterator[Finding], *, quiet: bool) -> list[Finding]:
    """All findings; each is said as soon as it is there, for a broker that is silent takes its time."""
    found = []
    async for finding in findings:
        found.append(finding)
        if not quiet:
            level = finding.level.upper() if finding.level is Level.PROBLEM else finding.level
            say_beside(f"{level:<8} {finding.about:<{_ABOUT_WIDTH}} ", finding.text)
            flush()
    return found


async def _findings(path: Path | None, *, offline: bool, write_test: bool) -> AsyncIterator[Finding]:
    try:
        config = load_config(path)
    except ConfigError as error:
        for one in error.problems:
            yield problem("configuration", str(one))
        return
    yield ok("configuration", f"{path or DEFAULT_FILE} can be used")
    for finding in (*check_routes(config, path), *check_tasks(config, path)):
        yield finding
    if offline:
        return
    for finding in await check_broker(config):
        yield finding
    for finding in await check_stores(config):
        yield finding
    for finding in await check_writing(config) if write_test else ():
        yield finding
    for finding in (*check_data_dir(config, path), *check_web(config.web)):
        yield finding
