"""Asking a person before something is done that cannot be undone."""

import sys
from collections.abc import Sequence

import typer

from ingestor.cli.output import fail, warn


def ask(meaning: Sequence[str], question: str) -> None:
    """Go on only where a person says so; where nobody can be asked, end with 1.

    Args:
        meaning: What it would come to, by lines.
        question: What is asked then.
    """
    if not sys.stdin.isatty():
        fail("nothing was changed: nobody can be asked here, so say --yes if that is what you want")
    for line in meaning:
        warn(line)
    if not typer.confirm(question, err=True):
        fail("nothing was changed")
