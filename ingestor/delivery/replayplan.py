"""What a replay would change, worked out without changing anything. Blocking."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ingestor.delivery.replay import Known
from ingestor.delivery.understanding import differ, understand
from ingestor.ports import Chunk, Decoders, Lost


class Plan(NamedTuple):
    """Counts of `messages`, of those that are `lost` from the journal, and of points.

    Points are `deleted` from where they are, `changed` in their place, `added` in places that had none, or the `same`.
    Of messages that are `unknown` nobody knows what they became: their points are written, and none are deleted.
    """

    messages: int = 0
    lost: int = 0
    unknown: int = 0
    deleted: int = 0
    changed: int = 0
    added: int = 0
    same: int = 0


def make_plan(
    found: Iterable[Chunk | Lost],
    *,
    until: int,
    known: Callable[[int, int], Known],
    tables: Callable[[int], Decoders],
    now: Decoders,
) -> Plan:
    """What a replay of messages would do.

    Args:
        found: What the journal has from the first of them on.
        until: The position after the last of them.
        known: What is known of a run of messages, by its begin and end.
        tables: The routing table of a number.
        now: The one to decode with.
    """
    counts: Counter[str] = Counter()
    for run in found:
        if run.position >= until:
            break
        if isinstance(run, Lost):
            counts["lost"] += min(run.missing, until - run.position)
            continue
        of_run = known(run.position, run.end)
        for position, message in enumerate(run.messages[: until - run.position], run.position):
            counts["messages"] += 1
            before = [understand(position, message, tables(routing)) for routing in of_run.routings_of(position)]
            if not before:
                counts["unknown"] += 1
                continue
            difference = differ(before, understand(position, message, now))
            counts["deleted"] += len(difference.gone)
            counts.update(changed=difference.changed, added=difference.added, same=difference.same)
    return Plan(**counts)
