"""The HTTP server, asked by a real client."""

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from ingestor.config import Web
from ingestor.errors import ListenError
from ingestor.stats import IntakeStats, Snapshot
from ingestor.web import WebServer
from tests.support import LOOPS, run
from tests.web.snapshots import flowing

OPEN = Web(port=0)
GUARDED = Web(port=0, token=SecretStr("t0ken~"))
PATHS = ("/livez", "/readyz", "/metrics", "/api/status")

Ask = Callable[[aiohttp.ClientSession], Awaitable[Any]]


def bearer(token: str) -> dict[str, str]:
    """What a client sends to show that it knows the token."""
    return {"Authorization": f"Bearer {token}"}


def asked(ask: Ask, *, config: Web = OPEN, snapshot: Callable[[], Snapshot] = flowing, loop: str = "asyncio") -> Any:  # noqa: ANN401 - what the test asks for
    """What `ask` finds out with a client of a running server."""

    async def main() -> object:
        async with (
            WebServer(config, snapshot) as server,
            aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client,
        ):
            return await ask(client)

    return run(main(), loop=loop)


def stopped() -> Snapshot:
    """A service without a broker."""
    return flowing(intake=IntakeStats(fault="bad password"))


@pytest.mark.parametrize("loop", LOOPS)
def test_alive_while_the_loop_turns(loop: str) -> None:
    """/livez says yes, also while no data can flow: a restart would not help."""

    async def ask(client: aiohttp.ClientSession) -> tuple[int, object]:
        async with client.get("/livez") as answer:
            return answer.status, await answer.json()

    assert asked(ask, snapshot=stopped, loop=loop) == (200, {"live": True})


async def readiness(client: aiohttp.ClientSession) -> tuple[int, object]:
    """What /readyz says to who has no token."""
    async with client.get("/readyz") as answer:
        return answer.status, await answer.json()


def test_ready_with_reasons() -> None:
    """/readyz is 200 while data flows, else 503 with the reasons."""
    assert asked(readiness) == (200, {"ready": True, "reasons": []})
    assert asked(readiness, snapshot=stopped) == (503, {"ready": False, "reasons": ["mqtt: bad password"]})


def test_readiness_without_token_tells_no_reasons() -> None:
    """An orchestrator learns that it is not ready; why is for those who know the token."""

    async def with_token(client: aiohttp.ClientSession) -> object:
        async with client.get("/readyz", headers=bearer("t0ken~")) as answer:
            return await answer.json()

    assert asked(readiness, config=GUARDED, snapshot=stopped) == (503, {"ready": False})
    assert asked(with_token, config=GUARDED, snapshot=stopped)["reasons"] == ["mqtt: bad password"]


def test_metrics_are_what_prometheus_reads() -> None:
    """/metrics has the type that Prometheus expects, and parses."""

    async def ask(client: aiohttp.ClientSession) -> tuple[str, str]:
        async with client.get("/metrics") as answer:
            return answer.headers["Content-Type"], await answer.text()

    content_type, text = asked(ask)
    values = {sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples}

    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert values["ingestor_received_messages_total"] == 1101


def test_status_is_the_snapshot() -> None:
    """/api/status is the snapshot as JSON."""

    async def ask(client: aiohttp.ClientSession) -> object:
        async with client.get("/api/status") as answer:
            return await answer.json()

    assert asked(ask) == json.loads(json.dumps(flowing().to_json()))


def test_each_request_sees_the_present() -> None:
    """Nothing is remembered from one request to the next."""
    moments = iter([flowing(), stopped(), flowing()])

    async def ask(client: aiohttp.ClientSession) -> list[int]:
        return [(await readiness(client))[0] for _ in range(3)]

    assert asked(ask, snapshot=lambda: next(moments)) == [200, 503, 200]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (bearer("wrong"), 401),
        (bearer("tökén"), 401),
        (bearer(""), 401),
        ({"Authorization": "t0ken~"}, 401),
        ({"Authorization": "Basic t0ken~"}, 401),
        ({"Authorization": "Bearer"}, 401),
        (bearer("t0ken~"), 200),
        ({"Authorization": "bearer  t0ken~"}, 200),
    ],
)
def test_the_token_guards_all_but_health(headers: dict[str, str], status: int) -> None:
    """With a token, metrics and status are for who sends it; health is for everybody."""

    async def ask(client: aiohttp.ClientSession) -> list[int]:
        found = []
        for path in PATHS:
            async with client.get(path, headers=headers) as answer:
                found.append(answer.status)
        return found

    assert asked(ask, config=GUARDED) == [200, 200, status, status]


def test_a_refusal_tells_nothing() -> None:
    """Who does not know the token learns how to send one, not what the service holds or which paths there are."""

    async def ask(client: aiohttp.ClientSession) -> tuple[str, str, int]:
        async with client.get("/api/status") as answer, client.get("/nope") as nope:
            return answer.headers["WWW-Authenticate"], await answer.text(), nope.status

    how, text, unknown_path = asked(ask, config=GUARDED)

    assert how == "Bearer"
    assert "t0k" not in text
    assert "local" not in text
    assert unknown_path == 401


def test_other_paths_name_those_that_there_are() -> None:
    """Who opens the address alone learns where to look."""

    async def ask(client: aiohttp.ClientSession) -> tuple[int, str]:
        async with client.get("/") as answer:
            return answer.status, (await answer.json())["error"]

    assert asked(ask) == (404, "no such path; there are /livez, /readyz, /metrics, /api/status")


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_only_get(method: str) -> None:
    """Nothing can be changed over HTTP."""

    async def ask(client: aiohttp.ClientSession) -> list[int]:
        found = []
        for path in PATHS:
            async with client.request(method, path) as answer:
                found.append(answer.status)
        return found

    assert asked(ask) == [405] * len(PATHS)


@pytest.mark.parametrize("path", [*PATHS, "/nope"])
def test_every_answer_is_hardened(path: str) -> None:
    """No answer is kept by caches, guessed at or framed by browsers, or tells what serves it."""

    async def ask(client: aiohttp.ClientSession) -> dict[str, str]:
        async with client.get(path) as answer:
            return dict(answer.headers)

    headers = asked(ask)

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Server"] == "ingestor"


def test_a_taken_port_is_one_clear_line() -> None:
    """Where another program has the port, the error says which, and what to change."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        async def main() -> None:
            async with WebServer(Web(port=port), flowing):
                pass

        with pytest.raises(
            ListenError, match=rf"127\.0\.0\.1:{port}: Address already in use; set web\.host or web\.port"
        ):
            run(main())


def test_a_host_of_nobody_is_one_clear_line() -> None:
    """The same for an address that this machine does not have."""

    async def main() -> None:
        async with WebServer(Web(host="192.0.2.1", port=0), flowing):
            pass

    with pytest.raises(ListenError, match=r"192\.0\.2\.1:0: Cannot assign requested address"):
        run(main())


def test_the_port_is_free_again_after_leaving() -> None:
    """A second server can have the port as soon as the first is left."""

    async def main() -> tuple[int, int]:
        async with WebServer(OPEN, flowing) as first:
            pass
        async with WebServer(Web(port=first.port), flowing) as second:
            return first.port, second.port

    first, second = run(main())

    assert first == second != 0


@pytest.mark.parametrize(
    ("config", "warned"),
    [
        (OPEN, False),
        (Web(host="localhost", port=0), False),
        (Web(host="127.8.8.8", port=0), False),
        (Web(host="0.0.0.0", port=0), True),  # noqa: S104 - the point of the test
        (Web(host="0.0.0.0", port=0, token=SecretStr("x")), False),  # noqa: S104 - the same
    ],
)
def test_an_open_door_is_warned_of(config: Web, caplog: pytest.LogCaptureFixture, *, warned: bool) -> None:
    """Who lets the whole network in without a token is told how to set one."""

    async def main() -> None:
        async with WebServer(config, flowing):
            pass

    with caplog.at_level(logging.WARNING, logger="ingestor.web"):
        run(main())

    assert ("web_open_to_network" in caplog.text) is warned


async def raw(port: int, data: bytes) -> bytes:
    """What comes back for bytes that no decent client sends, until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        await writer.drain()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\xff\xfe nonsense\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_malformed_requests_end_themselves_alone(data: bytes) -> None:
    """Nonsense, endless lines and TLS in the clear are refused, and the next client is served."""

    async def main() -> tuple[bytes, int]:
        async with WebServer(OPEN, flowing) as server:
            said = await raw(server.port, data)
            async with (
                aiohttp.ClientSession() as client,
                client.get(f"http://127.0.0.1:{server.port}/livez") as answer,
            ):
                return said, answer.status

    said, status = run(main())

    assert said == b"" or said.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
    assert status == 200


def test_a_body_is_not_waited_for() -> None:
    """A request that promises gigabytes is answered, and its connection is closed soon after."""

    async def main() -> bytes:
        async with WebServer(OPEN, flowing) as server:
            head = b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n"
            return await raw(server.port, head + b"x" * 1000)

    assert run(main(), timeout_secs=10).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("sent", [b"", b"GET /livez HTTP/1.1\r\nHost: x\r\n"])
def test_silent_clients_are_let_go(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who connects and says nothing, or begins a request and never ends it, is cut off after a while."""
    monkeypatch.setattr("ingestor.web.server._IDLE_SECS", 0.2)

    async def main() -> bytes:
        async with WebServer(OPEN, flowing) as server:
            return await raw(server.port, sent)

    assert run(main(), timeout_secs=10) == b""


def test_stopping_does_not_wait_for_idle_clients() -> None:
    """A scraper that keeps its connection open does not delay the end of the service."""

    async def main() -> int:
        async with aiohttp.ClientSession() as client, WebServer(OPEN, flowing) as server:
            async with client.get(f"http://127.0.0.1:{server.port}/livez") as answer:
                await answer.read()
            return answer.status

    assert run(main(), timeout_secs=5) == 200
