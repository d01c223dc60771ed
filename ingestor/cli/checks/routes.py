"""Whether the routes and models of a configuration can work, and what they come to."""

from collections.abc import Sequence
from pathlib import Path

from ingestor.cli.checks.finding import Finding, ok, problem
from ingestor.cli.options import with_lines
from ingestor.cli.units import counted
from ingestor.config import Config
from ingestor.errors import ConfigError
from ingestor.routing import RoutingTable


def check_routes(config: Config, path: Path | None) -> list[Finding]:
    """Every route and model that cannot work, and routes that take the same topics.

    Args:
        config: What was read.
        path: Where from, for the lines of what is wrong; None for the usual file.
    """
    if not config.routes:
        return [problem("routes", "there are none, so nothing is subscribed to and stored: name at least one")]
    try:
        with with_lines(path):
            filters = RoutingTable(config).subscriptions
    except ConfigError as error:
        return [problem("routes", str(one)) for one in error.problems]
    return [ok("routes", f"{counted(len(config.routes), 'route')}; to be subscribed to: {', '.join(filters)}")]


def subscriptions(config: Config) -> Sequence[str]:
    """What the service would subscribe to; nothing where the routes cannot work."""
    try:
        return RoutingTable(config).subscriptions
    except ConfigError:
        return ()


def buckets(config: Config) -> list[str]:
    """The buckets that the routes write into: those that they name, and all that are declared."""
    named = {route.bucket for route in config.routes if "{" not in route.bucket}
    return sorted(named | {bucket.name for bucket in config.buckets})
