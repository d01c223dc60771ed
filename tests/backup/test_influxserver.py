"""What an InfluxDB gives out for a backup, and how one that cannot is told."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from ingestor.backup.influxserver import InfluxServer, ShardBusyError
from ingestor.backup.record import BackupError
from ingestor.errors import IngestorError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.stores.influxdb.server import Server
from tests.backup.farms import server_of
from tests.servers.influxdb import InfluxDB
from tests.servers.influxdb1 import InfluxDB1
from tests.support import run

PART = '--x\r\nContent-Disposition: attachment; name="{}"\r\nContent-Type: application/octet-stream\r\n\r\n{}\r\n'
PARTS = {"kv": "KV", "sql": "SQL\r\n--y", "buckets": '[{"bucketName": "a"}]\n'}
WHOLE = "".join(PART.format(*part) for part in PARTS.items()) + "--x--\r\n"


class Part:
    """Takes what comes of a part."""

    def __init__(self) -> None:
        self.data = b""

    async def write(self, data: bytes) -> None:
        """Keep it."""
        self.data += data


@asynccontextmanager
async def fake(
    *, version: str = "v2.8.0", shard: Callable[[], web.Response] | None = None, metadata: str = WHOLE
) -> AsyncIterator[Server]:
    """A server that says it is of that version, and gives out that metadata."""
    headers = {"X-Influxdb-Version": version} if version else {}

    async def ping(_: web.Request) -> web.Response:
        return web.Response(status=204, headers=headers)

    async def shards(_: web.Request) -> web.Response:
        missing = web.json_response({"code": "not found", "message": "shard 0 not found"}, status=404, headers=headers)
        return shard() if shard else missing

    async def about(_: web.Request) -> web.Response:
        return web.Response(body=metadata.encode(), headers={**headers, "Content-Type": "multipart/mixed; boundary=x"})

    app = web.Application()
    app.router.add_get("/ping", ping)
    app.router.add_get("/api/v2/backup/shards/{id}", shards)
    app.router.add_get("/api/v2/backup/metadata", about)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        host, port = runner.addresses[0]
        yield Server(f"http://{host}:{port}")
    finally:
        await runner.cleanup()


def version_of(**said: object) -> str:
    """What is made of a server that says this."""

    async def main() -> str:
        async with fake(**said) as server, InfluxServer(server) as asked:  # type: ignore[arg-type]
            return await asked.version()

    return run(main())


def metadata_of(text: str) -> tuple[dict[str, bytes], object]:
    """The parts that come of metadata, and what is told of buckets."""
    parts: dict[str, Part] = {}

    @asynccontextmanager
    async def part(name: str) -> AsyncIterator[Part]:
        parts[name] = Part()
        yield parts[name]

    async def main() -> object:
        async with fake(metadata=text) as server, InfluxServer(server) as asked:
            return await asked.metadata(part)

    told = run(main())
    return {name: one.data for name, one in parts.items()}, told


@pytest.mark.parametrize("version", ["v2.1.0", "v2.8.0", "2.10.1-rc1", "v2.99", "nightly"])
def test_versions_that_have_a_backup(version: str) -> None:
    """From 2.1 on; of a version without numbers that is to be hoped, as the command `influx` does."""
    assert version_of(version=version) == version.removeprefix("v")


@pytest.mark.parametrize("version", ["v2.0.9", "1.8.10", "3.4.1"])
def test_versions_that_have_none(version: str) -> None:
    """They are refused before anything is asked of them."""
    with pytest.raises(BackupError, match=rf"is InfluxDB {version.removeprefix('v')}: .*from 2.1 on"):
        version_of(version=version)


def test_what_is_no_influxdb_is_told() -> None:
    """A proxy, or another program."""
    with pytest.raises(StoreMisconfiguredError, match="this is not how InfluxDB answers"):
        version_of(version="")
    with pytest.raises(StoreMisconfiguredError, match="this is not how InfluxDB answers"):
        version_of(shard=lambda: web.Response(status=404, text="<html>"))


def test_a_server_that_is_busy_is_told() -> None:
    """Later it may do."""
    with pytest.raises(StoreUnavailableError, match="503"):
        version_of(shard=lambda: web.Response(status=503, text="busy"))


def test_a_shard_that_cannot_be_had_just_then_is_told_apart() -> None:
    """It may be asked for again; what is not there any more is none, and what is refused is an error."""

    async def main(status: int, header: str = "x-influxdb-version") -> bool:
        said = web.json_response({"message": "no"}, status=status, headers={header: "2.8.0"})
        async with fake(shard=lambda: said) as server, InfluxServer(server) as asked, asked.shard(5) as shard:
            return shard is None

    assert run(main(404)) is True
    with pytest.raises(StoreMisconfiguredError, match="this is not how InfluxDB answers"):
        run(main(404, "x-served-by"))
    with pytest.raises(ShardBusyError, match="InfluxDB answered 500: no"):
        run(main(500))
    with pytest.raises(StoreUnavailableError, match="503") as found:
        run(main(503))
    assert not isinstance(found.value, ShardBusyError)


def test_metadata_comes_in_parts() -> None:
    """What looks like the end of a part inside of it is none."""
    parts, told = metadata_of(WHOLE)

    assert parts == {"kv": b"KV", "sql": b"SQL\r\n--y"}
    assert told == [{"bucketName": "a"}]


@pytest.mark.parametrize(
    "text",
    [
        *(WHOLE[: WHOLE.index(at) + more] for at in ("KV", "SQL", "[{", "--x--") for more in (0, 1, 2)),
        WHOLE[: WHOLE.index("SQL")] + '{"code":"internal error"}',
        WHOLE.replace('name="sql"', 'name="kv"'),
        WHOLE[WHOLE.index("--x", 5) :],
        PART.format("buckets", "[]") + "--x--\r\n",
        WHOLE.replace('[{"bucketName": "a"}]', '[{"bucketN'),
    ],
)
def test_metadata_that_is_not_all_there_is_refused(text: str) -> None:
    """Wherever it ends, whatever is missing."""
    with pytest.raises((StoreUnavailableError, StoreMisconfiguredError)):
        metadata_of(text)


def test_influxdb_1_is_told(influxd1: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A real one."""

    async def main(server: Server) -> str:
        async with InfluxServer(server) as asked:
            return await asked.version()

    with (
        InfluxDB1(influxd1, tmp_path_factory.mktemp("one")) as server,
        pytest.raises(BackupError, match=r"InfluxDB 1\."),
    ):
        run(main(Server(server.url)))


def test_a_token_without_rights_is_told(farm: InfluxDB) -> None:
    """Also one that may do everything in its organisation, as InfluxDB's own pages make it."""

    async def main(token: str) -> str:
        async with InfluxServer(server_of(farm, token=token)) as server:
            return await server.version()

    with pytest.raises(BackupError, match="operator's token"):
        run(main(all_access(farm)))
    with pytest.raises(StoreMisconfiguredError, match="Check `token`"):
        run(main("unknown"))


def test_a_real_server_tells_of_a_shard_that_it_has_not(farm: InfluxDB) -> None:
    """In a way that is told apart from a proxy that does not find the server."""

    async def main() -> bool:
        async with InfluxServer(server_of(farm)) as server, server.shard(99_999) as shard:
            return shard is None

    assert run(main())


def all_access(server: InfluxDB) -> str:
    """A token that may do everything in the organisation."""
    org = server.org_id()
    kinds = (
        "authorizations", "buckets", "dashboards", "sources", "tasks", "telegrafs", "variables", "scrapers", "secrets",
        "labels", "views", "documents", "notificationRules", "notificationEndpoints", "checks", "dbrp", "notebooks",
        "annotations", "remotes", "replications",
    )  # fmt: skip
    permissions = [
        {"action": action, "resource": {"type": kind, "orgID": org}} for kind in kinds for action in ("read", "write")
    ]
    permissions += [{"action": action, "resource": {"type": "orgs", "id": org}} for action in ("read", "write")]
    return str(server.call("POST", "/api/v2/authorizations", {"orgID": org, "permissions": permissions})["token"])


def test_organisations_and_buckets_are_found(farm: InfluxDB) -> None:
    """By their names; what is not there is no error."""

    async def main() -> list[object]:
        async with InfluxServer(server_of(farm)) as server:
            org = await server.org_id("farm")
            assert org == farm.org_id()
            there = [await server.has_bucket(name, org) for name in ("first", "nothing", "Farm 2")]
            async with server.shard(999_999) as shard:
                return [*there, await server.org_id("nothing"), shard]

    assert run(main()) == [True, False, True, None, None]


def test_a_refusal_has_the_words_of_the_server(farm: InfluxDB) -> None:
    """Such as for a bucket that cannot be removed."""

    async def main() -> None:
        async with InfluxServer(server_of(farm)) as server:
            await server.remove_bucket("0000000000000001")

    with pytest.raises(IngestorError, match="bucket not found"):
        run(main())
