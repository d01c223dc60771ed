"""Answers to queries, read while they come, from servers of every kind."""

import asyncio
from collections.abc import Sequence

import pytest
from pydantic import SecretStr

from ingestor.errors import BucketError, StoreError, StoreMisconfiguredError, StoreUnavailableError
from ingestor.reader.annotated import Rows
from ingestor.reader.fluxstream import FluxStream
from ingestor.stores.influxdb.server import Server
from tests.servers.slowflux import Reply, SlowFlux
from tests.support import eventually_async, free_port, run

HEAD = b"#datatype,string,long,double\r\n#group,false,false,false\r\n#default,_result,,\r\n,result,table,_value\r\n"
ROW = b",,0,2.5\r\n"
END = b"\r\n"
ERROR = b"\r\n#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,boom,\r\n"


class Answered:
    """What a query came to: how many rows, and the error where there was one."""

    def __init__(self, reply: Reply, *, timeout_secs: float = 20.0) -> None:
        self.rows = 0
        self.error: StoreError | None = None
        self.queries: Sequence[dict[str, object]] = ()
        run(self._ask(reply, timeout_secs))

    async def _ask(self, reply: Reply, timeout_secs: float) -> None:
        async with (
            SlowFlux(reply) as server,
            FluxStream(Server(server.url, "farm", SecretStr("sesame"), timeout_secs=timeout_secs)) as stream,
        ):
            try:
                await stream.ask("buckets()", self._take, bucket="Farm")
            except StoreError as error:
                self.error = error
            self.queries = server.queries

    def _take(self, rows: Rows) -> None:
        self.rows += rows.batch.num_rows


@pytest.mark.parametrize("gzip", [False, True])
def test_all_rows_are_handed_over(gzip: bool) -> None:  # noqa: FBT001
    """Plain or compressed, in any pieces: a large one and small ones."""
    answered = Answered(Reply([HEAD + ROW * 500_000, b",,0,", b"3\r\n", ROW, END], gzip=gzip))

    assert answered.error is None
    assert answered.rows == 500_002


def test_what_is_asked() -> None:
    """The query with the annotations that the parser needs, in the name of the organisation, with the token."""
    (asked,) = Answered(Reply([HEAD])).queries

    headers = asked.pop("headers")
    assert asked == {
        "query": "buckets()",
        "type": "flux",
        "dialect": {"annotations": ["datatype", "group", "default"]},
        "org": "farm",
    }
    assert isinstance(headers, dict)
    assert headers["Authorization"] == "Token sesame"
    assert headers["Accept-Encoding"] == "identity"


def test_an_error_at_the_end_of_an_answer_raises() -> None:
    """The status was 200 long before; rows that came are not passed off as all of them."""
    answered = Answered(Reply([HEAD + ROW * 3, ERROR]))

    assert isinstance(answered.error, BucketError)
    assert str(answered.error) == "InfluxDB broke off its answer: boom"


@pytest.mark.parametrize("gzip", [False, True])
def test_an_answer_that_is_cut_off_raises(gzip: bool) -> None:  # noqa: FBT001
    """Even between two rows."""
    answered = Answered(Reply([HEAD + ROW * 3], gzip=gzip, cut=True))

    assert isinstance(answered.error, StoreUnavailableError)
    assert "ended too early" in str(answered.error)


@pytest.mark.parametrize("rest", [b"", b",,0,2", b"\n"])
def test_an_answer_without_its_end_raises(rest: bytes) -> None:
    """Whatever stands in between may make a whole answer of a part: the last line is an empty one, or rows lack."""
    answered = Answered(Reply([HEAD + ROW * 3 + rest]))

    assert isinstance(answered.error, StoreUnavailableError)
    assert "ended too early" in str(answered.error)


def test_an_answer_that_stops_coming_raises() -> None:
    """The time limit is for each wait, and not for all of an answer."""
    answered = Answered(Reply([HEAD + ROW], hangs=True), timeout_secs=0.2)

    assert isinstance(answered.error, StoreUnavailableError)
    assert "no answer within 0.2 s" in str(answered.error)


def test_nobody_there() -> None:
    """It can be tried again later."""

    async def ask() -> None:
        async with FluxStream(Server(f"http://127.0.0.1:{free_port()}")) as stream:
            await stream.ask("buckets()", lambda _: None, bucket="Farm")

    with pytest.raises(StoreUnavailableError, match="cannot be reached: Connection refused"):
        run(ask())


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, b'{"code":"unauthorized","message":"unauthorized access"}', StoreMisconfiguredError, "Check `token`"),
        (400, b'{"code":"invalid","message":"undefined identifier x"}', BucketError, "undefined identifier x"),
        (500, b'{"code":"internal error","message":"panic"}', StoreUnavailableError, "panic"),
        (503, b"", StoreUnavailableError, "503"),
        (407, b"", StoreMisconfiguredError, "see proxy"),
        (302, b"", StoreMisconfiguredError, "302"),
        (403, b'{"error":"Flux query service disabled. Verify"}', StoreMisconfiguredError, "flux-enabled = true"),
    ],
)
@pytest.mark.parametrize("gzip", [False, True])
def test_refusals_have_words(status: int, body: bytes, kind: type[StoreError], words: str, gzip: bool) -> None:  # noqa: FBT001
    """What a status means is what it means when something is written; Flux that is turned off can be turned on."""
    answered = Answered(Reply([body], status=status, gzip=gzip))

    assert isinstance(answered.error, kind)
    assert words in str(answered.error)


def test_a_server_that_is_no_influxdb() -> None:
    """A page in place of an answer."""
    answered = Answered(Reply([b"<!doctype html>\n<html>hello</html>\n"]))

    assert isinstance(answered.error, StoreMisconfiguredError)
    assert "is `url` the address of its API?" in str(answered.error)


def test_damage_within_what_is_compressed() -> None:
    """It is told as such, and may be better the next time."""
    answered = Answered(Reply([HEAD + ROW], garbled=True))

    assert isinstance(answered.error, StoreUnavailableError)
    assert "damaged" in str(answered.error)


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("http://localhost:8086", "identity"),
        ("http://127.0.0.1:8086", "identity"),
        ("http://[::1]:8086", "identity"),
        ("https://influx.example", "gzip"),
        ("http://192.0.2.1:8086", "gzip"),
    ],
)
def test_compressed_only_from_afar(url: str, accepted: str) -> None:
    """On one machine the server would take longer for packing than for all else."""

    async def accepts() -> str:
        async with FluxStream(Server(url)) as stream:
            return stream._session.headers["Accept-Encoding"]

    assert run(accepts()) == accepted


def test_a_query_that_is_given_up_is_ended_at_the_server() -> None:
    """Cancelling hangs up, so that the server does not work on for nobody."""

    async def give_up() -> bool:
        async with SlowFlux(Reply([HEAD + ROW], hangs=True)) as server, FluxStream(Server(server.url)) as stream:
            asking = asyncio.create_task(stream.ask("buckets()", lambda _: None, bucket="Farm"))
            await eventually_async(lambda: server.queries)
            asking.cancel()
            await asyncio.wait([asking])
            async with asyncio.timeout(10):
                return await server.ended.wait()

    assert run(give_up())
