"""Whether the routes and models of a configuration can work, and what they come to."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ingestor.cli.checks.finding import Finding, note, ok, problem
from ingestor.cli.checks.unused import find_unused
from ingestor.cli.options import with_lines
from ingestor.cli.units import counted, readable_span
from ingestor.config import Config
from ingestor.errors import ConfigError
from ingestor.routing import RoutingTable

_ANY_LEVEL = "\N{MIDDLE DOT}"
NO_ROUTES = "there are none, so nothing is subscribed to and stored: name at least one"


def check_routes(config: Config, path: Path | None) -> list[Finding]:
    """Every route and model that cannot work, and routes that take the same topics.

    Args:
        config: What was read.
        path: Where from, for the lines of what is wrong; None for the usual file.
    """
    if not config.routes:
        return [problem("routes", NO_ROUTES)]
    try:
        with with_lines(path):
            table = RoutingTable(config)
    except ConfigError as error:
        return [problem("routes", str(one)) for one in error.problems]
    works = ok(
        "routes", f"{counted(len(config.routes), 'route')}; to be subscribed to: {', '.join(table.subscriptions)}"
    )
    return [works, *_all_topics(table), *find_unused(config, table), *_mixed_up(config), *_kept_for_ever(config)]


def _all_topics(table: RoutingTable) -> Iterator[Finding]:
    """Whether everything of the broker comes, also what no route takes, only because topics of routes cross."""
    if "#" in table.subscriptions and any(table.taken_by("/".join([_ANY_LEVEL] * deep)) is None for deep in (1, 2, 3)):
        yield note(
            "routes",
            "topics of routes cross, as +/temperature and zigbee2mqtt/# do, so that only # brings each message once: "
            "all that the broker has comes, takes room in the journal, and counts as unrouted where no route takes it; "
            "a first level of their own (prefix, or farm/{rack}/temperature) keeps topics apart",
        )


def _mixed_up(config: Config) -> Iterator[Finding]:
    """Routes whose devices may end up in one series, where readings with the time of the device meet."""
    for route in config.routes:
        unnamed = [level for level in route.topic.split("/") if level in {"+", "#"}]
        if route.time.field is not None and unnamed:
            name = "{name...}" if unnamed == ["#"] else "{name}"
            yield note(
                "routes",
                f"{route.topic}: {' and '.join(dict.fromkeys(unnamed))} has no name, so all devices write one series, "
                "unless a tag in the payload tells them apart, and readings of the same time replace each other; "
                f"write {name}",
            )


def _kept_for_ever(config: Config) -> Iterator[Finding]:
    kept = {task.store for task in config.tasks.values() if task.kind == "retention"}
    embedded = [name for name, spec in config.stores.items() if spec.kind == "sqlite"]  # InfluxDB does it by itself
    left = [name for name in embedded if name not in kept and None not in kept]
    if not left:
        return
    for bucket in config.buckets:
        if bucket.retention is not None:
            span = readable_span(bucket.retention)
            yield note(
                "buckets",
                f"{bucket.name}: a retention of {span}, and nothing deletes what is older from store "
                f"{', '.join(left)}: add a task of kind retention",
            )


def subscriptions(config: Config) -> Sequence[str]:
    """What the service would subscribe to; nothing where the routes cannot work."""
    try:
        return RoutingTable(config).subscriptions
    except ConfigError:
        return ()


def buckets(config: Config) -> list[str]:
    """The buckets that routes and weather are written into: those that they name, and all that are declared."""
    named = {route.bucket for route in config.routes if route.bucket and "{" not in route.bucket}
    named |= {task.bucket for task in config.tasks.values() if task.kind == "weather"}
    return sorted(named | {bucket.name for bucket in config.buckets})
