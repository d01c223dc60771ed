"""The command `ingestor`: the only part that prints and the only one that decides how a process ends."""

import signal
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line as a process of its own, and end it. A Ctrl-C ends it with 130 or by the signal, quietly.

    While modules are imported, and when all is done, there is nothing to clean up: the signal ends the process itself
    then, where an exception in the middle of an import would be shown, or turned into another.
    """
    usual = signal.getsignal(signal.SIGINT)
    _at_once(usual)
    from ingestor.cli.application import call  # noqa: PLC0415 - imports take most of a second, and are guarded here

    try:
        try:
            signal.signal(signal.SIGINT, usual)
            call()
        finally:
            _at_once(usual)
    except KeyboardInterrupt:
        sys.exit(130)


def _at_once(usual: object) -> None:
    """Let a Ctrl-C end the process, unless whoever started it said that it shall not (`ingestor run &` in a script)."""
    if usual is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
