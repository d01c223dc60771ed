"""Which families there are."""

from ingestor.routing.presets.catalog import CATALOG
from ingestor.routing.topic import Template


def test_the_topics_of_every_family_can_be_read() -> None:
    """Those with readings and states have names in them, and filters of what is ignored have none."""
    for family in CATALOG.values():
        assert all(Template.parse(source.topic).captures for source in family.sources)
        assert all(Template.parse(presence.topic).captures for presence in family.presences)
        assert not any(Template.parse(other).captures for other in family.others)
