"""What the arguments of the reader's methods mean together."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ingestor.reader.question import Interval, QuestionError
from ingestor.reader.wish import Asked, Grouping, understand

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * 10**9
HOUR_NS = 3_600 * 10**9


def asked(all_time: bool = False, **wish: Any) -> Asked:  # noqa: ANN401, FBT001, FBT002
    """What is understood in Berlin."""
    return understand("Farm", wish, zone=ZoneInfo("Europe/Berlin"), now_ns=NOW_NS, all_time=all_time)  # type: ignore[arg-type]


def test_last_is_until_now() -> None:
    """It ends now; days are those of the zone, also where one of them had 23 hours."""
    hours, days = asked(last="48h").question, asked(last="2d").question

    assert hours.stop_ns == days.stop_ns == NOW_NS
    assert NOW_NS - hours.start_ns == 48 * HOUR_NS
    assert NOW_NS - days.start_ns == 47 * HOUR_NS


def test_start_and_stop() -> None:
    """From start until before stop, which is now where it is left out."""
    both = asked(start="2026-03-01", stop="2026-03-02").question

    assert both.stop_ns - both.start_ns == 24 * HOUR_NS
    assert asked(start="2026-03-01").question.stop_ns == NOW_NS
    assert asked(start="2026-03-01", zone="UTC").question.start_ns - both.start_ns == HOUR_NS


def test_all_time() -> None:
    """Where a method allows it, no time is all of it; what is named still counts."""
    everything = asked(all_time=True).question

    assert everything.start_ns < -(2**62)
    assert everything.stop_ns > 2**62
    assert asked(all_time=True, last="1h").question.start_ns == NOW_NS - HOUR_NS


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({}, "which time is meant"),
        ({"stop": "2026-01-01"}, "which time is meant"),
        ({"last": "1h", "start": "2026-01-01"}, "not both"),
        ({"last": "1h", "stop": "2026-01-01"}, "not both"),
        ({"start": "2026-02-01", "stop": "2026-01-01"}, "is not before stop='2026-01-01'"),
        ({"start": "2030-01-01"}, "is not before now"),
        ({"last": "soon"}, "last='soon': a length of time"),
        ({"last": "1h", "every": "1x"}, "every='1x': a length of time"),
        ({"last": "1h", "zone": "Mars"}, "zone='Mars'"),
        ({"last": "1h", "fill": "null"}, "only windows can be filled"),
        ({"last": "1h", "every": "1m", "fill": "zero"}, "it is none, null, previous, linear, or a number"),
        ({"last": "1h", "every": "1m", "fill": True}, "fill=True"),
        ({"last": "1h", "every": "1m", "fill": float("nan")}, "fill=nan"),
        ({"last": "1h", "function": "average"}, "there is mean, min, max, sum"),
        ({"last": "1h", "function": "p0"}, "quantiles above p0 and below p100"),
        ({"last": "1h", "functions": "mean"}, "a list of names"),
        ({"last": "1h", "functions": []}, "a list of names"),
        ({"last": "1h", "functions": 5}, "a list of names"),
        ({"last": "1h", "fill": ["null"]}, "it is none, null, previous, linear, or a number"),
        ({"last": "1h", "every": "1m", "fill": 10**400}, "it is none, null, previous, linear, or a number"),
        ({"last": "1h", "wehre": {"rack": "rack1"}}, "there is no argument 'wehre'; there is: every, fields, fill"),
        ({"last": "1h", "function": "mean", "functions": ["max"]}, "use one of them"),
        ({"start": "1700-01-01", "every": "1s", "fill": 0}, "more windows than can be filled"),
    ],
)
def test_what_cannot_be_meant(wish: dict[str, Any], words: str) -> None:
    """Each mistake has an error that says what is allowed."""
    with pytest.raises(QuestionError) as caught:
        asked(**wish)

    assert words in str(caught.value)


def test_bucket_without_a_name() -> None:
    """A bucket has one."""
    with pytest.raises(QuestionError, match="a bucket has a name"):
        understand("", {"last": "1h"}, zone=ZoneInfo("UTC"), now_ns=NOW_NS)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({}, Grouping()),
        ({"every": "1h"}, Grouping(Interval(1, "h"), ("mean",))),
        ({"function": "max"}, Grouping(Interval(30, "m"), ("max",))),
        ({"functions": ["max", "p95", "max"]}, Grouping(Interval(30, "m"), ("max", "p95"))),
        ({"every": "1d", "fill": "previous"}, Grouping(Interval(1, "d"), ("mean",), "previous")),
        ({"every": "1d", "fill": 0}, Grouping(Interval(1, "d"), ("mean",), 0)),
        ({"every": "1d", "fill": np.int64(7)}, Grouping(Interval(1, "d"), ("mean",), 7)),
        ({"every": "1d", "fill": np.float64(7.5)}, Grouping(Interval(1, "d"), ("mean",), 7.5)),
    ],
)
def test_groupings(wish: dict[str, Any], expected: Grouping) -> None:
    """Windows are 30 minutes long, and a mean is made of them, where nothing else is said."""
    assert asked(last="1h", **wish).grouping == expected


def test_what_a_store_is_asked_for() -> None:
    """Differences and rates are made of the last values, which are asked for once."""
    found = asked(last="1h", functions=["difference", "mean", "rate"])

    assert found.question.functions == ("last", "mean")
    assert found.grouping.functions == ("difference", "mean", "rate")
