"""What a replay would do, counted without doing it."""

from collections.abc import Sequence

from ingestor.delivery.replay import Known
from ingestor.delivery.replayplan import Plan, make_plan
from ingestor.delivery.routings import Span
from ingestor.ports import Chunk, LossReason, Lost
from ingestor.routing import RoutingTable
from tests.delivery.farm import config, device, reading

OLD = RoutingTable(config(device("one", "a"), device("two", "a")))
NEW = RoutingTable(config(device("one", "b"), device("two", "a", offset=1.0)))
FOUND: Sequence[Chunk | Lost] = [
    Chunk(10, [reading("one", 0), reading("two", 1), reading("three", 2)]),
    Lost(13, 4, LossReason.DAMAGED),
    Chunk(17, [reading("one", 7), reading("two", 8)]),
]


def known(begin: int, end: int) -> Known:
    """All but the last messages were given under the old table."""
    del begin, end
    return Known([Span(1, 0, 18, sure=True)], {}, {})


def test_messages_and_points_are_counted() -> None:
    """Moved, changed and equal ones, what is missing, and those of which nothing is known."""
    plan = make_plan(FOUND, until=19, known=known, tables=lambda _: OLD, now=NEW)

    assert plan == Plan(messages=5, lost=4, unknown=1, deleted=2, changed=1, added=2, same=1)


def test_it_ends_where_it_is_told_to() -> None:
    """Also within a run of messages, or of losses."""
    ends = [make_plan(FOUND, until=until, known=known, tables=lambda _: OLD, now=NEW) for until in (10, 12, 15)]

    assert [(plan.messages, plan.lost) for plan in ends] == [(0, 0), (2, 0), (3, 2)]
