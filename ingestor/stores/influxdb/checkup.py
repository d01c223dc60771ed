"""What is wrong with a server and its buckets, from how it answers a write that holds nothing. Pure."""

import re
from email.utils import parsedate_to_datetime

from ingestor.stores.influxdb.answers import Answer, Dialect, Meaning, dialect, read

MAX_CLOCK_SECS = 60.0
"""Clocks that differ by more than this are told: points would be stored under a time that nobody looks for."""

NO_BUCKET = "_none"
"""A name that no bucket of 2 or 3 can have: who asks about it learns whether the server answers and knows the token."""

_NOTHING_SENT = "empty|no lines|no data|requires points"


class Checkup:
    """Collects what would keep buckets from being written.

    Args:
        create: Whether a missing bucket would be made.

    Attributes:
        problems: What is wrong, each with what to do about it.
    """

    def __init__(self, *, create: bool) -> None:
        self.problems: list[str] = []
        self._create = create
        self._clock_told = False

    def take(self, bucket: str, answer: Answer, *, now_secs: float) -> bool:
        """Judge what came back for one bucket; returns whether all others would hear the same.

        Args:
            bucket: Whose answer it is; NO_BUCKET where there is none to ask about.
            answer: What the server said to a comment.
            now_secs: Seconds since 1970 by our own clock.
        """
        reading = read(answer)
        everything = reading.meaning in {Meaning.MISCONFIGURED, Meaning.BUSY, Meaning.FAULT, Meaning.TOO_LARGE}
        if everything:
            self.problems.append(reading.told)
        elif bucket == NO_BUCKET:
            if reading.meaning is Meaning.REFUSED and dialect(answer) is not Dialect.V3:  # 3 refuses the name
                self.problems.append(reading.told)
        elif not self._fine(reading.meaning, reading.words):
            self.problems.append(f"bucket {bucket}: {reading.told}")
        if not everything and not self._clock_told:
            self._compare_clocks(answer, now_secs)
        return everything

    def _fine(self, meaning: Meaning, words: str) -> bool:
        if meaning is Meaning.NO_BUCKET:
            return self._create
        nothing_sent = meaning is Meaning.REFUSED and re.search(_NOTHING_SENT, words, re.IGNORECASE)
        return meaning is Meaning.STORED or bool(nothing_sent)

    def _compare_clocks(self, answer: Answer, now_secs: float) -> None:
        try:
            ahead_secs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp() - now_secs
        except (ValueError, OverflowError):
            return
        if abs(ahead_secs) > MAX_CLOCK_SECS:
            self._clock_told = True
            than = "ahead of" if ahead_secs > 0 else "behind"
            self.problems.append(
                f"its clock is {abs(ahead_secs):.0f} s {than} ours: set both by NTP, or readings are stored under "
                "a time at which nobody looks for them, or are refused as too old"
            )
