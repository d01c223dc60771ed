"""Whether the stores would take what the routes give them."""

from ingestor.cli.checks.finding import Finding, ok, problem
from ingestor.cli.checks.routes import buckets
from ingestor.cli.units import counted
from ingestor.config import Config
from ingestor.stores import make_store


async def check_stores(config: Config) -> list[Finding]:
    """Asks each store whether it can write each bucket."""
    names = buckets(config)
    findings = []
    for name, spec in config.stores.items():
        about = f"store {name}"
        async with make_store(config, name) as store:
            refused = await store.check(names)
        findings += [problem(about, words) for words in refused]
        if not refused:
            tried = f"{counted(len(names), 'bucket')} can be written" if names else "topics alone name its buckets"
            findings.append(ok(about, f"{spec.kind}; {tried}"))
    return findings
