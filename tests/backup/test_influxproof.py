"""Restoring a backup of InfluxDB for a look."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

from ingestor.backup.verify import FILES, RESTORED, verify
from tests.backup.test_embeddedproof import forge
from tests.backup.test_folder import read
from tests.copying.ends import THREE, points_of
from tests.support import run


def test_each_bucket_is_restored_and_counted(whole: Path, influxd: str) -> None:
    """All values of all shards of all years; and the record says that it was restored."""
    steps: list[float] = []
    found = run(verify(whole, influxd=influxd, on_progress=lambda share, _: steps.append(share)), timeout_secs=120)

    assert (found.problems, found.how, found.why_not) == ([], RESTORED, None)
    assert found.counts == {
        "first": 0,
        **{bucket: sum(len(fields) for _, _, fields in points_of(bucket)) for bucket in THREE},
    }
    verified = read(whole).verified
    assert verified is not None
    assert (verified.how, verified.problems) == (RESTORED, ())
    assert steps == sorted(steps)


def test_what_does_not_come_back_is_told(whole: Path, influxd: str, tmp_path: Path) -> None:
    """A shard that no server can read, though each file is as it was recorded; others are restored all the same."""
    folder = Path(shutil.copytree(whole, tmp_path / "damaged"))
    (text,) = folder.glob("*.manifest")
    manifest = json.loads(text.read_text())
    bucket = next(one for one in manifest["buckets"] if one["bucketName"] == THREE[0])
    shard = bucket["retentionPolicies"][0]["shardGroups"][0]["shards"][0]
    content = bytearray(gzip.decompress((folder / shard["fileName"]).read_bytes()))
    content[content.index(b"\x16\xd1\x16\xd1")] ^= 255  # the mark at the beginning of a file of points
    (folder / shard["fileName"]).write_bytes(gzip.compress(content))
    shard["size"] = (folder / shard["fileName"]).stat().st_size
    text.write_text(json.dumps(manifest, indent=2))
    forge(folder, shard["fileName"])
    forge(folder, text.name)
    found = run(verify(folder, influxd=influxd), timeout_secs=120)

    assert found.problems == [f"bucket {THREE[0]}: InfluxDB cannot read 000000001-000000001.tsm"]
    assert {bucket for bucket, count in found.counts.items() if count} == {*THREE[1:]}
    assert found.how == RESTORED


@pytest.mark.parametrize(("program", "words"), [("/nowhere/influxd", "cannot be started"), (None, "--influxd")])
def test_without_a_server_files_are_looked_at(whole: Path, program: str | None, words: str) -> None:
    """And it is told that this was all, and why."""
    found = run(verify(whole, influxd=program))

    assert (found.problems, found.how, found.counts) == ([], FILES, {})
    assert found.why_not is not None
    assert words in found.why_not
