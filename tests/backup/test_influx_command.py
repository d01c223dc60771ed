"""InfluxDB's own command and ours restore what the other backed up, and write the same."""

import gzip
import re
import subprocess
from pathlib import Path

import pytest

from ingestor.backup.influxrestore import Wish
from ingestor.backup.manifest import read_manifest
from ingestor.backup.verify import verify
from tests.backup.farms import back_up, buckets_of, differences, restore, server_of
from tests.copying.ends import THREE
from tests.servers.influxdb import ORG, TOKEN, InfluxDB
from tests.support import run

pytestmark = pytest.mark.long


def call(influx: str, server: InfluxDB, *words: str | Path) -> None:
    """Have InfluxDB's command do this, with nothing of its own configuration."""
    command = [influx, *map(str, words), "--host", server.url, "--token", TOKEN]
    found = subprocess.run(
        command, env={"HOME": str(server.folder)}, capture_output=True, text=True, timeout=50, check=False
    )
    assert found.returncode == 0, found.stderr


@pytest.fixture(scope="module")
def theirs(influx: str, farm: InfluxDB, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup by InfluxDB's command."""
    folder = tmp_path_factory.mktemp("theirs")
    call(influx, farm, "backup", folder)
    return folder


def plain(folder: Path) -> dict[str, bytes]:
    """The files by their names without the time, unpacked; without our record."""
    files = {path.name.partition(".")[2]: path for path in folder.iterdir() if path.name != "backup.json"}
    return {
        name: gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for name, path in files.items()
    }


def test_both_write_the_same(theirs: Path, whole: Path) -> None:
    """The same names, the same manifest byte for byte but for times and sizes, the same shards byte for byte."""
    one, other = plain(whole), plain(theirs)

    def without_what_differs(manifest: bytes) -> str:
        return re.sub(r'\d{8}T\d{6}Z|(?<="size": )\d+', "_", manifest.decode())

    assert {re.fullmatch(r"\d{8}T\d{6}Z", path.name.partition(".")[0]) is None for path in theirs.iterdir()} == {False}
    assert one.keys() == other.keys()
    assert without_what_differs(one["manifest"]) == without_what_differs(other["manifest"])
    shards = [name for name in one if name.endswith(".tar.gz")]
    assert {name: one[name] for name in shards} == {name: other[name] for name in shards}


def test_their_command_restores_ours(influx: str, whole: Path, farm: InfluxDB, empty: InfluxDB) -> None:
    """Single buckets, one under a new name; then all of a server."""
    for bucket in THREE[:2]:
        call(influx, empty, "restore", whole, "--org", ORG, "--bucket", bucket)
    call(influx, empty, "restore", whole, "--org", ORG, "--bucket", THREE[2], "--new-bucket", "third")
    beside = run(differences(farm, empty, *((name, name) for name in THREE[:2]), (THREE[2], "third")))

    call(influx, empty, "restore", whole, "--full")
    full = run(differences(farm, empty))

    assert (beside.differ, full.differ) == (0, 0)
    assert beside.values == full.values > 2_000
    assert buckets_of(empty) == buckets_of(farm)


def test_ours_restores_theirs(theirs: Path, farm: InfluxDB, empty: InfluxDB) -> None:
    """Single buckets, one under a new name; then all of a server."""

    async def main() -> tuple[int, int]:
        await restore(server_of(empty), theirs, Wish(THREE[:2]))
        await restore(server_of(empty), theirs, Wish([THREE[2]], "third"))
        beside = await differences(farm, empty, *((name, name) for name in THREE[:2]), (THREE[2], "third"))
        await restore(server_of(empty), theirs, Wish(full=True))
        return beside.differ, (await differences(farm, empty)).differ

    assert run(main()) == (0, 0)
    assert buckets_of(empty) == buckets_of(farm)


def test_ours_restores_what_is_not_compressed_and_in_one_folder(
    influx: str, farm: InfluxDB, empty: InfluxDB, tmp_path: Path
) -> None:
    """InfluxDB's command can write without compression, and bucket after bucket into the same folder."""
    for bucket in THREE:
        call(influx, farm, "backup", tmp_path, "--bucket", bucket, "--compression", "none")
        for path in tmp_path.glob("20*"):  # two in one second would have the same names
            path.rename(_renamed(path, bucket))
    for path in tmp_path.glob("*.manifest"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r'(?<="fileName": ")', f"{path.name[0]}-", text), encoding="utf-8")

    async def main() -> int:
        assert not (await verify(tmp_path)).problems
        await restore(server_of(empty), tmp_path)
        return (await differences(farm, empty)).differ

    assert len(list(tmp_path.glob("*.tar"))) == 4
    assert run(main()) == 0


def _renamed(path: Path, bucket: str) -> Path:
    return path.with_name(f"{THREE.index(bucket)}-{path.name}")


def test_one_bucket_is_the_same_in_both(influx: str, farm: InfluxDB, tmp_path: Path) -> None:
    """Chosen by its name, the manifest has it alone."""
    call(influx, farm, "backup", tmp_path / "theirs", "--bucket", THREE[0])
    ours = run(back_up(server_of(farm), tmp_path / "ours", THREE[0])).folder
    manifests = [
        read_manifest("m", next(folder.glob("*.manifest")).read_bytes()) for folder in (ours, tmp_path / "theirs")
    ]

    assert [[bucket.bucket_name for bucket in one.buckets] for one in manifests] == [[THREE[0]]] * 2
    assert plain(ours).keys() == plain(tmp_path / "theirs").keys()
