"""Deleting single points from a bucket: exactly these, and nothing that stands beside them.

InfluxDB 2 has an API for it whose predicate means every series that has certain tags, also those with more of them; it
cannot say "without this tag" (measured on 2.8: nothing matches then). InfluxQL can, on 2 as on 1: the tags that a
measurement knows, and the series does not have, are said to be empty. Each statement means a run of times of one series
between which nothing else of it stands, so that many points in a row take one statement. InfluxQL deletes in all
policies of a database of InfluxDB 1 alike, and finds no bucket of 2 whose name has a slash: there it is refused.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from ingestor.errors import BucketError
from ingestor.ports import Point
from ingestor.stores.influxdb import influxql
from ingestor.stores.influxdb.answers import Dialect, dialect, error_of, read
from ingestor.stores.influxdb.connection import Connection, TooLongError, understood
from ingestor.stores.influxdb.fieldtypes import is_meant, is_there
from ingestor.stores.influxdb.influxql import Result, quoted, text

_NO_BUCKET = "not found|default retention policy not set for"
_STATEMENTS = 100  # of one request
_MORE_ROWS = 100  # of others, that a look at a series may find beside its own

_Name = tuple[str, tuple[tuple[str, str], ...]]


async def delete_points(connection: Connection, bucket: str, points: Sequence[Point]) -> None:
    """Return once nothing is there at the times of these points in their series; see `ports.Store.delete`.

    Raises:
        StoreUnavailableError: The server cannot do it just now.
        StoreMisconfiguredError: It refuses everything until a person acts.
        BucketError: Points of this bucket cannot be deleted.
    """
    if "/" in bucket:
        raise BucketError(bucket, "points cannot be deleted from a bucket with a / in its name: InfluxQL finds no such")
    places: dict[_Name, set[int]] = {}
    for series, time_ns, _ in points:
        places.setdefault((series.measurement, series.tags), set()).add(time_ns)
    tags = await _tag_keys(connection, bucket, sorted({measurement for measurement, _ in places}))
    if tags is None:
        return
    named = [(_place(name, tags[name[0]]), times) for name, times in places.items()]
    for begin in range(0, len(named), _STATEMENTS):
        some = named[begin : begin + _STATEMENTS]
        there = await _times_there(connection, bucket, some)
        statements = [
            f"DELETE {place} AND time >= {first} AND time <= {last}"
            for (place, times), found in zip(some, there, strict=True)
            for first, last in (runs(times, found) if found is not None else ((one, one) for one in sorted(times)))
        ]
        for at in range(0, len(statements), _STATEMENTS):
            await _do(connection, bucket, statements[at : at + _STATEMENTS])


def runs(ours: set[int], there: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The stretches of times, ends included, that hold all that is ours and nothing else of what is there."""
    for mine, stretch in groupby(sorted(there), key=ours.__contains__):
        if mine:
            times = list(stretch)
            yield times[0], times[-1]


async def _tag_keys(
    connection: Connection, bucket: str, measurements: Sequence[str]
) -> dict[str, Sequence[str]] | None:
    """The tags that each measurement knows; None where there is no such bucket, so nothing to delete."""
    statements = [f"SHOW TAG KEYS FROM {quoted(measurement)}" for measurement in measurements]
    keys: dict[str, Sequence[str]] = {}
    for begin in range(0, len(statements), _STATEMENTS):
        results, spoken = await _ask(connection, bucket, statements[begin : begin + _STATEMENTS])
        if hidden := next((result.error for result in results if result.error), ""):
            if re.search(_NO_BUCKET, hidden) and not (spoken is Dialect.V2 and await is_there(connection, bucket)):
                return None
            raise BucketError(bucket, f"{_told(hidden)}. To delete, the token has to read and write this bucket")
        if not begin:
            await _demand_alone(connection, bucket, spoken)
        of_these = measurements[begin : begin + _STATEMENTS]
        for measurement, result in zip(of_these, results, strict=True):
            keys[measurement] = [str(key) for rows in result.series for (key,) in rows.values]
    return keys


async def _demand_alone(connection: Connection, bucket: str, spoken: Dialect) -> None:
    """Where a statement would delete elsewhere, too, there is none.

    Raises:
        BucketError: It would.
    """
    if spoken is Dialect.V1:
        ((result,), _) = await _ask(connection, bucket, [f"SHOW RETENTION POLICIES ON {quoted(bucket)}"])
        if sum(len(rows.values) for rows in result.series) > 1:
            words = "InfluxDB 1 deletes in all retention policies of a database, and this one has several"
            raise BucketError(bucket, words)
    elif not await is_meant(connection, bucket):
        words = "the token also sees a bucket of this name in another organisation, and InfluxQL may mean that one"
        raise BucketError(bucket, words)


async def _times_there(
    connection: Connection, bucket: str, named: Sequence[tuple[str, set[int]]]
) -> Sequence[Sequence[int] | None]:
    """What stands in each series between its first and last time; None where that is too much to look at."""
    limits = [2 * len(times) + _MORE_ROWS for _, times in named]
    statements = [
        f"SELECT *::field {place} AND time >= {min(times)} AND time <= {max(times)} LIMIT {limit}"
        for (place, times), limit in zip(named, limits, strict=True)
    ]
    try:
        results, _ = await _ask(connection, bucket, statements)
    except TooLongError:
        return [None] * len(named)
    if words := next((result.error for result in results if result.error), ""):
        raise BucketError(bucket, _told(words))
    found: list[Sequence[int] | None] = []
    for result, limit in zip(results, limits, strict=True):
        times = [int(row[0]) for rows in result.series for row in rows.values]
        cut = len(times) >= limit or any(rows.partial for rows in result.series)
        found.append(None if cut else times)
    return found


def _place(name: _Name, keys: Iterable[str]) -> str:
    """What of a statement means one series, and no other."""
    measurement, tags = name
    known = dict(tags)
    told = [f"{quoted(key)}::tag = {text(known.get(key, ''))}" for key in sorted({*known, *keys})]
    return " ".join([f"FROM {quoted(measurement)} WHERE", " AND ".join(told)]) if told else _bare(measurement)


def _bare(measurement: str) -> str:
    """The same of a measurement that knows no tags."""
    return f"FROM {quoted(measurement)} WHERE true"


async def _ask(connection: Connection, bucket: str, statements: Sequence[str]) -> tuple[Sequence[Result], Dialect]:
    """What each statement gives, and which InfluxDB it was."""
    answer = await connection.query(influxql.place(bucket), statements)
    if answer.status != 200:
        raise error_of(read(answer), bucket)
    return understood(connection.server, influxql.read_results, answer.body), dialect(answer)


async def _do(connection: Connection, bucket: str, statements: Sequence[str]) -> None:
    results, _ = await _ask(connection, bucket, statements)
    if words := next((result.error for result in results if result.error), ""):
        raise BucketError(bucket, _told(words))


def _told(words: str) -> str:
    return f"InfluxDB answered: {words}"
