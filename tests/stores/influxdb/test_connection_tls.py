"""Certificates and proxies on the way to an InfluxDB."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from ingestor.errors import StoreMisconfiguredError, StoreUnavailableError
from ingestor.stores.influxdb.connection import Connection
from ingestor.stores.influxdb.server import Server
from tests.servers.httpproxy import HttpProxy
from tests.servers.rawpeer import RawPeer, answer
from tests.support import LOOPS, free_port, run


class Authority:
    """Somebody who signs certificates; `file` holds what has to be trusted."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.file = folder / "ca.pem"
        self.publish()

    def publish(self) -> None:
        """Write its own certificate to `file`."""
        self._ca.cert_pem.write_to_path(str(self.file))

    def signed(self, name: str = "127.0.0.1") -> ssl.SSLContext:
        """What a server of that name speaks TLS with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._ca.issue_cert(name).configure_cert(context)
        return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """One of its own for each test."""
    return Authority(tmp_path)


async def write(connection: Connection) -> int:
    """The status that a write gets."""
    return (await connection.write({"bucket": "Farm"}, ["a f=1 1"])).status


@pytest.mark.parametrize("loop", LOOPS)
def test_an_authority_of_ones_own_is_trusted(authority: Authority, loop: str) -> None:
    """With its certificate in `ca` the server is believed."""

    async def main() -> int:
        async with (
            RawPeer(answer(204), tls=authority.signed()) as peer,
            Connection(Server(peer.url, ca=authority.file), limit=1) as connection,
        ):
            return await write(connection)

    assert run(main(), loop=loop) == 204


@pytest.mark.parametrize(
    ("name", "ca"), [("127.0.0.1", False), ("other.example", True)], ids=["unknown authority", "another name"]
)
def test_a_server_that_is_not_trusted_gets_nothing(authority: Authority, name: str, ca: bool) -> None:  # noqa: FBT001
    """No token and no reading goes to a server that cannot show who it is; a person has to act."""

    async def main() -> list[bytes]:
        async with (
            RawPeer(answer(204), tls=authority.signed(name)) as peer,
            Connection(Server(peer.url, ca=authority.file if ca else None), limit=1) as connection,
        ):
            with pytest.raises(StoreMisconfiguredError, match=f"^{peer.url}: its certificate is not trusted"):
                await write(connection)
            return peer.requests

    assert run(main()) == []


def test_a_certificate_that_is_put_right_counts_at_the_next_attempt(authority: Authority, tmp_path: Path) -> None:
    """The file of `ca` is read again after it was of no use; no restart is needed."""
    (tmp_path / "other").mkdir()
    ca = tmp_path / "given.pem"
    ca.write_bytes(Authority(tmp_path / "other").file.read_bytes())

    async def main() -> int:
        async with (
            RawPeer(answer(204), tls=authority.signed()) as peer,
            Connection(Server(peer.url, ca=ca), limit=1) as connection,
        ):
            with pytest.raises(StoreMisconfiguredError, match="certificate"):
                await write(connection)
            ca.write_bytes(authority.file.read_bytes())
            return await write(connection)

    assert run(main()) == 204


def test_plain_http_where_tls_is_spoken_is_told(authority: Authority) -> None:
    """An http:// address of a server with TLS is a fault in words."""

    async def main() -> None:
        async with (
            RawPeer(answer(204), tls=authority.signed()) as peer,
            Connection(Server(peer.url.replace("https:", "http:"), timeout_secs=5), limit=1) as connection,
        ):
            with pytest.raises(StoreUnavailableError, match=r"^http://127"):
                await write(connection)

    run(main())


def through(proxy: HttpProxy, user: str) -> SecretStr:
    """A proxy as it is configured."""
    return SecretStr(f"http://{user}{proxy.address}")


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("loop", LOOPS)
def test_a_proxy_with_a_password_is_used(authority: Authority, secure: bool, loop: str) -> None:  # noqa: FBT001
    """Requests go through it; over TLS it sees only where to."""

    async def main() -> bytes:
        async with RawPeer(answer(204), tls=authority.signed() if secure else None) as peer:
            async with HttpProxy(user="eve:hunter2") as proxy:
                server = Server(
                    peer.url,
                    token=SecretStr("sesame"),
                    ca=authority.file if secure else None,
                    proxy=through(proxy, "eve:hunter2@"),
                )
                async with Connection(server, limit=1) as connection:
                    assert await write(connection) == 204
                    assert await write(connection) == 204
            assert len(peer.requests) == 2
            assert b"Proxy-Authorization" not in peer.requests[0] or not secure
            return proxy.heads[0]

    head = run(main(), loop=loop)

    assert head.startswith(b"CONNECT 127.0.0.1:" if secure else b"POST http://127.0.0.1:")
    assert (b"sesame" in head) is not secure


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_a_proxy_that_wants_other_credentials_needs_a_person(authority: Authority, secure: bool) -> None:  # noqa: FBT001
    """Neither the address nor the password of the proxy is in the error."""

    async def main() -> str:
        async with (
            RawPeer(answer(204), tls=authority.signed() if secure else None) as peer,
            HttpProxy(user="eve:hunter2") as proxy,
        ):
            server = Server(peer.url, ca=authority.file if secure else None, proxy=through(proxy, "eve:wrong-one@"))
            async with Connection(server, limit=1) as connection:
                with pytest.raises(StoreMisconfiguredError, match=r"its proxy wants other credentials") as caught:
                    await write(connection)
        return str(caught.value)

    assert "wrong-one" not in run(main())


def down(proxy: HttpProxy) -> SecretStr:
    """Where no proxy listens."""
    del proxy
    return SecretStr(f"http://eve:hunter2@127.0.0.1:{free_port()}")


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (lambda proxy: through(proxy, "eve:hunter2@"), "its proxy answered 502 Refused"),
        (down, r"its proxy 127\.0\.0\.1:\d+ cannot be reached: Connection refused"),
    ],
    ids=["refuses", "is down"],
)
def test_a_proxy_that_fails_is_tried_again(
    authority: Authority, where: Callable[[HttpProxy], SecretStr], words: str
) -> None:
    """It is named where it cannot be reached, without its password."""

    async def main() -> str:
        async with (
            RawPeer(answer(204), tls=authority.signed()) as peer,
            HttpProxy(refuses=502) as proxy,
            Connection(Server(peer.url, ca=authority.file, proxy=where(proxy)), limit=1) as connection,
        ):
            with pytest.raises(StoreUnavailableError, match=f"^{peer.url}: {words}$") as caught:
                await write(connection)
        return str(caught.value)

    assert "hunter2" not in run(main())
