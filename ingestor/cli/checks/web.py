"""Whether health and metrics can be answered where the configuration says."""

import errno
import os
import socket
from ipaddress import ip_address

from ingestor.cli.checks.finding import Finding, note, ok, problem
from ingestor.cli.running import Who, ask_service, service_url
from ingestor.config import Web


def check_web(web: Web) -> list[Finding]:
    """Whether the port is free, or the running service has it; and who may ask."""
    findings = [_port(web)]
    if web.token is None and not _is_loopback(web.host):
        findings.append(
            note("web", f"everybody who reaches {web.host} may read status and metrics: set web.token, or web.host")
        )
    return findings


def _port(web: Web) -> Finding:
    if web.port == 0:
        return ok("web", f"a free port of {web.host} is taken at each start; its log says which")
    refused = _refused(web)
    if refused is None:
        return ok("web", f"port {web.port} of {web.host} is free")
    if refused.errno != errno.EADDRINUSE:
        words = os.strerror(refused.errno) if refused.errno and refused.errno > 0 else str(refused.strerror)
        return problem("web", f"cannot listen on {web.host}:{web.port}: {words}; change web.host or web.port")
    if ask_service(web).who in {Who.SERVICE, Who.SERVICE_REFUSES}:
        return ok("web", f"a running ingestor answers at {service_url(web)}")
    return problem("web", f"port {web.port} of {web.host} is taken by another program: change web.port")


def _refused(web: Web) -> OSError | None:
    """Why the port cannot be listened on; None when it can."""
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            web.host, web.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, number) as probe:
            # As the service itself: a port whose last connections are only just over is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        return error
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
