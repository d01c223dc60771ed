"""All commands in one application: what it offers, and how wrong use ends."""

import pytest

from ingestor import __version__
from ingestor.cli.application import make_app
from tests.cli.commands import Cli, ingestor

COMMANDS = {
    "run", "demo", "simulate", "check", "status", "stores", "buckets", "types", "read", "export", "import", "copy",
    "deadletters", "journal",
}  # fmt: skip


def test_the_version_is_that_of_the_package(cli: Cli) -> None:
    """`--version` prints it and nothing else."""
    found = cli("--version")

    assert (found.code, found.out) == (0, f"{__version__}\n")


def test_help_names_every_command_with_a_whole_sentence(cli: Cli) -> None:
    """What a command is for is not cut short on a terminal of 80 columns."""
    found = cli("--help")
    listed = {line.split()[0]: line for line in found.lines if line.startswith("  ") and line.split()[0] in COMMANDS}

    assert found.code == 0
    assert set(listed) == COMMANDS
    assert [line for line in listed.values() if not line.endswith(".") or line.endswith("...")] == []


@pytest.mark.parametrize(
    "arguments",
    [["fly"], ["run", "--fast"], ["journal", "dump", "--from", "-1"], ["deadletters", "show"], ["deadletters", "fly"]],
    ids=" ".join,
)
def test_wrong_use_ends_with_2(cli: Cli, arguments: list[str]) -> None:
    """It says on standard error what is wrong, and nothing on standard output."""
    found = cli(*arguments)

    assert (found.code, found.out) == (2, "")
    assert "Error: " in found.err


def test_without_a_command_it_shows_the_help(cli: Cli) -> None:
    """Whoever types `ingestor` learns what there is."""
    found = cli()

    assert set(found.out.split()) | set(found.err.split()) >= COMMANDS


def test_each_application_is_a_new_one() -> None:
    """Nothing is kept between two of them."""
    assert make_app() is not make_app()


def test_the_module_is_the_command() -> None:
    """`python -m ingestor` does what `ingestor` does."""
    found = ingestor("--version")

    assert (found.code, found.out, found.err) == (0, f"{__version__}\n", "")
