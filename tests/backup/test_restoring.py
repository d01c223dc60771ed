"""From a backup of any kind to what is there again."""

from pathlib import Path

import pytest

from ingestor.backup.making import make_of
from ingestor.backup.record import INFLUXDB, LOGICAL, SQLITE, BackupError
from ingestor.backup.restoring import restore_into
from ingestor.config import Config
from tests.backup.embeddedstores import points, store_in
from tests.servers.influxdb import InfluxDB
from tests.support import run


def test_each_kind_is_restored(empty: InfluxDB, tmp_path: Path) -> None:
    """Files into the embedded store, shards into a server, readings into either."""
    config = Config.model_validate({"data_dir": tmp_path, "stores": {"local": {}, "farm": empty.store()}})
    run(store_in(config.store_path("local"), points("A")))
    empty.write("first", "m v=1 1")
    kinds = {SQLITE: ("local", "A", "local"), LOGICAL: ("local", "A", "farm"), INFLUXDB: ("farm", "first", "farm")}
    done = []
    for kind, (origin, bucket, target) in kinds.items():
        folder = run(make_of(config, origin, logical=kind == LOGICAL)(tmp_path / "to")).folder
        (again,) = run(
            restore_into(config, target, folder, kind=kind, buckets=[bucket], new_bucket=f"{bucket} again {kind}")
        )
        done.append((again.to, again.amount, again.unit, again.problems))

    assert done == [
        ("A again sqlite", 100, "points", ()),
        ("A again logical", 100, "points", ()),
        ("first again influxdb", 1, "shards", ()),
    ]


def test_another_kind_is_told(tmp_path: Path) -> None:
    """One that a later version made, say."""
    with pytest.raises(BackupError, match="of kind new, which is not known here"):
        run(restore_into(Config(), "local", tmp_path, kind="new"))


def test_what_is_not_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readings need Arrow."""
    monkeypatch.setattr("ingestor.backup.restoring.find_spec", lambda _: None)
    with pytest.raises(BackupError, match="needs pyarrow"):
        run(restore_into(Config(), "local", tmp_path, kind=LOGICAL))
