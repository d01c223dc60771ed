"""Whether tasks can be done."""

from pathlib import Path

from ingestor.cli.checks.finding import Level
from ingestor.cli.checks.tasks import check_tasks
from tests.cli.commands import read_config, write_config


def test_each_task_that_cannot_be_done_is_named_with_its_line(tmp_path: Path) -> None:
    """And those that can, where all can."""
    bad = write_config(tmp_path / "bad", tasks={"backup": {"every": "1d"}}, stores={"a": {}, "b": {}})
    good = write_config(tmp_path / "good", tasks={"backup": {"every": "1d"}})
    (problem,) = check_tasks(read_config(bad), bad)

    assert problem.level is Level.PROBLEM
    assert problem.text.startswith(f"{bad}:")
    assert "tasks.backup.store: there are several stores, a, b" in problem.text
    assert [(found.level, found.text) for found in check_tasks(read_config(good), good)] == [(Level.OK, "backup")]


def test_without_tasks_there_is_nothing_to_say(tmp_path: Path) -> None:
    """Most installations have none."""
    file = write_config(tmp_path)

    assert check_tasks(read_config(file), file) == []
