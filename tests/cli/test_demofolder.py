"""The folder of a demo."""

import os
import socket
from pathlib import Path

import pytest

from ingestor.cli.demofolder import DemoFolder
from ingestor.errors import DataDirError
from ingestor.routing import RoutingTable


def test_its_configuration_is_a_file_that_the_service_takes(tmp_path: Path) -> None:
    """Whoever goes on with `run --config` gets what the demo had."""
    folder = DemoFolder.make(tmp_path / "new")

    assert folder.config_file.read_text(encoding="utf-8").startswith("# Made by `ingestor demo`.")
    assert folder.config.data_dir == tmp_path / "new" / "data"
    assert folder.config.mqtt.embedded_broker
    assert RoutingTable(folder.config).find("farm/rack1/climate") is not None
    assert folder.bucket_file == tmp_path / "new" / "data" / "stores" / "local" / "Farm.db"


def test_ports_are_free(tmp_path: Path) -> None:
    """Where 1883 is taken, another one is."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 1883))
        except OSError:  # somebody else has it: as good
            pass
        else:
            taken.listen()
        config = DemoFolder.make(tmp_path).config
    for port in (config.mqtt.port, config.web.port):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))

    assert config.mqtt.port != 1883
    assert config.mqtt.port != config.web.port


def test_without_a_name_it_is_a_new_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two demos do not meet; others may not look in."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    one, other = DemoFolder.make(None), DemoFolder.make(None)

    assert one.path != other.path
    assert one.path.parent == tmp_path
    assert one.path.stat().st_mode & 0o077 == 0


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """What is there is nobody's to write over."""
    (tmp_path / "config.yaml").write_text("mine")
    with pytest.raises(DataDirError, match="is not empty"):
        DemoFolder.make(tmp_path)

    assert (tmp_path / "config.yaml").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """In the system's words."""
    (tmp_path / "file").touch()
    with pytest.raises(DataDirError, match="cannot be used: Not a directory"):
        DemoFolder.make(tmp_path / "file" / "folder")


def test_a_relative_folder_is_told_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands that the demo names work from everywhere."""
    monkeypatch.chdir(tmp_path)

    assert DemoFolder.make(Path("here")).path == Path(os.fspath(tmp_path)) / "here"
