"""Which store is meant."""

from pathlib import Path

import pytest

from ingestor import configfile
from ingestor.config import Config
from ingestor.errors import ConfigError
from ingestor.stores import choose


def config(folder: Path, stores: str) -> Config:
    """A configuration with these stores."""
    (folder / "config.yaml").write_text(f"stores: {stores}\n", encoding="utf-8")
    return configfile.load(folder / "config.yaml", environ={})


def test_the_only_store_need_not_be_named(tmp_path: Path) -> None:
    """It is the one that is meant."""
    assert choose(config(tmp_path, "{farm: {}}"), None) == "farm"


def test_of_several_one_is_named(tmp_path: Path) -> None:
    """Else the error names them."""
    several = config(tmp_path, "{farm: {}, lab: {path: lab}}")

    assert choose(several, "lab") == "lab"
    with pytest.raises(ConfigError, match="there are several stores, farm, lab: say which with store="):
        choose(several, None)


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    """It is told with those that are."""
    with pytest.raises(ConfigError, match="no store is called 'lab'; there is farm"):
        choose(config(tmp_path, "{farm: {}}"), "lab")
