"""What an InfluxDB's answer to a write means, as a table. Pure: an answer in, its meaning out.

Measured on real servers 2.8.0 and 1.13.2; 3 and Cloud as their documentation and source tell. What an answer
says about single lines is in `offenders`.
"""

import json
import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.retry import asked_wait

MAX_WAIT_SECS = 600.0
"""No server makes us wait longer than this."""

_MAX_WORDS = 600  # characters of a server's words that a person gets to read
_END = 16 * 2**10


class Answer(NamedTuple):
    """What came back for one request; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Meaning(StrEnum):
    """What to do about an answer. A closed list: `isolation` has an action for each."""

    STORED = "stored"
    """All of the request is stored."""
    QUOTED = "quoted"
    """Lines that cannot be parsed are quoted; of the rest, 1.x stored all and 2 nothing."""
    NUMBERED = "numbered"
    """Refused lines are told by their number in the request."""
    AGE = "age"
    """The oldest points are outside the bucket's retention; the rest is stored."""
    FIELD = "field"
    """One field of one measurement is named; more may be refused; the rest is stored."""
    SOME = "some"
    """Some points are refused, and the answer does not tell which."""
    REFUSED = "refused"
    """The request is refused and no line is named: its content may be why, or something between us and the server."""
    FAULT = "fault"
    """The server failed on it; it may fail on these bytes for ever, or on everything for a while."""
    TOO_LARGE = "too_large"
    """The body is too large: less at once may do."""
    BUSY = "busy"
    """Will pass: the same again later."""
    DAMAGED = "damaged"
    """A part of this bucket cannot be written, whatever the points; other parts and buckets may."""
    NO_BUCKET = "no_bucket"
    """This bucket cannot be written; others may."""
    FORBIDDEN = "forbidden"
    """The token may not write here: perhaps only this bucket, perhaps none."""
    MISCONFIGURED = "misconfigured"
    """Nothing will be taken until a person acts."""


class Dialect(StrEnum):
    """The generation of a server, by the first number of its version."""

    V1 = "1"
    V2 = "2"
    V3 = "3"


class Row(NamedTuple):
    """One row of the table: which answers, what they mean, and what to do where a person has to.

    `text` is looked for in the server's words and in the body as it came.
    """

    statuses: Collection[int]
    text: str
    meaning: Meaning
    example: str
    advice: str = ""
    dialects: Collection[Dialect] = tuple(Dialect)


class Reading(NamedTuple):
    """An answer, understood. `words` are the server's, all of them; `told` is a line for a person."""

    meaning: Meaning
    words: str
    told: str
    retry_after: float | None = None


_PARTIAL = {400, 422, 500}  # 1.x, 2.x, and the first of 2.0
_FIELD = (
    r'field type conflict: input field "|input field ".{0,1000}" is too long|invalid field name: input field "|'
    r"invalid column type for column '"
)
_DAMAGED = (
    "unexpected error writing points to database|opening shard previously failed|error opening shard|"
    "not attempting to open shard"
)
_PASSING = (
    "cache maximum memory size exceeded|timeout|deadline exceeded|context canceled|engine is closed|"
    "shard is disabled|no space left|too many open files|database is locked|write failed"
)

TABLE = (
    Row({204}, "", Meaning.STORED, ""),
    Row(
        range(200, 300), "", Meaning.MISCONFIGURED, "<!doctype html><html>hello</html>",
        "This is not how InfluxDB answers: is `url` the address of its API?",
    ),
    Row(range(300, 400), "", Meaning.MISCONFIGURED, "", "Put the address that it points to into `url`"),
    Row(
        _PARTIAL, "is pending deletion", Meaning.BUSY,
        '{"message": "partial write: shard 7 is pending deletion dropped=3"}',
    ),
    Row(
        {400}, "unable to parse '", Meaning.QUOTED,
        """{"code": "invalid", "message": "unable to parse 'm f=': missing field value"}""",
    ),
    Row(
        {400, 422}, r'"line_number"\s*:|"line"\s*:\s*\d|encountered on line', Meaning.NUMBERED,
        '{"error": "parsing failed", "data": [{"line_number": 1, "error_message": "no value"}]}',
    ),
    Row(
        _PARTIAL, "(outside|beyond) retention policy", Meaning.AGE,
        '{"error": "partial write: points beyond retention policy dropped=1"}',
    ),
    Row(
        _PARTIAL, _FIELD, Meaning.FIELD,
        r'{"message": "partial write: field type conflict: input field \"f\" on measurement \"m\" is type integer, '
        r'already exists as type float dropped=1"}',
    ),
    Row(
        _PARTIAL, "partial write", Meaning.SOME,
        '{"error": "partial write: max-values-per-tag limit exceeded (50/50): measurement=m tag=t value=v dropped=6"}',
    ),
    Row(
        {422}, "exceed.{0,100} databases", Meaning.NO_BUCKET,
        '{"error": "Adding a new database would exceed limit of 5 databases"}',
        "It has as many databases as it may", (Dialect.V3,),
    ),
    Row(
        {400}, "orgID or org", Meaning.MISCONFIGURED,
        '{"code": "invalid", "message": "Please provide either orgID or org"}', "Set `org`",
    ),
    Row({400, 422}, "", Meaning.REFUSED, '{"code": "invalid", "message": "unable to read data: gzip: invalid header"}'),
    Row(
        {401}, "", Meaning.MISCONFIGURED, '{"code": "unauthorized", "message": "unauthorized access"}',
        "Check `token`",
    ),
    Row(
        {403}, "user is required", Meaning.MISCONFIGURED, r'{"error": "user is required to write to database \"d\""}',
        "Set `token` (for InfluxDB 1: user:password)",
    ),
    Row(
        {403}, "", Meaning.FORBIDDEN, '{"code": "forbidden", "message": "insufficient permissions for write"}',
        "The token needs the permission to write here",
    ),
    Row(
        {404}, "organization.{0,1000} not found", Meaning.MISCONFIGURED,
        r'{"code": "not found", "message": "organization name \"farm\" not found"}', "Check `org`",
    ),
    Row(
        {404}, "bucket.{0,1000}not found|database not found|bucket name", Meaning.NO_BUCKET,
        r'{"code": "not found", "message": "bucket \"Farm\" not found"}', "Create it, or set `create_buckets: true`",
    ),
    Row(
        {404}, "", Meaning.MISCONFIGURED, "404 page not found", "Is it InfluxDB 1.8 or later?", (Dialect.V1,),
    ),
    Row(
        {404}, "", Meaning.MISCONFIGURED, "<html><title>404 Not Found</title>nginx</html>",
        "There is no InfluxDB at this address: check `url`",
    ),
    Row({413}, "", Meaning.TOO_LARGE, "<html><title>413 Request Entity Too Large</title>nginx</html>"),
    Row(
        {500}, "retention policy not found|database not found", Meaning.NO_BUCKET,
        '{"error": "retention policy not found: week"}', "Create it", (Dialect.V1, Dialect.V2),
    ),
    Row({500}, _PASSING, Meaning.BUSY, '{"error": "engine: cache maximum memory size exceeded"}'),
    Row(
        {500}, _DAMAGED, Meaning.DAMAGED,
        '{"message": "unexpected error writing points to database: not attempting to open shard 3"}',
        "Look into the server's log, and at its disk",
    ),
    Row({500}, "", Meaning.FAULT, '{"code": "internal error", "message": "unexpected EOF"}'),
    Row({408, 425, 429}, "", Meaning.BUSY, '{"code": "too many requests", "message": "over the limit"}'),
    Row(range(501, 600), "", Meaning.BUSY, "request throttled, queue full"),
    Row(range(1000), "", Meaning.MISCONFIGURED, "", "This is not how InfluxDB answers: check `url`"),
)  # fmt: skip
"""The first row that fits holds."""


def read(answer: Answer) -> Reading:
    """What an answer means."""
    if answer.status == 204:
        return Reading(Meaning.STORED, "", "stored")
    body = answer.body.decode(errors="replace")
    words = _words(body) or answer.headers.get("x-influxdb-error", "")
    row = find_row(answer.status, f"{ends(words)}\n{ends(body)}", dialect(answer))
    wait = asked_wait(answer.headers)
    wait = None if wait is None else min(wait, MAX_WAIT_SECS)
    return Reading(row.meaning, words, _tell(answer, words, row.advice), wait)


def error_of(reading: Reading, bucket: str = "") -> StoreError:
    """The error that an answer is, which takes or tells nothing; of a bucket, where it is about one."""
    if reading.meaning in {Meaning.BUSY, Meaning.FAULT, Meaning.DAMAGED}:
        return StoreUnavailableError(reading.told, retry_after=reading.retry_after)
    if reading.meaning is Meaning.MISCONFIGURED or not bucket:
        return StoreMisconfiguredError(reading.told)
    return BucketError(bucket, reading.told)


def find_row(status: int, text: str, spoken: Dialect) -> Row:
    """The row of the table for a status, a text and the server's dialect."""
    return next(row for row in TABLE if status in row.statuses and spoken in row.dialects and re.search(row.text, text))


def dialect(answer: Answer) -> Dialect:
    """Which InfluxDB answered, by the header that each of them sets; 2 where something on the way took it off."""
    version = answer.headers.get("x-influxdb-version", "").lstrip("v")
    return next((known for known in Dialect if version.startswith(f"{known.value}.")), Dialect.V2)


def ends(words: str) -> str:
    """The beginning and the end of a server's words, all of short ones: expressions search no more, to end soon."""
    return words if len(words) <= 2 * _END else f"{words[:_END]}\n{words[-_END:]}"


def shorten(words: str) -> str:
    """Words of a server as they go into a log or a dead letter: one line, and not endless."""
    line = " ".join(ends(words).split())
    return line if len(line) <= _MAX_WORDS else f"{line[: _MAX_WORDS // 2]} … {line[-_MAX_WORDS // 2 :]}"


def _words(body: str) -> str:
    """The message in an error's body: `message` of 2, `error` of 1 and 3; else all of it."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(found, dict):
        return body
    return next((found[key] for key in ("message", "error") if isinstance(found.get(key), str)), body)


def _tell(answer: Answer, words: str, advice: str) -> str:
    said = "a web page" if re.match(r"\s*<", words) else shorten(words)
    if 300 <= answer.status < 400:
        said = f"redirected to {_place(answer.headers.get('location', ''))}"
    told = f"InfluxDB answered {answer.status}{said and f': {said}'}"
    return f"{told}. {advice}" if advice else told


def _place(location: str) -> str:
    """Where a redirect leads to, without what may be secret."""
    try:
        found = urlsplit(location)
    except ValueError:
        return "what is no address"
    host = f"{found.scheme}://{found.netloc.rpartition('@')[2]}" if found.netloc else ""
    return shorten(f"{host}{found.path}") or "nowhere"
