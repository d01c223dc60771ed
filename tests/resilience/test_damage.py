"""The service starts on a damaged journal, stores what can be had, and counts and names exactly what cannot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestor.journal.frame import encode
from ingestor.journal.survey import survey
from tests.builders import message
from tests.servers.mosquitto import Mosquitto
from tests.servers.publisher import Publisher
from tests.servers.service import NUMBERED, ServiceProcess
from tests.support import eventually

MESSAGES = 3_000
PADDING = b" " * 300  # so that they fill several segments, an eighth of the journal each
CONFIG: dict[str, Any] = {**NUMBERED, "journal": {"max_bytes": "2MiB"}}


def half_a_frame(journal: Path) -> None:
    """What a power cut leaves behind the last whole frame."""
    last = survey(journal).segments[-1]
    _, frame = encode([message(PADDING, received_ns=last.newest_ns + 1)], first=last.end, salt=last.salt)
    with last.path.open("r+b") as file:
        file.seek(last.size)
        file.write(frame[: len(frame) // 2])


def overwritten_page(journal: Path) -> None:
    """A page in the middle of a segment in the middle."""
    segments = survey(journal).segments
    middle = segments[len(segments) // 2]
    with middle.path.open("r+b") as file:
        file.seek(middle.size // 2)
        file.write(b"\xa5" * 4096)


def missing_segment(journal: Path) -> None:
    """A segment in the middle is gone."""
    segments = survey(journal).segments
    segments[len(segments) // 2].path.unlink()


def filled(folder: Path, broker: Mosquitto) -> ServiceProcess:
    """A service that was killed while its journal held all but the first of the numbers."""
    service = ServiceProcess(folder, mqtt={"url": broker.url}, config=CONFIG).start()
    with Publisher(broker.port) as publisher:
        publisher.publish([("numbered/a", b'{"n": 0}')])
        service.wait_until_settled(1)
        with service.locked("Numbered"):
            publisher.publish(("numbered/a", b'{"n": %d}' % number + PADDING) for number in range(1, MESSAGES))
            eventually(lambda: service.store().get("journaled") == MESSAGES)
            service.kill()
    return service


@pytest.mark.long
@pytest.mark.parametrize(
    ("harm", "loses", "named"),
    [
        (half_a_frame, False, "journal_torn_tail_cut file="),
        (overwritten_page, True, "journal_damaged file="),
        (missing_segment, True, "messages_lost store=local"),
    ],
)
def test_what_is_not_damaged_is_stored(
    tmp_path: Path, *, harm: Callable[[Path], None], loses: bool, named: str
) -> None:
    """The numbers in the damage, one run of them, are missing and counted; every other is stored once."""
    with Mosquitto(tmp_path) as broker:
        service = filled(tmp_path / "service", broker)
        harm(service.folder / "data" / "journal")
        with service:
            accounts = service.wait_until_settled(MESSAGES)
            with service.bucket("Numbered") as bucket:
                stored = [n for (n,) in bucket.execute("SELECT n FROM numbered ORDER BY n")]
        missing = sorted(set(range(MESSAGES)) - set(stored))

        assert bool(missing) is loses
        assert missing == list(range(missing[0], missing[-1] + 1) if missing else [])
        assert len(stored) == len(set(stored))
        assert (accounts["stored"], accounts["damaged"]) == (len(stored), len(missing))
        assert accounts["journaled"] == MESSAGES
        assert named in service.log
