"""Whether buckets of other organisations are seen, in lists as InfluxDB 2 gives them, and from odd answers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pytest

from ingestor.errors import StoreMisconfiguredError, StoreUnavailableError
from ingestor.stores.influxdb.answers import Answer
from ingestor.stores.influxdb.orgbuckets import PAGE
from ingestor.stores.influxdb.otherorgs import MAX_PAGES, Listed, is_ours_alone, listed
from ingestor.stores.influxdb.server import Server
from tests.support import run

SERVER = Server("http://farm:8086", "farm")


class Row(NamedTuple):
    """A bucket on a server."""

    org: str
    named: bool = True
    hidden: bool = True


OURS = Row("ours", hidden=False)
NEIGHBOUR = Row("theirs", hidden=False)


def told(rows: Sequence[Row]) -> tuple[bool, int]:
    """What is made of a server's list of buckets by name, and with how many requests."""
    requests = []

    async def page(query: Mapping[str, str]) -> Sequence[Listed]:
        """As the server does it: an offset counts all, the limit what has the name, and rights come last."""
        requests.append(query)
        numbered = [(f"{number:016x}", row) for number, row in enumerate(rows)]
        ordered = numbered[::-1] if query["descending"] == "true" else numbered
        named = [one for one in ordered[int(query["offset"]) :] if one[1].named][: int(query["limit"])]
        return [Listed(id=number, orgID=row.org) for number, row in named if not row.hidden]

    ours = f"{rows.index(OURS):016x}" if OURS in rows else "gone"
    return run(is_ours_alone(page, ours)), len(requests)


HIDDEN, OTHER_NAME = Row("hidden"), Row("theirs", named=False, hidden=False)


@pytest.mark.parametrize(
    ("rows", "requests"),
    [
        ([OURS], 2),
        ([HIDDEN] * 25 + [OURS], 2),
        ([OURS] + [HIDDEN] * PAGE, 3),
        ([HIDDEN] * 3 * PAGE + [OURS] + [HIDDEN] * (PAGE - 1), 5),
        ([OTHER_NAME] * 3 * PAGE + [OURS], 2),
    ],
    ids=["alone", "one page", "a page behind", "pages before", "other names"],
)
def test_buckets_that_a_token_may_not_read_count_for_nothing(rows: Sequence[Row], requests: int) -> None:
    """However many there are, before ours and behind it."""
    assert told(rows) == (True, requests)


@pytest.mark.parametrize("between", [0, PAGE - 1, PAGE, 5 * PAGE])
@pytest.mark.parametrize("around", [0, PAGE, 3 * PAGE])
def test_a_bucket_of_another_organisation_is_found(between: int, around: int) -> None:
    """Wherever it is in the list, and whatever is hidden there."""
    rows = [*[HIDDEN] * around, OURS, *[HIDDEN] * between, NEIGHBOUR, *[HIDDEN] * around]

    assert not told(rows)[0]
    assert not told(rows[::-1])[0]


def test_requests_are_bounded() -> None:
    """Where ours is not found any more, or too late, it is not said to be alone."""
    assert told([HIDDEN]) == (False, MAX_PAGES)


def test_what_an_answer_lists() -> None:
    """Nothing where the token may not ask, or is told that there is none."""
    body = b'{"links": {}, "buckets": [{"id": "1", "orgID": "2", "name": "x"}]}'

    assert list(listed(Answer(200, {}, body), SERVER, "x")) == [Listed(id="1", orgID="2")]
    assert [listed(Answer(status, {}, b"{}"), SERVER, "x") for status in (401, 403, 404)] == [(), (), ()]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(503, {}, b"no"), StoreUnavailableError, "503: no"),
        (Answer(200, {}, b"<html>"), StoreMisconfiguredError, "this is not how InfluxDB answers"),
    ],
    ids=["busy", "html"],
)
def test_odd_lists_are_told_in_words(answer: Answer, kind: type[Exception], words: str) -> None:
    """A list that cannot be read is no empty one."""
    with pytest.raises(kind, match=words):
        listed(answer, SERVER, "x")
