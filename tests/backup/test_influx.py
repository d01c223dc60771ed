"""Backing an InfluxDB 2 up."""

import asyncio
import json
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol
from pydantic import SecretStr

from ingestor.backup import influx
from ingestor.backup.influx import InfluxBackup, Progress
from ingestor.backup.influxserver import InfluxServer, Shard, ShardBusyError
from ingestor.backup.manifest import read_manifest
from ingestor.backup.record import BackupError, read_record
from ingestor.backup.verify import verify
from ingestor.errors import StoreMisconfiguredError, StoreUnavailableError
from tests.backup.farms import NOON, STAMP, Cut, back_up, names_in, server_of
from tests.backup.test_influxserver import all_access
from tests.copying.ends import THREE
from tests.servers.httpproxy import HttpProxy
from tests.servers.influxdb import InfluxDB
from tests.support import free_port, run


def test_all_of_a_server_is_in_it(farm: InfluxDB, whole: Path) -> None:
    """The server's own data, and each shard of each bucket, in files whose names tell what they are."""
    manifest = read_manifest("m", (whole / f"{STAMP}.manifest").read_bytes())
    record = read_record(whole)
    numbers = [shard.id for bucket in manifest.buckets for shard in bucket.shards]
    named = [f"{STAMP}.{number}.tar.gz" for number in numbers]

    assert whole.name == f"{STAMP}-farm"
    assert names_in(whole) == sorted(
        [*named, f"{STAMP}.bolt.gz", f"{STAMP}.sqlite.gz", f"{STAMP}.manifest", "backup.json"]
    )
    assert {bucket.bucket_name for bucket in manifest.buckets} >= {*THREE, "first", "_monitoring", "_tasks"}
    assert len(numbers) >= 4
    assert record is not None
    assert (record.kind, record.store, record.version, record.whole) == ("influxdb", "farm", "2.8.0", True)
    assert sorted(file.name for file in record.files) == sorted(set(names_in(whole)) - {"backup.json"})
    assert farm.org_id() == manifest.buckets[0].organization_id
    assert not run(verify(whole)).problems


def test_single_buckets_are_backed_up(farm: InfluxDB, tmp_path: Path) -> None:
    """With the server's own data, as by the command `influx`; how far it is, is told after each shard."""
    seen: list[Progress] = []
    job = InfluxBackup(server_of(farm), "farm", THREE[:2], on_progress=seen.append)
    backup = run(job.run(tmp_path, now=lambda: NOON))
    manifest = json.loads((backup.folder / f"{STAMP}.manifest").read_text())

    assert {bucket["bucketName"] for bucket in manifest["buckets"]} == set(THREE[:2])
    assert (backup.record.whole, set(backup.record.buckets)) == (False, set(THREE[:2]))
    assert [one.share for one in seen] == sorted({one.share for one in seen})
    assert seen[-1].share == 1.0
    assert 0 < seen[-1].done < backup.record.size


def test_a_bucket_that_is_not_there_is_refused(farm: InfluxDB, tmp_path: Path) -> None:
    """By name, with those that there are; nothing is left."""
    with pytest.raises(BackupError, match=r"has no bucket Nothing; there is .*Farm 2, Power"):
        run(back_up(server_of(farm), tmp_path, "Farm 2", "Nothing"))

    assert names_in(tmp_path) == []


def test_a_server_that_refuses_leaves_nothing(farm: InfluxDB, tmp_path: Path) -> None:
    """A token without rights, or nobody at the address."""
    with pytest.raises(BackupError, match="operator's token"):
        run(back_up(server_of(farm, token=all_access(farm)), tmp_path))
    with pytest.raises(StoreMisconfiguredError, match="Check `token`"):
        run(back_up(server_of(farm, token="unknown"), tmp_path))  # noqa: S106
    with pytest.raises(StoreUnavailableError, match="Connection refused"):
        run(back_up(server_of(farm, port=free_port()), tmp_path))

    assert names_in(tmp_path) == []


def test_it_goes_through_the_proxy_of_the_store(farm: InfluxDB, tmp_path: Path) -> None:
    """As all that is said to that store."""

    async def main() -> int:
        async with HttpProxy() as proxy:
            server = server_of(farm)._replace(proxy=SecretStr(f"http://{proxy.address}"))
            await back_up(server, tmp_path, "first")
            return len(proxy.heads)

    assert run(main()) == 1


def test_deleted_points_are_noted(empty: InfluxDB, tmp_path: Path) -> None:
    """InfluxDB restores points that were deleted, as long as they are still in its files; so that is said."""
    now = datetime.now(UTC)
    for bucket in ("kept", "changed"):
        empty.create_bucket(bucket)
        empty.write(bucket, *(f"m v={n} {int(now.timestamp()) - n}000000000" for n in range(10)))
    first = run(back_up(server_of(empty), tmp_path))  # has the server write its files
    span = {"start": (now - timedelta(seconds=5)).isoformat(), "stop": (now + timedelta(days=1)).isoformat()}
    empty.call("POST", "/api/v2/delete?org=farm&bucket=changed", {**span, "predicate": '_measurement="m"'})

    second = run(back_up(server_of(empty), tmp_path))

    assert first.record.notes == ()
    assert len(second.record.notes) == 1
    assert second.record.notes[0].startswith("bucket changed: deleted points")
    assert first.folder != second.folder


@pytest.mark.parametrize("fault", [ShardBusyError("it is being looked after"), b"not an archive"])
def test_a_shard_that_cannot_be_had_just_then_is_asked_for_again(
    farm: InfluxDB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception | bytes
) -> None:
    """A server refuses one for some seconds, or fails in the middle of it, and nothing of that stays."""
    asked: list[int] = []
    real = InfluxServer.shard

    @asynccontextmanager
    async def shard(self: InfluxServer, number: int) -> AsyncIterator[Shard | None]:
        asked.append(number)
        if asked.count(number) > 2:
            async with real(self, number) as found:
                yield found
        elif isinstance(fault, Exception):
            raise fault
        else:
            content = aiohttp.StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16)
            content.feed_data(fault)
            content.feed_eof()
            yield Shard(gzipped=False, content=content)

    monkeypatch.setattr(InfluxServer, "shard", shard)
    monkeypatch.setattr(influx, "_PAUSES_SECS", (0.0, 0.0))
    backup = run(back_up(server_of(farm), tmp_path, THREE[0]))

    assert len(asked) == 3
    assert not run(verify(backup.folder)).problems
    assert len(names_in(backup.folder)) == len(backup.record.files) + 1
    monkeypatch.setattr(influx, "_PAUSES_SECS", (0.0,))
    asked.clear()
    with pytest.raises((ShardBusyError, BackupError)):
        run(back_up(server_of(farm), tmp_path / "more", THREE[0]))
    assert names_in(tmp_path / "more") == []


def test_a_shard_that_is_made_meanwhile_is_left_out(
    farm: InfluxDB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own data in the backup may not know it, and no full restore would take it."""
    known = run(_shard_ids(farm))

    async def shard_ids(_: InfluxServer) -> frozenset[int]:
        return known - {max(known)}

    monkeypatch.setattr(InfluxServer, "shard_ids", shard_ids)
    backup = run(back_up(server_of(farm), tmp_path))
    manifest = read_manifest("m", (backup.folder / f"{STAMP}.manifest").read_bytes())

    assert {shard.id for bucket in manifest.buckets for shard in bucket.shards} == known - {max(known)}


async def _shard_ids(server: InfluxDB) -> frozenset[int]:
    async with InfluxServer(server_of(server)) as asked:
        return await asked.shard_ids()


@pytest.mark.long
@pytest.mark.parametrize("share", [n / 12 for n in range(12)])
def test_broken_off_anywhere_it_leaves_nothing(farm: InfluxDB, tmp_path: Path, share: float) -> None:
    """A server that is gone, or an answer that is cut off, at the first byte as at the last."""

    async def main() -> None:
        async with Cut(farm.port) as all_of_it:
            await back_up(server_of(farm, port=all_of_it.port), tmp_path / "whole")
        for less in (0, 60):  # into a head, into a body
            async with Cut(farm.port, int(all_of_it.passed * share) + less) as cut:
                with pytest.raises((StoreUnavailableError, BackupError)):
                    await back_up(server_of(farm, port=cut.port), tmp_path / "broken")

    run(main())

    assert names_in(tmp_path / "broken") == []


def test_archives_are_those_of_the_server(whole: Path) -> None:
    """They can be opened by any program, and hold InfluxDB's own files."""
    for file in whole.glob("*.tar.gz"):
        with tarfile.open(file) as tar:
            assert {Path(name).suffix for name in tar.getnames()} <= {".tsm"}
