"""Whether a broker counts its packet ids up, or uses the lowest free one again. Pure.

It decides what an equal packet id after a reconnect is worth (see `redelivery`). The proof: once a broker has read
our acknowledgement of an id, that id is free; one that uses free ids again gives the next message this id or a lower
one, one that counts gives it a higher one. That it has read it shows in its answer to a PINGREQ sent afterwards.
"""

IDS = 65_535
"""There are so many packet ids: 1 to 65,535, then 1 again."""
FORWARD = 8_191
"""A step of at most this many ids ahead is counting up; any other is going back."""


def step(older: int, newer: int) -> int:
    """How many ids one has to count up from the older to the newer: 1 to 65,535, the latter for the same id."""
    return (newer - older) % IDS or IDS


class IdOrder:
    """Watches one session at a time.

    Args:
        proven: It was proven earlier, of the session that now goes on, that ids count up.
    """

    def __init__(self, *, proven: bool = False) -> None:
        self.proven = proven
        self._decided = proven
        self._acked = 0
        self._asked = 0
        self._free = 0
        self._newest = 0

    @property
    def wants_ping(self) -> bool:
        """Whether a PINGREQ, sent now, could decide."""
        return not self._decided and self._acked > 0 and not self._asked

    def connected(self, *, session_present: bool) -> None:
        """A connection begins: nothing of the one before says anything about it, but the proof does for its session."""
        self._acked = self._asked = self._free = self._newest = 0
        if not session_present:
            self.proven = self._decided = False

    def acknowledged(self, packet_id: int) -> None:
        """The acknowledgement of this id went out."""
        self._acked = packet_id

    def pinged(self) -> None:
        """A PINGREQ went out."""
        self._asked = self._acked

    def answered(self) -> None:
        """The answer to it came."""
        self._free, self._asked = self._asked, 0

    def received(self, packet_id: int) -> None:
        """A message that was not sent before (no DUP) came; it is enough to tell of the first of each read."""
        if self._newest and step(self._newest, packet_id) > FORWARD:
            self._decide(in_sequence=False)
        elif self._free and not self._decided and packet_id > self._free:
            self._decide(in_sequence=True)
        elif self._free and not self._decided and step(self._free, packet_id) > FORWARD:
            self._decide(in_sequence=False)
        self._newest, self._free = packet_id, 0

    def _decide(self, *, in_sequence: bool) -> None:
        self.proven, self._decided = in_sequence, True
