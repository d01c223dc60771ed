"""The command `ingestor`: the only part that prints and the only one that decides how a process ends."""

import sys

from ingestor import log
from ingestor.cli.application import make_app
from ingestor.cli.output import buffer_output, explain_and_exit, flush

__all__ = ["main", "make_app"]


def main() -> None:
    """Run the command line. Ends 0 when it did what was asked, 1 when it could not, 2 for wrong use."""
    log.setup(level=log.Level.ERROR, style=log.Style.TEXT, stream=sys.stderr)
    buffer_output()
    try:
        make_app()()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - what is not a user's mistake is raised again
        explain_and_exit(error)
    finally:
        flush()
