"""Whether both ends of a copy are one store."""

import os
from pathlib import Path

import pytest

from ingestor.copying.same import onto_itself
from ingestor.stores.influxdb.server import Server
from ingestor.stores.sqlite import bucket_path
from tests.servers.influxdb import InfluxDB
from tests.servers.proxy import Proxy
from tests.support import run

FARM = [("Farm", "Farm")]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The folder of a store with one bucket."""
    folder = tmp_path / "store"
    folder.mkdir()
    bucket_path(folder, "Farm").touch()
    return folder


def test_a_folder_by_another_path(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative, with dots in it, or through a link: also where the bucket is not there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(store)

    for path in (Path("store"), store / ".." / "store", tmp_path / "link"):
        assert run(onto_itself(store, path, [("Farm", "Other"), *FARM])) == "Farm"
        assert run(onto_itself(store, path, [("Gone", "Gone")])) == "Gone"
        assert run(onto_itself(store, path, [("Farm", "Other")])) is None
    assert run(onto_itself(store, tmp_path / "elsewhere", FARM)) is None


def test_one_file_in_two_folders(store: Path, tmp_path: Path) -> None:
    """Whoever links the file of a bucket to another folder has one bucket, not two, by whatever name."""
    other = tmp_path / "other"
    other.mkdir()
    os.link(bucket_path(store, "Farm"), bucket_path(other, "Barn"))

    assert run(onto_itself(store, other, [("Farm", "Barn")])) == "Farm"
    assert run(onto_itself(store, other, FARM)) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://localhost:1", "http://127.0.0.1:1/"),
        ("http://[::1]:1", "http://LOCALHOST:1"),
        ("http://127.0.0.1:1", "http://127.0.0.2:1"),
        ("http://127.0.0.1:1", "https://127.0.0.1:1"),
        ("http://Host.example", "http://host.example.:80/"),
        ("https://host.example/influx/", "https://host.example:443/influx"),
        ("http://[2001:db8:0::1]:1", "http://[2001:DB8::1]:1"),
    ],
)
def test_spellings_of_an_address(one: str, other: str) -> None:
    """One server, of which nobody needs to be asked; another organisation of it is another store."""
    assert run(onto_itself(Server(one, "farm"), Server(other, "farm"), FARM)) == "Farm"
    assert run(onto_itself(Server(one), Server(other, "farm"), FARM)) == "Farm"
    assert run(onto_itself(Server(one, "barn"), Server(other, "farm"), FARM)) is None
    assert run(onto_itself(Server(one, "farm"), Server(other, "farm"), [("Farm", "Barn")])) is None


@pytest.mark.parametrize("other", ["http://127.0.0.1:2", "http://127.0.0.1:1/other"])
def test_other_servers_that_do_not_answer(other: str) -> None:
    """Another port or path is another server, as far as anybody can tell."""
    one = Server("http://127.0.0.1:1", timeout_secs=5)

    assert run(onto_itself(one, Server(other, timeout_secs=5), FARM)) is None


def test_a_folder_is_no_server(tmp_path: Path) -> None:
    """Whatever their names."""
    assert run(onto_itself(tmp_path, Server("http://127.0.0.1:1"), FARM)) is None
    assert run(onto_itself(Server("http://127.0.0.1:1"), tmp_path, FARM)) is None


def test_a_server_behind_another_address(influxdb: InfluxDB) -> None:
    """A proxy in front of it hides nothing: the server says who it is."""
    with Proxy(influxdb.port) as proxy:
        one = Server(influxdb.url, influxdb.org)
        other = Server(f"http://127.0.0.1:{proxy.port}", influxdb.org)

        assert run(onto_itself(one, other, FARM)) == "Farm"


def test_two_servers_on_one_machine(influxd: str, influxdb: InfluxDB, tmp_path: Path) -> None:
    """With an organisation of one name each; that is where people move."""
    with InfluxDB(influxd, tmp_path) as second:
        one, other = Server(influxdb.url, influxdb.org), Server(second.url, second.org)

        assert run(onto_itself(one, other, FARM)) is None
