"""Whether a proposal works: its own routing, and what it would store of what was heard."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from ingestor.config import Config
from ingestor.ports import IGNORED, Flaw, Message, Point
from ingestor.routing import RoutingTable
from ingestor.routing.words import shorten

_MAX_TOLD: Final = 20


class Proof(NamedTuple):
    """What would become of messages.

    Attributes:
        stored: How many give points.
        ignored: How many are states, and whatever else is no reading.
        kept: How many the broker had kept from before, which are skipped.
        unrouted: How many no route takes.
        refused: How many are set aside.
        points: How many points there are.
        faults: What is set aside, by topic and words, the most frequent first; fields of a reading included.
    """

    stored: int
    ignored: int
    kept: int
    unrouted: int
    refused: int
    points: int
    faults: tuple[tuple[str, int], ...]

    @property
    def heard(self) -> int:
        """All of them."""
        return self.stored + self.ignored + self.kept + self.unrouted + self.refused


def prove(config: Config, messages: Sequence[Message]) -> Proof:
    """Decode the messages as the service would.

    Raises:
        ConfigError: The configuration cannot work.
    """
    table = RoutingTable(config)
    counts: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for message in messages:
        decoder = table.find(message.topic)
        if decoder is None:
            counts["unrouted"] += 1
            continue
        if message.retain and decoder.skips_retained:
            counts["kept"] += 1
            continue
        points: list[Point] = []
        flaws: Sequence[Flaw] = decoder.decode(message, points)
        counts["points"] += len(points)
        counts["ignored" if flaws is IGNORED else "stored" if points else "refused"] += 1
        if flaws is not IGNORED:
            faults.update(shorten(f"{message.topic}: {flaw.detail}") for flaw in flaws)
    most = sorted(faults.items(), key=lambda item: (-item[1], item[0]))[:_MAX_TOLD]
    return Proof(
        stored=counts["stored"],
        ignored=counts["ignored"],
        kept=counts["kept"],
        unrouted=counts["unrouted"],
        refused=counts["refused"],
        points=counts["points"],
        faults=tuple(most),
    )
