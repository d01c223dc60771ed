"""The HTTP session with an InfluxDB: what is sent, and what an answer may do to us."""

import asyncio
import gzip
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp.client_proto import ResponseHandler
from pydantic import SecretStr

from ingestor.errors import StoreMisconfiguredError, StoreUnavailableError
from ingestor.stores.influxdb.answers import Answer
from ingestor.stores.influxdb.connection import MAX_ANSWER_BYTES, Connection
from ingestor.stores.influxdb.server import Server
from tests.servers.rawpeer import RESET, SILENCE, RawPeer, answer
from tests.support import LOOPS, eventually_async, free_port, run

DONE = answer(204)


async def write(server: Server, *lines: str) -> Answer:
    """What one write gives."""
    async with Connection(server, limit=1) as connection:
        return await connection.write({"bucket": "Farm"}, lines)


@pytest.mark.parametrize("loop", LOOPS)
def test_lines_go_out_compressed_with_the_token(loop: str) -> None:
    """The body is gzip of the lines, the token is in its header, and any name of a bucket arrives as it is."""
    odd = "über 20° & a/b+c=d%20?#"

    async def main() -> tuple[bytes, Answer]:
        async with RawPeer(answer(204, b"", "X-Influxdb-Version: v2.8.0")) as peer:
            async with Connection(Server(peer.url, token=SecretStr("hunter2")), limit=1) as connection:
                said = await connection.write({"org": "o", "bucket": odd, "precision": "ns"}, ["a f=1 1", "ü f=2 2"])
            return peer.requests[0], said

    request, said = run(main(), loop=loop)
    head, _, body = request.partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    method, target, _ = first.split(" ")

    assert method == "POST"
    assert urlsplit(target).path == "/api/v2/write"
    assert parse_qs(urlsplit(target).query) == {"org": ["o"], "bucket": [odd], "precision": ["ns"]}
    assert {"Authorization: Token hunter2", "Content-Encoding: gzip", "Accept-Encoding: identity"} <= set(headers)
    assert gzip.decompress(body).decode() == "a f=1 1\nü f=2 2"
    assert (said.status, said.headers["x-influxdb-version"], said.body) == (204, "v2.8.0", b"")


@pytest.mark.parametrize("loop", LOOPS)
def test_a_stray_answer_is_not_that_of_the_next_request(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes on an idle connection stores nothing: the request fails, and the next goes over a new connection."""
    came: list[bytes] = []
    receive = ResponseHandler.data_received

    def spy(self: ResponseHandler, data: bytes) -> None:
        receive(self, data)
        came.append(data)

    monkeypatch.setattr(ResponseHandler, "data_received", spy)

    async def main() -> Answer:
        stray = asyncio.Event()
        tasks: list[asyncio.Task[None] | None] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.append(asyncio.current_task())
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer(503) if stray.is_set() else DONE)
            await stray.wait()
            writer.write(DONE)
            with suppress(ConnectionError):
                await reader.read()
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
            host, port = listening.sockets[0].getsockname()
            async with Connection(Server(f"http://{host}:{port}"), limit=1) as connection:
                assert (await connection.ask("/ping", {})).status == 204
                stray.set()
                await eventually_async(lambda: len(came) == 2)
                with pytest.raises(StoreUnavailableError, match="it answered before it was asked"):
                    await connection.ask("/ping", {})
                said = await connection.ask("/ping", {})
            await asyncio.gather(*filter(None, tasks))
        return said

    assert run(main(), loop=loop).status == 503


def test_one_connection_carries_many_requests() -> None:
    """The next request goes over the same connection, also after an error of the server."""

    async def main() -> int:
        connections = 0
        accepted = asyncio.StreamReaderProtocol.connection_made

        def count(self: asyncio.StreamReaderProtocol, transport: asyncio.BaseTransport) -> None:
            nonlocal connections
            connections += 1
            accepted(self, transport)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asyncio.StreamReaderProtocol, "connection_made", count)
            async with RawPeer(answer(500, b"{}")) as peer, Connection(Server(peer.url), limit=8) as connection:
                for _ in range(5):
                    await connection.write({}, ["a f=1 1"])
                assert len(peer.requests) == 5
        return connections

    assert run(main()) == 1


def test_a_large_body_is_sent_whole() -> None:
    """Several megabytes, which do not compress, arrive as they were."""
    lines = [f'a f="{number * 7**400:x}" {number}' for number in range(12_000)]

    async def main() -> bytes:
        async with RawPeer(DONE) as peer:
            await write(Server(peer.url), *lines)
            return peer.requests[0]

    body = run(main()).partition(b"\r\n\r\n")[2]

    assert len(body) > 2**20
    assert gzip.decompress(body).decode().split("\n") == lines


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (RESET, "Connection reset by peer"),
        (b"", "it hung up before it had answered"),
        (SILENCE, r"no answer within 0\.2 s"),
        (b"HTTP/1.1 400 Bad\r\nContent-Length: 100\r\n\r\nshort", r"no answer within 0\.2 s|ended too early"),
        (b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "its answer ended too early"),
        (b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "."),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "what it answered is not HTTP"),
        (answer(204, b"", f"X-Long: {'x' * 20_000}"), "what it answered is not HTTP"),
    ],
    ids=["reset", "hung up", "silent", "cut", "cut chunk", "odd chunk", "no http", "long header"],
)
@pytest.mark.parametrize("loop", LOOPS)
def test_whatever_goes_wrong_on_the_way_is_tried_again(said: bytes, words: str, loop: str) -> None:
    """Also after all of the body was sent: the same points again change nothing. The address is named."""

    async def main() -> None:
        async with RawPeer(said) as peer:
            with pytest.raises(StoreUnavailableError, match=rf"^{peer.url}: (the connection broke: )?({words})"):
                await write(Server(peer.url, timeout_secs=0.2), "a f=1 1")

    run(main(), loop=loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_that_is_not_there_is_tried_again(loop: str) -> None:
    """Nothing listens: the reason is the system's."""
    with pytest.raises(
        StoreUnavailableError, match=r"^http://127\.0\.0\.1:\d+: cannot be reached: Connection refused$"
    ):
        run(write(Server(f"http://127.0.0.1:{free_port()}"), "a f=1 1"), loop=loop)


def test_redirects_are_not_followed_and_cookies_not_kept() -> None:
    """A token goes to the address that was configured, and nowhere else."""

    async def main() -> None:
        async with RawPeer(DONE) as other:
            said = answer(307, b"", f"Location: {other.url}", "Set-Cookie: a=b")
            async with RawPeer(said) as peer, Connection(Server(peer.url), limit=1) as connection:
                statuses = [(await connection.write({}, ["a f=1 1"])).status for _ in range(2)]

            assert statuses == [307, 307]
            assert other.requests == []
            assert not any(b"cookie" in request.lower() for request in peer.requests)

    run(main())


def test_an_endless_answer_is_read_to_a_limit() -> None:
    """A server cannot fill our memory, neither with length nor with what unpacks to more; we ask for it plain."""
    bomb = gzip.compress(bytes(MAX_ANSWER_BYTES * 4))

    async def main() -> list[bytes]:
        bodies = []
        for said in (answer(400, bytes(MAX_ANSWER_BYTES * 2)), answer(400, bomb, "Content-Encoding: gzip")):
            async with RawPeer(said) as peer:
                bodies.append((await write(Server(peer.url), "a f=1 1")).body)
        return bodies

    endless, packed = run(main())

    assert len(endless) == MAX_ANSWER_BYTES
    assert packed == bomb


def test_certificates_that_cannot_be_read_are_told_when_they_are_needed() -> None:
    """Getting ready does not need them."""

    async def main() -> None:
        await write(Server("https://127.0.0.1:1", ca=Path("/nowhere/ca.pem")), "a f=1 1")

    with pytest.raises(StoreMisconfiguredError, match=r"ca\.pem cannot be used"):
        run(main())
