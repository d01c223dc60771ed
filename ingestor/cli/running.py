"""The running service as other commands see it: what answers at `web.host:port`."""

import json
from enum import Enum, auto
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from ingestor.config import Web
from ingestor.stats import Snapshot

_ANSWER_SECS = 5.0
_MAX_BYTES = 4 * 2**20
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound to, but looked up


class Who(Enum):
    """What answers."""

    NOBODY = auto()
    SERVICE = auto()
    SERVICE_REFUSES = auto()
    """A service that wants another token."""
    ANOTHER_PROGRAM = auto()
    """Or a service that hangs: somebody listens, and does not answer as we do."""


class Answer(NamedTuple):
    """Who answers, and the snapshot of a service that told it."""

    who: Who
    snapshot: Snapshot | None = None


def service_url(web: Web) -> str:
    """Where the service answers, for who is on the same machine."""
    host = _EVERYWHERE.get(web.host, web.host)
    return f"http://[{host}]:{web.port}" if ":" in host else f"http://{host}:{web.port}"


def ask_service(web: Web) -> Answer:
    """Ask for the status of the service that should answer there. Blocks for a few seconds at the most."""
    headers = {"Authorization": f"Bearer {web.token.get_secret_value()}".encode()} if web.token else {}
    connection = HTTPConnection(_EVERYWHERE.get(web.host, web.host), web.port, timeout=_ANSWER_SECS)
    try:
        connection.connect()
    except OSError:
        return Answer(Who.NOBODY)
    try:
        connection.request("GET", "/api/status", headers=headers)
        response = connection.getresponse()
        body = response.read(_MAX_BYTES)
    except (HTTPException, OSError):
        return Answer(Who.ANOTHER_PROGRAM)
    finally:
        connection.close()
    if response.headers.get("Server") != "ingestor":
        return Answer(Who.ANOTHER_PROGRAM)
    if response.status == 401:
        return Answer(Who.SERVICE_REFUSES)
    return _told(body)


def _told(body: bytes) -> Answer:
    """What a service of this version or a near one says; what it says beyond what we know is left out."""
    try:
        return Answer(Who.SERVICE, TypeAdapter(Snapshot).validate_python(json.loads(body)))
    except (ValueError, ValidationError):
        return Answer(Who.ANOTHER_PROGRAM)
