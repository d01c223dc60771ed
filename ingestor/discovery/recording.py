"""What was heard on a broker for a while: kept within bounds, and as lines of JSON."""

import base64
import json
from collections import Counter
from typing import Final

from ingestor.ports import RETAIN, Message

MAX_BYTES: Final = 32 * 2**20
MAX_TOPICS: Final = 10_000
MAX_OF_TOPIC: Final = 1_000
_OVERHEAD: Final = 300  # of an entry, besides its topic and payload


class Recording:
    """Messages in the order in which they came.

    Args:
        max_bytes: So much memory they may take, about.
        max_topics: So many topics are told apart.
        max_of_topic: So many messages of one topic are kept.

    Attributes:
        messages: Those that are kept.
        heard: How many were added.
    """

    def __init__(
        self, *, max_bytes: int = MAX_BYTES, max_topics: int = MAX_TOPICS, max_of_topic: int = MAX_OF_TOPIC
    ) -> None:
        self.messages: list[Message] = []
        self.heard = 0
        self._topics: Counter[str] = Counter()
        self._room = max_bytes
        self._max_topics = max_topics
        self._max_of_topic = max_of_topic

    @property
    def topics(self) -> int:
        """How many topics were told apart."""
        return len(self._topics)

    @property
    def full(self) -> bool:
        """Whether nothing more can be kept, so that there is no use in listening on."""
        return self._room <= 0

    def add(self, message: Message) -> bool:
        """Take a message, and say whether it is kept."""
        self.heard += 1
        known = self._topics.get(message.topic)
        if self.full or known == self._max_of_topic or (known is None and len(self._topics) >= self._max_topics):
            return False
        self._topics[message.topic] += 1
        self._room -= message.size + _OVERHEAD
        self.messages.append(message)
        return True


def to_line(message: Message) -> str:
    """A message as a line of JSON: topic, payload in base64, time of receipt in ns, whether the broker had kept it."""
    return json.dumps(
        {
            "topic": message.topic,
            "payload": base64.b64encode(message.payload).decode(),
            "received_ns": message.received_ns,
            "retain": message.retain,
        },
        ensure_ascii=False,
    )


def from_line(line: str) -> Message:
    """The message of such a line.

    Raises:
        ValueError: It is none.
    """
    try:
        told = json.loads(line)
        topic, payload, received_ns = (
            told["topic"],
            base64.b64decode(told["payload"], validate=True),
            told["received_ns"],
        )
        retain = told.get("retain", False)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("not a line of a recording: topic, payload (base64) and received_ns") from None
    if not (isinstance(topic, str) and topic and type(received_ns) is int and 0 <= received_ns < 2**63):
        raise ValueError("not a line of a recording: topic is text, and received_ns a whole number")
    return Message(topic, payload, received_ns, RETAIN if retain is True else 0)
