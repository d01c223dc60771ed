"""Whether the stores would take what the routes give them."""

from pathlib import Path

from ingestor.cli.checks.finding import Level
from ingestor.cli.checks.stores import check_stores
from tests.cli.commands import read_config, write_config
from tests.support import run


def test_a_store_that_can_write_is_fine(tmp_path: Path) -> None:
    """Of each store, how many buckets were tried."""
    config = read_config(write_config(tmp_path, stores={"a": {"kind": "sqlite"}, "b": {"kind": "sqlite"}}))
    findings = run(check_stores(config))

    assert [(one.level, one.about) for one in findings] == [(Level.OK, "store a"), (Level.OK, "store b")]
    assert findings[0].text == "sqlite; 1 bucket can be written"


def test_where_topics_alone_name_the_buckets_none_is_counted(tmp_path: Path) -> None:
    """None of them is known before a reading comes."""
    routes = [{"topic": "{bucket}/{rack}", "bucket": "{bucket}", "model": "Climate"}]
    findings = run(check_stores(read_config(write_config(tmp_path, routes=routes))))

    assert [one.text for one in findings] == ["sqlite; topics alone name its buckets"]


def test_each_bucket_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    """In the store's words; the other store is asked all the same."""
    (tmp_path / "file").touch()
    stores = {"a": {"kind": "sqlite", "path": str(tmp_path / "file")}, "b": {"kind": "sqlite"}}
    findings = run(check_stores(read_config(write_config(tmp_path, stores=stores))))

    assert [(one.level, one.about) for one in findings] == [(Level.PROBLEM, "store a"), (Level.OK, "store b")]
    assert "Climate" in findings[0].text
