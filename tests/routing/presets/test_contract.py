"""What every preset keeps to."""

import pytest
from hypothesis import given

from ingestor.config import Config
from ingestor.routing import RoutingTable
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.presets.catalog import CATALOG
from ingestor.routing.presets.contract import Family
from tests.routing.helpers import JSON

families = pytest.mark.parametrize("family", CATALOG.values(), ids=list(CATALOG))


@families
def test_its_fields_are_optional_and_have_a_time_of_their_own(family: Family) -> None:
    """A payload may lack any of several; none is called like the time of its source."""
    for source in family.sources:
        parts = source.model.shape.parts

        assert len(source.model.shape.fields) == 1 or not any(part.required for part in parts)
        assert source.time.field not in {part.name for part in parts}


@families
def test_it_knows_its_devices(family: Family) -> None:
    """What tells them apart is a level of each of its topics, or a tag of its readings."""
    names = {name.strip("{}") for name in [family.device]}
    for source in family.sources:
        known = source.topic + "".join(f"{{{tag.name}}}" for tag in source.model.shape.tags)

        assert all(f"{{{name}}}" in known or f"{{{name}..." in known for name in names)


@families
@given(document=JSON)
def test_whatever_a_payload_says_is_unpacked_or_refused(family: Family, document: object) -> None:
    """Each reading is flat, by names that are text."""
    for source in family.sources:
        try:
            readings = source.unpack(document)
        except UnreadableError:
            continue

        assert all(isinstance(one, UnreadableError) or all(isinstance(name, str) for name in one) for one in readings)


@pytest.mark.parametrize("name", list(CATALOG))
def test_a_row_needs_no_more_than_its_bucket(name: str) -> None:
    """And may have a prefix of its own."""
    table = RoutingTable(Config.model_validate({"routes": [{"preset": name, "bucket": "B", "prefix": "my/home"}]}))

    assert table.subscriptions
    assert all(pattern.startswith("my/home/") for pattern in table.subscriptions)
