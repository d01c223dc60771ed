"""All commands in one application."""

import sys
from typing import Annotated

import typer

from ingestor import __version__, log
from ingestor.cli import (
    backup,
    buckets,
    check,
    copy,
    deadletters,
    demo,
    discover,
    explain,
    export,
    import_,
    journal,
    read,
    run,
    simulate,
    status,
    stores,
    tail,
    tasks,
    types,
)
from ingestor.cli.output import buffer_output, explain_and_exit, flush, say


def call() -> None:
    """Run the command line. Ends 0 when it did what was asked, 1 when it could not, 2 for wrong use.

    Raises:
        KeyboardInterrupt: A Ctrl-C that the command did not take itself.
    """
    log.setup(level=log.Level.ERROR, style=log.Style.TEXT, stream=sys.stderr)
    buffer_output()
    try:
        make_app()()
    except Exception as error:  # noqa: BLE001 - what is not a user's mistake is raised again
        explain_and_exit(error)
    finally:
        flush()


def make_app() -> typer.Typer:
    """The application; calling it parses the command line and runs a command."""
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode=None,
    )
    app.callback()(_about)
    app.command()(run.run)
    app.command()(demo.demo)
    app.command()(simulate.simulate)
    app.command()(check.check)
    app.command()(status.status)
    app.command()(discover.discover)
    app.command()(explain.explain)
    app.command()(tail.tail)
    app.add_typer(stores.make_group(), name="stores")
    app.add_typer(buckets.make_group(), name="buckets")
    app.add_typer(types.make_group(), name="types")
    app.command()(read.read)
    app.command()(export.export)
    app.command("import")(import_.import_)
    app.command()(copy.copy)
    app.add_typer(backup.make_group(), name="backup")
    app.add_typer(deadletters.make_group(), name="deadletters")
    app.add_typer(journal.make_group(), name="journal")
    app.add_typer(tasks.make_group(), name="task")
    return app


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - the signature that typer calls
    if wanted:
        say(__version__)
        raise typer.Exit


def _about(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Store what sensors publish over MQTT: validated, once, and never silently lost."""
