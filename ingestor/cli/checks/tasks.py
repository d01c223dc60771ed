"""Whether the tasks of a configuration can be done."""

from pathlib import Path

from ingestor.cli.checks.finding import Finding, ok, problem
from ingestor.cli.options import with_lines
from ingestor.config import Config
from ingestor.errors import ConfigError


def check_tasks(config: Config, path: Path | None) -> list[Finding]:
    """Every task that cannot be done; nothing where there is none.

    Args:
        config: What was read.
        path: Where from, for the lines of what is wrong; None for the usual file.
    """
    if not config.tasks:
        return []
    from ingestor.jobs import check_tasks as check_jobs  # noqa: PLC0415 - what it needs takes a while to import

    try:
        with with_lines(path):
            check_jobs(config)
    except ConfigError as error:
        return [problem("tasks", str(one)) for one in error.problems]
    return [ok("tasks", ", ".join(config.tasks))]
