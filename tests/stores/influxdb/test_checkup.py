"""What is wrong with a server and its buckets."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from ingestor.stores.influxdb.answers import Answer
from ingestor.stores.influxdb.checkup import NO_BUCKET, Checkup

NOW_SECS = 1_700_000_000.0
FINE = Answer(204, {}, b"")
MISSING = Answer(404, {}, rb'{"code": "not found", "message": "bucket \"Farm\" not found"}')
FORBIDDEN = Answer(403, {}, b'{"code": "forbidden", "message": "insufficient permissions for write"}')
NO_TOKEN = Answer(401, {}, b'{"code": "unauthorized", "message": "unauthorized access"}')
HOUR_AHEAD = format_datetime(datetime.fromtimestamp(NOW_SECS + 3600, UTC), usegmt=True)
EMPTY = Answer(400, {"x-influxdb-version": "3.4.0"}, b'{"error": "Write is empty: no lines were sent"}')


def told(answer: Answer, *, create: bool = False) -> list[str]:
    """What is wrong where a server answers so."""
    checkup = Checkup(create=create)
    checkup.take("Farm", answer, now_secs=NOW_SECS)
    return checkup.problems


@pytest.mark.parametrize("answer", [FINE, EMPTY], ids=["stored", "nothing in it"])
def test_a_bucket_that_takes_nothing_kindly_is_fine(answer: Answer) -> None:
    """A server that only complains that there was nothing to store would store what there is."""
    assert told(answer) == []


def test_a_missing_bucket_is_a_problem_unless_it_would_be_made() -> None:
    """The problem says what to do."""
    assert told(MISSING) == [
        'bucket Farm: InfluxDB answered 404: bucket "Farm" not found. Create it, or set `create_buckets: true`'
    ]
    assert told(MISSING, create=True) == []


def test_a_bucket_that_may_not_be_written_is_one_problem() -> None:
    """The other buckets are asked as well."""
    checkup = Checkup(create=True)

    assert not checkup.take("Farm", FORBIDDEN, now_secs=NOW_SECS)
    assert len(checkup.problems) == 1
    assert checkup.problems[0].startswith("bucket Farm: InfluxDB answered 403")


def test_a_wrong_token_is_told_once() -> None:
    """The other buckets need not be asked: they would hear the same."""
    checkup = Checkup(create=True)

    assert checkup.take("Farm", NO_TOKEN, now_secs=NOW_SECS)
    assert checkup.problems == ["InfluxDB answered 401: unauthorized access. Check `token`"]


@pytest.mark.parametrize(
    "answer",
    [FINE, MISSING, FORBIDDEN, Answer(400, {"x-influxdb-version": "3.4.0"}, b'{"error": "db name is invalid"}')],
    ids=["stored", "missing", "forbidden", "refused"],
)
def test_without_a_bucket_it_is_enough_that_the_token_is_known(answer: Answer) -> None:
    """A server that knows the token says that there is no such bucket; the clocks are compared as well."""
    checkup = Checkup(create=False)

    assert not checkup.take(
        NO_BUCKET, answer._replace(headers={**answer.headers, "date": HOUR_AHEAD}), now_secs=NOW_SECS
    )
    assert [problem.partition(":")[0] for problem in checkup.problems] == ["its clock is 3600 s ahead of ours"]


@pytest.mark.parametrize("answer", [NO_TOKEN, Answer(503, {}, b"busy"), Answer(413, {}, b"nginx")], ids=str)
def test_without_a_bucket_the_server_may_still_be_of_no_use(answer: Answer) -> None:
    """It is told like that of any bucket: without its name."""
    checkup = Checkup(create=True)

    assert checkup.take(NO_BUCKET, answer, now_secs=NOW_SECS)
    assert checkup.problems[0].startswith(f"InfluxDB answered {answer.status}: ")


def test_without_a_bucket_a_refusal_is_told() -> None:
    """A 2 would say that there is no such bucket: something between us and it refuses."""
    checkup = Checkup(create=True)
    checkup.take(NO_BUCKET, Answer(400, {}, b"<html>nginx</html>"), now_secs=NOW_SECS)

    assert checkup.problems == ["InfluxDB answered 400: a web page"]


@pytest.mark.parametrize(
    ("ahead_secs", "words"),
    [(3, ""), (-59, ""), (3600, "its clock is 3600 s ahead of ours"), (-90, "its clock is 90 s behind ours")],
)
def test_clocks_that_differ_are_told_once(ahead_secs: float, words: str) -> None:
    """Points would be stored at a time where nobody looks for them; a little does not matter."""
    date = format_datetime(datetime.fromtimestamp(NOW_SECS + ahead_secs, UTC), usegmt=True)
    checkup = Checkup(create=False)
    for bucket in ("Farm", "Lab"):
        checkup.take(bucket, FINE._replace(headers={"date": date}), now_secs=NOW_SECS)

    assert [problem.partition(":")[0] for problem in checkup.problems] == ([words] if words else [])


@pytest.mark.parametrize("date", ["", "soon", "Wed, 99 Foo 2026 99:99:99 GMT"])
def test_a_date_that_is_none_is_no_problem(date: str) -> None:
    """A proxy may take the header off."""
    assert told(FINE._replace(headers={"date": date})) == []
