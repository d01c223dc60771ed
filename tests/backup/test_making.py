"""From a store of the configuration to what backs it up."""

import importlib.util
from pathlib import Path

import pytest

from ingestor.backup.making import make_of
from ingestor.backup.record import INFLUXDB, LOGICAL, SQLITE, BackupError
from ingestor.config import Config
from tests.backup.embeddedstores import points, store_in
from tests.servers.influxdb import InfluxDB
from tests.support import run


def test_each_store_is_backed_up_as_it_can(farm: InfluxDB, tmp_path: Path) -> None:
    """Files of the embedded one, all of a server; or of any the readings, with how far it is."""
    config = Config.model_validate({"data_dir": tmp_path, "stores": {"local": {}, "farm": farm.store()}})
    run(store_in(config.store_path("local"), points("A")))
    kinds, seen = [], []
    for store in ("local", "farm"):
        for logical in (False, True):
            make = make_of(config, store, logical=logical, on_progress=lambda share, _: seen.append(share))
            kinds.append(run(make(tmp_path / "to")).record.kind)

    assert kinds == [SQLITE, LOGICAL, INFLUXDB, LOGICAL]
    assert seen.count(1.0) >= 4


def test_what_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logical backup needs Arrow."""
    monkeypatch.setattr("ingestor.backup.making.find_spec", lambda _: None)
    with pytest.raises(BackupError, match="needs pyarrow: pip install"):
        make_of(Config(), "local", logical=True)
    assert importlib.util.find_spec("pyarrow")
