"""The running service as other commands see it."""

import asyncio
import json
from collections.abc import Callable

import pytest
from aiohttp import web
from pydantic import SecretStr

from ingestor.cli.running import Answer, Who, ask_service, service_url
from ingestor.config import Web
from ingestor.web import WebServer
from tests.support import free_port, run
from tests.web.snapshots import flowing

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is tested; on a free port, for a moment


def asked(served: Web, asking: Callable[[int], Web]) -> Answer:
    """What a real server answers to who asks with another configuration."""

    async def main() -> Answer:
        async with WebServer(served, flowing) as server:
            return await asyncio.to_thread(ask_service, asking(server.port))

    return run(main())


def answered_by(body: bytes, *, server: str = "ingestor", status: int = 200) -> Answer:
    """What is made of a server that answers this."""

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(body=body, status=status, headers={"Server": server})

    async def main() -> Answer:
        runner = web.ServerRunner(web.Server(answer))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            return await asyncio.to_thread(ask_service, Web(port=runner.addresses[0][1]))
        finally:
            await runner.cleanup()

    return run(main())


def test_the_service_tells_its_snapshot() -> None:
    """Every number comes over as it is."""
    assert asked(Web(port=0), lambda port: Web(port=port)) == Answer(Who.SERVICE, flowing())


def test_the_token_goes_along() -> None:
    """With the token of the configuration the service answers, also where it is not ASCII."""
    guarded = Web(port=0, token=SecretStr("t0ken~"))

    assert asked(guarded, lambda port: Web(port=port, token=guarded.token)).who is Who.SERVICE


@pytest.mark.parametrize("token", [None, SecretStr("old")])
def test_another_token_is_told_apart(token: SecretStr | None) -> None:
    """Whoever changed the token without a restart learns of it."""
    guarded = Web(port=0, token=SecretStr("new"))

    assert asked(guarded, lambda port: Web(port=port, token=token)).who is Who.SERVICE_REFUSES


def test_listening_everywhere_is_asked_on_loopback() -> None:
    """0.0.0.0 is no address to connect to on every system."""
    assert asked(Web(host=EVERYWHERE, port=0), lambda port: Web(host=EVERYWHERE, port=port)).who is Who.SERVICE


def test_nobody_answers() -> None:
    """A port without a listener is no error."""
    assert ask_service(Web(port=free_port())) == Answer(Who.NOBODY)


@pytest.mark.parametrize(
    ("body", "server"),
    [(b"<html>", "nginx"), (b"<html>", "ingestor"), (b"[]", "ingestor"), (b'{"ready": true}', "ingestor")],
)
def test_others_are_told_apart(body: bytes, server: str) -> None:
    """What does not speak as we do is another program."""
    assert answered_by(body, server=server) == Answer(Who.ANOTHER_PROGRAM)


def test_a_newer_service_is_understood() -> None:
    """What it tells beyond what we know is left out."""
    told = {**flowing().to_json(), "moon": "full"}

    assert answered_by(json.dumps(told).encode()).snapshot == flowing()


def test_what_is_no_http_is_another_program() -> None:
    """A broker on that port, say."""

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"\x20\x02\x00\x00\n")
        writer.close()

    async def main() -> Answer:
        async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await asyncio.to_thread(ask_service, Web(port=port))

    assert run(main()).who is Who.ANOTHER_PROGRAM


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8321"),
        (EVERYWHERE, "http://127.0.0.1:8321"),
        ("::", "http://[::1]:8321"),
        ("farm.local", "http://farm.local:8321"),
    ],
)
def test_the_address_can_be_opened(host: str, url: str) -> None:
    """What is shown to people works in a browser of that machine."""
    assert service_url(Web(host=host)) == url
