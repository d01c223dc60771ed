"""Commands of this program as the person at the terminal can type them."""

import shlex
import shutil
import sys
from pathlib import Path


def command(words: str, config: Path | str | None = None) -> str:
    """A whole command, ready to be copied.

    Args:
        words: What stands behind the name of the program: `deadletters list`.
        config: The configuration that was named; None where the usual one counts.
    """
    named = "" if config is None else f" --config {shlex.quote(short(str(config)))}"
    return f"{how_to_call()} {words}{named}"


def how_to_call() -> str:
    """This program, by the path that it was started with where it is not on PATH."""
    program = Path(sys.argv[0])
    if program.name == "ingestor" and shutil.which("ingestor") != str(program):
        return shlex.quote(short(str(program.absolute())))
    return "ingestor"


def short(path: str) -> str:
    """The path from here, where that is shorter."""
    return path.removeprefix(f"{Path.cwd()}/")
