"""The official client, and what a server may do to it."""

import asyncio
import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import SecretStr

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.stores.influxdb.client import RIGHTS, Client
from ingestor.stores.influxdb.connection import MAX_ANSWER_BYTES
from ingestor.stores.influxdb.server import Server
from tests.servers.httpproxy import HttpProxy
from tests.servers.rawpeer import RESET, SILENCE, RawPeer, answer
from tests.support import LOOPS, ROOT, eventually_async, free_port, run

SECRET = "hunter2"  # noqa: S105 - it is looked for in what is said


async def ask(server: Server, *, bucket: str = "") -> Any:  # noqa: ANN401 - an object of the client's
    """The page of buckets that a server gives."""
    async with Client(server) as client:
        service = client.library.BucketsService(client.api)
        return await client.ask(service.get_buckets_async(_preload_content=False), "Buckets", bucket=bucket)


def refused(said: bytes, *, bucket: str = "", timeout_secs: float = 5.0) -> StoreError:
    """The error that an answer becomes."""

    async def main() -> StoreError:
        async with RawPeer(said) as peer:
            with pytest.raises(StoreError) as raised:
                await ask(Server(peer.url, "farm", SecretStr(SECRET), timeout_secs=timeout_secs), bucket=bucket)
        return raised.value

    return run(main())


@pytest.mark.parametrize("loop", LOOPS)
def test_the_token_goes_along_and_objects_come_back(loop: str) -> None:
    """In the client's own classes."""
    body = b'{"buckets": [{"id": "1", "name": "Farm", "retentionRules": [{"type": "expire", "everySeconds": 3600}]}]}'

    async def main() -> tuple[Any, bytes]:
        async with RawPeer(answer(200, body)) as peer:
            found = await ask(Server(peer.url, token=SecretStr(SECRET)))
            return found, peer.requests[0]

    found, request = run(main(), loop=loop)

    assert [(one.name, one.retention_rules[0].every_seconds) for one in found.buckets] == [("Farm", 3600)]
    assert b"\r\nAuthorization: Token hunter2\r\n" in request


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (
            answer(401, b'{"message": "unauthorized access"}'),
            StoreMisconfiguredError,
            "401: unauthorized access. Check",
        ),
        (answer(404, b"<html>nginx</html>"), StoreMisconfiguredError, "no InfluxDB at this address"),
        (answer(302, b"", "Location: http://elsewhere/x"), StoreMisconfiguredError, "redirected to http://elsewhere/x"),
        (answer(407, b""), StoreMisconfiguredError, "its proxy wants other credentials"),
        (answer(200, b"<!doctype html><html></html>"), StoreMisconfiguredError, "this is not how InfluxDB answers"),
        (answer(200, b'{"buckets": [{"name": "x"}]}'), StoreMisconfiguredError, "this is not how InfluxDB answers"),
        (answer(200, b'{"buckets": 5}'), StoreMisconfiguredError, "this is not how InfluxDB answers"),
        (answer(200, b"[" * 100_000), StoreMisconfiguredError, "this is not how InfluxDB answers"),
        (answer(200, b" " * MAX_ANSWER_BYTES), StoreMisconfiguredError, "an answer is longer than 8 MiB"),
        (answer(500, b'{"message": "timeout"}'), StoreUnavailableError, "500: timeout"),
        (answer(503, b"busy", "Retry-After: 7"), StoreUnavailableError, "503: busy"),
        (answer(418, b"tea"), StoreMisconfiguredError, "418: tea"),
        (RESET, StoreUnavailableError, "the connection broke: Connection reset by peer"),
        (b"", StoreUnavailableError, "it hung up before it had answered"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", StoreUnavailableError, "what it answered is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", StoreUnavailableError, "ended too early"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else None,
)
def test_whatever_comes_back_is_told_in_words(said: bytes, kind: type[StoreError], words: str) -> None:
    """Never a traceback of the client's, and never the token."""
    error = refused(said)

    assert isinstance(error, kind)
    assert words in str(error)
    assert SECRET not in f"{error!s}{error!r}{error.__cause__!s}"


def test_silence_ends_after_the_time_that_the_server_has() -> None:
    """The client's own time-out for one request would be ignored."""
    error = refused(SILENCE, timeout_secs=0.2)

    assert isinstance(error, StoreUnavailableError)
    assert str(error).endswith("no answer within 0.2 s")


def test_how_long_to_wait_is_told_on() -> None:
    """In seconds, as the server said."""
    error = refused(answer(503, b"busy", "Retry-After: 7"))

    assert isinstance(error, StoreUnavailableError)
    assert error.retry_after == 7.0


@pytest.mark.parametrize("status", [401, 403])
def test_a_right_that_is_missing_is_not_a_wrong_token(status: int) -> None:
    """InfluxDB says 401 for both; what to grant is told, and it is the fault of one bucket where it is about one."""
    said = answer(status, b'{"code": "unauthorized", "message": "write:orgs/0f/buckets is unauthorized"}')
    of_bucket, of_all = refused(said, bucket="Farm"), refused(said)

    assert str(of_bucket) == f"InfluxDB answered {status}: write:orgs/0f/buckets is unauthorized. {RIGHTS}"
    assert isinstance(of_bucket, BucketError)
    assert of_bucket.bucket == "Farm"
    assert isinstance(of_all, StoreMisconfiguredError)


def test_what_a_user_of_influxdb_1_may_not_is_told() -> None:
    """Which right is missing, in its words."""
    error = refused(answer(403, b'{"error": "w not authorized, requires admin privilege"}'), bucket="Farm")

    assert isinstance(error, BucketError)
    assert str(error) == (
        "InfluxDB answered 403: w not authorized, requires admin privilege. Use a token, or a user, that may"
    )


def test_what_is_refused_about_a_bucket_is_its_fault() -> None:
    """A conflict, or a name that cannot be."""
    error = refused(answer(422, b'{"message": "bucket with name Farm already exists"}'), bucket="Farm")

    assert isinstance(error, BucketError)
    assert str(error) == "InfluxDB answered 422: bucket with name Farm already exists"


def test_a_server_or_proxy_that_is_not_there_is_told() -> None:
    """Entering needs neither."""
    gone = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(StoreUnavailableError, match=rf"^{gone}: cannot be reached: Connection refused$"):
        run(ask(Server(gone)))
    with pytest.raises(
        StoreUnavailableError, match=r"its proxy 127\.0\.0\.1:\d+ cannot be reached: Connection refused"
    ):
        run(ask(Server("http://farm.invalid", proxy=SecretStr(gone.replace("//", f"//me:{SECRET}@")))))


def test_a_ca_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By its path, when the client is entered."""
    with pytest.raises(StoreMisconfiguredError, match=r"the certificates of .*ca\.pem cannot be used"):
        run(ask(Server("https://127.0.0.1:1", ca=tmp_path / "ca.pem")))


def test_an_authority_of_ones_own_is_trusted_where_it_is_named(tmp_path: Path) -> None:
    """And nobody else is."""
    ca, other = trustme.CA(), trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    other.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("127.0.0.1").configure_cert(context)

    async def main() -> object:
        async with RawPeer(answer(200, b'{"buckets": []}'), tls=context) as peer:
            for file in (None, tmp_path / "other.pem"):
                with pytest.raises(StoreMisconfiguredError, match="its certificate is not trusted"):
                    await ask(Server(peer.url, ca=file))
            return (await ask(Server(peer.url, ca=tmp_path / "ca.pem"))).buckets

    assert run(main()) == []


def test_a_proxy_is_used_with_its_credentials() -> None:
    """Wrong ones are told, and not said."""

    async def main() -> tuple[object, int]:
        async with RawPeer(answer(200, b'{"buckets": []}')) as peer, HttpProxy(user="eve:hunter2") as proxy:
            right, wrong = (SecretStr(f"http://eve:{password}@{proxy.address}") for password in (SECRET, "hunter3"))
            found = await ask(Server(peer.url, proxy=right))
            with pytest.raises(StoreMisconfiguredError, match=r"its proxy wants other credentials \(407\)") as raised:
                await ask(Server(peer.url, proxy=wrong))
            assert "hunter" not in str(raised.value)
            return found.buckets, len(proxy.heads)

    assert run(main()) == ([], 2)


def test_importing_the_client_does_not_hold_up_the_loop() -> None:
    """It takes the better part of a second, in a thread; where nobody asks, it is not imported at all."""
    program = """
import asyncio, sys
from ingestor.stores.influxdb import client, api, store
from ingestor.stores.influxdb.server import Server
assert "influxdb_client" not in sys.modules
async def main():
    turns = 0
    async def count():
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1
    counting = asyncio.create_task(count())
    async with client.Client(Server("http://127.0.0.1:1")):
        counting.cancel()
    assert "influxdb_client" in sys.modules
    print(turns)
asyncio.run(main())
"""
    environ = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=True
    )

    assert int(done.stdout) > 20
    assert done.stderr == ""


def test_leaving_closes_the_session() -> None:
    """Nothing is left open, also where a question is given up half-way: what is would be warned of."""

    async def main() -> bool:
        async with RawPeer(SILENCE) as peer:
            asking = asyncio.create_task(ask(Server(peer.url)))
            await eventually_async(lambda: peer.requests)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            return asking.cancelled()

    assert run(main())
