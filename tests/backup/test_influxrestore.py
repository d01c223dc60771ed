"""Restoring a backup of InfluxDB 2."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestor.backup.influxrestore import InfluxRestore, Wish
from ingestor.backup.influxserver import InfluxServer
from ingestor.backup.record import FILE_NAME, BackupError
from ingestor.errors import StoreUnavailableError
from tests.backup.farms import STAMP, Cut, back_up, buckets_of, differences, restore, server_of
from tests.backup.test_influxserver import all_access
from tests.copying.ends import THREE
from tests.servers.influxdb import InfluxDB
from tests.support import free_port, run


@pytest.fixture
def damaged(whole: Path, tmp_path: Path) -> Path:
    """A copy of the backup, to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / whole.name))


def shard_of(folder: Path) -> Path:
    """The largest file of a shard."""
    return max(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_size)


def test_buckets_are_restored_beside_others(whole: Path, farm: InfluxDB, empty: InfluxDB) -> None:
    """Each series is equal by count and hash; what is there already stays."""
    empty.write("first", "m v=1 1")
    seen: list[float] = []

    async def main() -> tuple[int, int]:
        job = InfluxRestore(server_of(empty), whole, on_progress=lambda share, _: seen.append(share))
        restored = await job.run(Wish(THREE))
        verdict = await differences(farm, empty)
        return sum(one.shards for one in restored), verdict.differ

    shards, differ = run(main())

    assert (shards, differ) == (4, 0)
    assert buckets_of(empty) == {"first", *THREE}
    assert empty.values("first", "m", "v") == ["1"]
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_bucket_gets_another_name(whole: Path, farm: InfluxDB) -> None:
    """Beside the one that it was, of the same server."""

    async def main() -> int:
        try:
            await restore(server_of(farm), whole, Wish([THREE[1]], "another <name>"))
            return (await differences(farm, farm, (THREE[1], "another <name>"))).differ
        finally:
            await asyncio.to_thread(farm.delete_bucket, "another%20%3Cname%3E")

    assert run(main()) == 0


def test_a_server_is_restored_whole(whole: Path, farm: InfluxDB, empty: InfluxDB) -> None:
    """With users and tokens, in place of what was there; the token of before need not be known any more."""
    empty.create_bucket("goes away")
    other = empty.call("POST", "/api/v2/authorizations", {"orgID": empty.org_id(), "permissions": operator(empty)})[
        "token"
    ]

    async def main() -> int:
        await restore(server_of(empty, token=other), whole, Wish(full=True))
        return (await differences(farm, empty)).differ

    assert run(main()) == 0
    assert buckets_of(empty) == buckets_of(farm)
    assert empty.org_id() == farm.org_id()


def operator(server: InfluxDB) -> object:
    """All that the first token may."""
    (first,) = server.call("GET", "/api/v2/authorizations")["authorizations"]
    return first["permissions"]


@pytest.mark.long
def test_a_token_that_the_server_cannot_tell_has_to_be_given(influxd: str, empty: InfluxDB, tmp_path: Path) -> None:
    """One that keeps them hashed does not say which one holds now: half is done, that is told, and how to go on."""
    other = empty.call("POST", "/api/v2/authorizations", {"orgID": empty.org_id(), "permissions": operator(empty)})
    (tmp_path / "hashed").mkdir()
    with InfluxDB(influxd, tmp_path / "hashed", options=["--use-hashed-tokens"]) as server:
        server.write("first", "m v=1 1")
        folder = run(back_up(server_of(server), tmp_path / "backups")).folder

    with pytest.raises(
        BackupError, match=r"unauthorized .* restore it again, from the beginning.* a token of the backup"
    ):
        run(restore(server_of(empty, token=other["token"]), folder, Wish(full=True)))
    run(restore(server_of(empty), folder, Wish(full=True)))

    assert empty.values("first", "m", "v") == ["1"]


def refused(server: InfluxDB, folder: Path, wish: Wish, words: str) -> None:
    """It is, with these words, and nothing is changed."""
    before = buckets_of(server)
    with pytest.raises(BackupError, match=words) as found:
        run(restore(server_of(server), folder, wish))
    assert "\n" not in str(found.value)
    assert buckets_of(server) == before


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (Path.unlink, "is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9] + b"123456789"), "is damaged"),
    ],
)
def test_a_damaged_backup_is_refused(
    damaged: Path, farm: InfluxDB, harm: Callable[[Path], object], words: str, *, ours: bool, full: bool
) -> None:
    """A shard that is missing, cut off or changed, also where only its own checksum tells."""
    harm(shard_of(damaged))
    if not ours:
        (damaged / FILE_NAME).unlink()

    refused(farm, damaged, Wish(full=full) if full else Wish([THREE[0]], "new"), f"{words}.*; nothing was restored")


def test_of_other_buckets_the_files_may_be_gone(damaged: Path, farm: InfluxDB) -> None:
    """What is whole of a damaged backup can be had."""
    shard_of(damaged).unlink()
    (damaged / f"{STAMP}.bolt.gz").unlink()

    async def main() -> int:
        try:
            await restore(server_of(farm), damaged, Wish([THREE[2]], "third"))
            return (await differences(farm, farm, (THREE[2], "third"))).differ
        finally:
            await asyncio.to_thread(farm.delete_bucket, "third")

    assert run(main()) == 0


def test_another_layout_is_refused(damaged: Path, farm: InfluxDB) -> None:
    """One of a version to come, or of before."""
    (damaged / FILE_NAME).unlink()
    manifest = damaged / f"{STAMP}.manifest"
    manifest.write_text(manifest.read_text().replace('"manifestVersion": 2', '"manifestVersion": 9'))

    refused(farm, damaged, Wish([THREE[0]], "new"), "is of layout 9, and this reads layout 2")


def test_a_bucket_that_is_there_is_refused(whole: Path, farm: InfluxDB) -> None:
    """Of all before the first is restored."""
    refused(farm, whole, Wish(), "has a bucket .* already, and nothing was restored: say --bucket .* --new-bucket NAME")
    refused(farm, whole, Wish([THREE[0]], "first"), "has a bucket first already")


def test_what_is_not_in_it_is_refused(whole: Path, farm: InfluxDB, tmp_path: Path) -> None:
    """A bucket or an organisation that it does not have; and all of a server from a backup of one bucket."""
    refused(farm, whole, Wish(["Nothing"]), "has no bucket Nothing; there is .*Farm 2, Power")
    refused(farm, whole, Wish(org="nobody"), "has no bucket at all; there is none")
    one = run(back_up(server_of(farm), tmp_path, THREE[2])).folder
    refused(farm, one, Wish(full=True), "is no backup of a whole server: it holds odd")


def test_a_server_that_cannot_take_it_is_told(whole: Path, farm: InfluxDB) -> None:
    """Without rights, without the organisation, or not there."""
    with pytest.raises(BackupError, match="operator's token"):
        run(restore(server_of(farm, token=all_access(farm)), whole))
    with pytest.raises(BackupError, match="has no organisation nobody"):
        run(restore(server_of(farm, org="nobody"), whole))
    with pytest.raises(StoreUnavailableError, match="Connection refused"):
        run(restore(server_of(farm, port=free_port()), whole))


def test_of_several_organisations_one_is_chosen(whole: Path, farm: InfluxDB, tmp_path: Path) -> None:
    """That of the store where it has the same name, else the one that is named; one alone needs no name."""
    other = farm.call("POST", "/api/v2/orgs", {"name": "other"})["id"]
    try:
        farm.call("POST", "/api/v2/buckets", {"orgID": other, "name": "theirs", "retentionRules": []})
        two = run(back_up(server_of(farm), tmp_path)).folder

        assert [one.to for one in run(restore(server_of(farm, org="other"), whole, Wish([THREE[2]], "x")))] == ["x"]
        refused(farm, two, Wish(["theirs"]), "has no bucket theirs")
        named = Wish(["theirs"], org="other")
        assert [one.to for one in run(restore(server_of(farm), two, named))] == ["theirs"]
        third = farm.call("POST", "/api/v2/orgs", {"name": "third"})["id"]
        with pytest.raises(BackupError, match="several organisations, farm, other: say --org NAME"):
            run(restore(server_of(farm, org="third"), two))
        farm.call("DELETE", f"/api/v2/orgs/{third}")
    finally:
        farm.call("DELETE", f"/api/v2/orgs/{other}")
        if "theirs" in buckets_of(farm):
            farm.delete_bucket("theirs")


def test_broken_off_it_takes_back_what_it_began(whole: Path, farm: InfluxDB, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who loses patience in the middle of a shard leaves no bucket behind."""
    before = buckets_of(farm)

    async def main() -> None:
        job = InfluxRestore(server_of(farm), whole)
        begun = asyncio.Event()

        async def wait(*_: object) -> None:
            begun.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(InfluxRestore, "_restore_shard", wait)
        task = asyncio.create_task(job.run(Wish([THREE[0]], "begun")))
        await begun.wait()
        assert "begun" in await asyncio.to_thread(buckets_of, farm)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())

    assert buckets_of(farm) == before


@pytest.mark.parametrize("stays", [False, True])
def test_what_cannot_be_taken_back_is_told(
    whole: Path, farm: InfluxDB, monkeypatch: pytest.MonkeyPatch, *, stays: bool
) -> None:
    """A server that is gone in the middle keeps a bucket that holds a part; one that is back does not."""
    before = buckets_of(farm)

    async def main() -> str:
        cut = Cut(farm.port)
        async with cut:
            job = InfluxRestore(server_of(farm, port=cut.port), whole)

            async def fail(*_: object) -> None:
                if stays:
                    await cut.__aexit__(None, None, None)
                raise StoreUnavailableError("it broke")

            monkeypatch.setattr(InfluxRestore, "_restore_shard", fail)
            with pytest.raises(BackupError) as found:
                await job.run(Wish([THREE[0]], "begun"))
            return str(found.value)

    told = run(main())
    left = buckets_of(farm) - before
    for name in left:
        farm.delete_bucket(name)

    assert left == ({"begun"} if stays else set())
    assert told == ("it broke; " + ("what was begun could not be taken back: remove begun before you try again" if stays
                                    else "nothing was restored"))  # fmt: skip


def test_shards_that_the_server_does_not_know_are_told(
    whole: Path, farm: InfluxDB, empty: InfluxDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a backup by InfluxDB's command during which a shard was made; all others are restored."""
    real = InfluxServer.shard_ids

    async def shard_ids(self: InfluxServer) -> frozenset[int]:
        known = await real(self)
        return known - {max(known)}

    monkeypatch.setattr(InfluxServer, "shard_ids", shard_ids)
    restored = run(restore(server_of(empty), whole, Wish(full=True)))
    (problem,) = [problem for one in restored for problem in one.problems]

    assert ".tar.gz was left out: its shard was made while the backup was under way" in problem
    assert run(differences(farm, empty)).differ > 0


def test_half_of_a_server_is_told(whole: Path, empty: InfluxDB, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be restored again, from the beginning."""

    async def main() -> str:
        async def fail(*_: object) -> None:
            raise StoreUnavailableError("it broke")

        with monkeypatch.context() as patch:
            patch.setattr(InfluxRestore, "_restore_shard", fail)
            with pytest.raises(BackupError) as found:
                await restore(server_of(empty), whole, Wish(full=True))
        await restore(server_of(empty), whole, Wish(full=True))
        return str(found.value)

    assert "it broke. http://127.0.0.1" in run(main())
    assert buckets_of(empty) >= set(THREE)
