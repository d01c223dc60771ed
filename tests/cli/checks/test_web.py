"""Whether health and metrics can be answered where the configuration says."""

import asyncio

import pytest
from pydantic import SecretStr

from ingestor import config
from ingestor.cli.checks.finding import Finding, Level
from ingestor.cli.checks.web import check_web
from ingestor.config import Web
from ingestor.web import WebServer
from tests.cli.commands import stranger
from tests.support import free_port, run
from tests.web.snapshots import flowing

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is tested; on a free port, for a moment


def test_a_free_port_is_fine() -> None:
    """It is free afterwards, too."""
    web = Web(port=free_port())
    (first,), (second,) = check_web(web), check_web(web)

    assert first.level is second.level is Level.OK
    assert "is free" in first.text


def test_any_port_is_fine() -> None:
    """Port 0 takes a free one at each start."""
    (finding,) = check_web(Web(port=0))

    assert finding.level is Level.OK
    assert "free port" in finding.text


@pytest.mark.parametrize("token", [None, SecretStr("secret")])
def test_a_running_service_may_have_it(token: SecretStr | None) -> None:
    """Whoever checks while the service runs reads that it does, also with another token."""

    async def main() -> list[Finding]:
        async with WebServer(config.Web(port=0, token=token), flowing) as server:
            return await asyncio.to_thread(check_web, Web(port=server.port))

    (finding,) = run(main())

    assert finding.level is Level.OK
    assert "a running ingestor answers" in finding.text


def test_another_program_on_it_is_a_problem() -> None:
    """It says what to change."""
    with stranger() as port:
        (finding,) = check_web(Web(port=port))

    assert finding.level is Level.PROBLEM
    assert "taken by another program: change web.port" in finding.text


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_a_problem(host: str) -> None:
    """In the system's words."""
    (finding, *_) = check_web(Web(host=host, port=free_port()))

    assert finding.level is Level.PROBLEM
    assert f"cannot listen on {host}" in finding.text


@pytest.mark.parametrize(
    ("web", "noted"),
    [
        (Web(host=EVERYWHERE, port=0), True),
        (Web(host=EVERYWHERE, port=0, token=SecretStr("x")), False),
        (Web(host="localhost", port=0), False),
        (Web(host="::1", port=0), False),
        (Web(host="farm.example", port=0), True),
    ],
)
def test_who_may_ask_is_noted(web: Web, noted: bool) -> None:  # noqa: FBT001 - a parameter
    """Open to the network without a token works, and ought to be known."""
    assert any(finding.level is Level.NOTE for finding in check_web(web)) is noted
