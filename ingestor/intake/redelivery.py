"""Recognises what the broker sends again after a reconnect, because an acknowledgement did not reach it. Pure.

The broker sends again, in order and marked DUP, what it sent and has no acknowledgement for: first what is in our
journal (its acknowledgement was lost), then what never got that far. Only the first part may be left out, and
nothing in a packet says where it ends: ids are used again, and sensors repeat their values.

What can be relied on is that a broker that *counts its ids up* does not use an id again before 65,534 others. Take
the newest messages of the journal for as far back as their ids, counted from the newest back, span no more than
57,343 of the 65,535 ids. A message that is not in the journal was sent after them, so its id is one of the next
8,191 after the newest, where none of these ids lies: it cannot be mistaken, whatever it says. And a message that is
in the journal comes with its own id, topic and payload, and in order. So a DUP message that equals one of these
messages, further on than the last one recognised, is that message; and the first DUP message that does not ends the
run for good, because nothing that is journaled comes after it. The margin of 8,191 is for ids that are in neither:
oversized messages, and those that expired at the broker.

Of a broker that *uses the lowest free id* nothing can be told: the value 20.5 under id 1, acknowledged, and the same
value under id 1 again, look like one message. There every reading is kept, so that one may be stored twice but none
is lost. Which kind a broker is, `idorder` finds out; where it is not proven, every reading is kept.

A broker that lost its own last second (killed, restored from an older state) counts some ids again; the journal's ids
then go back at that place, and only what is after it is looked at.
"""

from array import array
from collections.abc import Iterable, Sequence

from ingestor.intake.idorder import FORWARD, IDS, step
from ingestor.ports import DUP, Message

_SPAN = IDS - FORWARD - 1


class Redelivery:
    """One run of messages sent again. Made for each connection that finds its session present.

    Args:
        tail: Packet id, topic and payload of the newest QoS 1 messages of the journal, oldest first.
    """

    def __init__(self, tail: Iterable[tuple[int, str, bytes]] = ()) -> None:
        ids = array("H")
        self._digests = array("q")
        for packet_id, topic, payload in tail:
            ids.append(packet_id)
            self._digests.append(hash((topic, payload)))  # keyed anew in each process: equal by chance, 1 in 2**64
        self._places = array("i", [-1]) * (IDS + 1 if ids else 0)
        for place in range(_start_of_span(ids), len(ids)):
            self._places[ids[place]] = place
        self._cursor = 0
        self.active = len(ids) > 0

    def split(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Those of the messages, in the order in which they came, that the journal does not have yet."""
        fresh: list[Message] = []
        for at, message in enumerate(messages):
            if not self.active:
                fresh += messages[at:]
                break
            if not self._recognise(message):
                fresh.append(message)
        return fresh

    def end(self) -> None:
        """There is no run (any more): nothing is compared, and what it was compared with is let go of."""
        self.active = False
        self._places = self._digests = array("q")

    def _recognise(self, message: Message) -> bool:
        """Whether the journal has it. QoS 0 and 2 do not take part: they neither match nor end the run."""
        if message.qos != 1:
            return False
        place = self._places[message.packet_id]
        if (
            not message.flags & DUP
            or place < self._cursor
            or self._digests[place] != hash((message.topic, message.payload))
        ):
            self.end()
            return False
        self._cursor = place + 1
        if self._cursor == len(self._digests):
            self.end()
        return True


def _start_of_span(ids: Sequence[int]) -> int:
    """From where on, to the end, ids count up and span no more than can be told apart."""
    spanned = 0
    start = max(len(ids) - 1, 0)
    while start > 0:
        spanned += step(ids[start - 1], ids[start])
        if spanned > _SPAN:
            break
        start -= 1
    return start
