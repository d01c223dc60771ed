"""`ingestor backup`: backing stores up, looking at backups, restoring them."""

from pathlib import Path

import pytest

from ingestor.backup.record import LOGICAL, SQLITE
from tests.backup.embeddedstores import points, store_in
from tests.backup.farms import fill
from tests.cli.commands import Cli, read_config, write_config
from tests.copying.ends import THREE
from tests.servers.influxdb import InfluxDB
from tests.support import run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose store has two buckets."""
    file = write_config(tmp_path)
    run(store_in(read_config(file).store_path("local"), points("A", count=30), points("B", "soil", count=7)))
    return file


def made(cli: Cli, config: Path, *arguments: str) -> Path:
    """The folder of a backup."""
    to = config.parent / "backups"
    return Path(cli("backup", "run", "--config", config, "--to", to, *arguments, "--json").json["folder"])


@pytest.mark.parametrize(("flags", "kind"), [((), SQLITE), (("--logical",), LOGICAL)])
def test_a_store_is_backed_up_verified_and_restored(cli: Cli, config: Path, flags: tuple[str, ...], kind: str) -> None:
    """By four commands, which tell what they did."""
    to = config.parent / "backups"
    done = cli("backup", "run", "--config", config, "--to", to, "--copy-to", config.parent / "second", *flags)
    (folder,) = to.iterdir()
    before = cli("backup", "list", to)
    verified = cli("backup", "verify", folder)
    after = cli("backup", "list", to)
    refused = cli("backup", "restore", folder, "--config", config)
    restored = cli("backup", "restore", folder, "--config", config, "--bucket", "B", "--new-bucket", "B 2")

    assert (done.code, done.err) == (0, "")
    assert done.lines[0].startswith("store local is backed up: 2 buckets, ")
    assert done.lines[1] == f"a copy is in {config.parent / 'second' / folder.name}"
    assert " no " in before.out
    assert (verified.code, verified.err) == (0, "")
    assert verified.out.endswith("restored for a look, it has 2 buckets with 37 points\n")
    assert "restored" in after.out
    assert (refused.code, refused.out) == (1, "")
    assert "nothing was restored: say --bucket A --new-bucket NAME" in refused.err
    assert (restored.code, restored.err) == (0, "")
    assert "7 points" in restored.out
    assert cli("backup", "list", to, "--json").json[0]["kind"] == kind


def test_a_damaged_backup_ends_with_one(cli: Cli, config: Path) -> None:
    """What is wrong is named, noted, and listed."""
    folder = made(cli, config)
    (folder / "A.db").unlink()
    found = cli("backup", "verify", folder)

    assert (found.code, found.out) == (1, "")
    assert "A.db is missing" in found.err
    assert "DAMAGED" in cli("backup", "list", folder.parent).out


def test_old_ones_are_removed_by_kind(cli: Cli, config: Path) -> None:
    """A backup of files does not put out one of readings."""
    first, logical = made(cli, config), made(cli, config, "--logical")
    second = cli("backup", "run", "--config", config, "--to", first.parent, "--keep", "1")

    assert second.lines[-1] == f"removed {first}"
    assert logical.exists()
    assert not first.exists()


def test_what_does_not_fit_is_told(cli: Cli, config: Path, tmp_path: Path) -> None:
    """In one line, and nothing is changed."""
    folder = made(cli, config)
    other = write_config(
        tmp_path / "other", stores={"farm": {"kind": "influxdb", "url": "http://127.0.0.1:1", "org": "o"}}
    )
    two = write_config(tmp_path / "two", stores={"a": {"kind": "sqlite"}, "b": {"kind": "sqlite"}})

    said = [
        cli("backup", "restore", folder, "--config", other),
        cli("backup", "restore", folder, "--config", other, "--store", "farm"),
        cli("backup", "restore", folder, "--config", two),
        cli("backup", "restore", folder, "--config", config, "--store", "x"),
        cli("backup", "restore", folder, "--config", config, "--full"),
        cli("backup", "restore", folder, "--config", config, "--new-bucket", "x"),
        cli("backup", "run", "--config", two),
        cli("backup", "verify", tmp_path),
        cli("backup", "list", tmp_path / "nowhere"),
    ]
    words = [
        "a store of kind sqlite, and there is none",
        "store farm is of kind influxdb, and the backup is of kind sqlite",
        "there are several, a, b: say which with --store",
        "no store is called 'x'",
        "--full and --org are for backups of InfluxDB",
        "--new-bucket is for one --bucket",
        "there are several stores, a, b",
        "is no backup",
        "cannot be read",
    ]
    for result, word in zip(said, words, strict=True):
        assert result.code != 0
        assert word in " ".join(result.err.split()).replace("│ ", "").replace(" │", "")
        assert result.out == ""


def test_a_server_is_backed_up_and_restored(
    cli: Cli, influxd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it, and looked at in a server of its own where one can be had; else that is told."""
    monkeypatch.delenv("INFLUXD", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "server").mkdir()
    with InfluxDB(influxd, tmp_path / "server") as server:
        fill(server, rows=20)
        config = write_config(tmp_path, stores={"farm": server.store()})
        folder = made(cli, config)
        files = cli("backup", "verify", folder)
        strict = cli("backup", "verify", folder, "--influxd", tmp_path / "nothing")
        restored = cli("backup", "verify", folder, "--influxd", influxd)
        again = cli("backup", "restore", folder, "--config", config, "--bucket", THREE[0], "--new-bucket", "again")

    assert files.code == 0
    assert "all as recorded" in files.out
    assert "it was not restored: there is no influxd here" in files.err
    assert strict.code == 1
    assert "cannot be started" in strict.err
    assert (restored.code, restored.err) == (0, "")
    assert "restored for a look, it has 4 buckets with " in restored.out
    assert again.code == 0
    assert "shards" in again.out
