"""One request to a weather service."""

import pytest

from ingestor.ports import TaskFault
from ingestor.tasks.weather.fetch import Answer, Fetcher, FetchError
from ingestor.tasks.weather.provider import Ask
from tests.servers.rawpeer import RawPeer
from tests.servers.weather import KEY, FakeWeather, Reply
from tests.support import free_port, run

QUESTION = Ask("/data/2.5/weather", {"appid": KEY, "units": "metric"})


async def fetched(reply: Reply | None, *, address: str | None = None) -> Answer:
    """The answer to a question, where the service answers that."""
    async with FakeWeather() as fake:
        if reply is not None:
            fake.instead["openweathermap"] = reply
        where = address or fake.addresses["openweathermap"]
        async with Fetcher(secs=5, max_bytes=1_000) as fetcher:
            return await fetcher.fetch(where, QUESTION, complaint="message", secret=KEY)


def test_an_answer_comes_as_it_is() -> None:
    """Also what is no JSON: who reads it judges."""
    assert run(fetched(Reply(200, b"\xff\x00"))) == (b"\xff\x00", True)


def test_a_long_answer_is_cut() -> None:
    """It says so."""
    assert run(fetched(Reply(200, "x" * 100_000))) == (b"x" * 1_001, False)


def test_the_key_is_in_no_error() -> None:
    """Not even where the service repeats it."""
    said = Reply(401, f'{{"message": "key {KEY} is unknown"}}')
    with pytest.raises(FetchError, match=r"refuses \(401: key \*\*\* is unknown\)"):
        run(fetched(said))


def test_a_key_with_signs_is_in_no_error_either() -> None:
    """Where the answer is no HTTP: the address that was asked is not told, in whatever way the key stands in it."""
    key = "se+cret/key=="

    async def main() -> None:
        async with RawPeer(b"HTTP/1.1 200 OK\r\nX: \0\r\n\r\n") as peer, Fetcher(secs=5, max_bytes=1_000) as fetcher:
            await fetcher.fetch(peer.url, Ask("/weather", {"appid": key}), complaint="message", secret=key)

    with pytest.raises(FetchError, match="cannot be asked: ") as caught:
        run(main())

    assert "appid" not in str(caught.value)


@pytest.mark.parametrize("body", ["", "[]", '{"message": 7}', "[" * 100_000, b"\xff"])
def test_whatever_a_refusal_says_it_is_one(body: str | bytes) -> None:
    """Words are told only where there are some."""
    with pytest.raises(FetchError, match=r"^refuses \(404\)$"):
        run(fetched(Reply(404, body)))


def test_words_of_a_service_are_one_short_line() -> None:
    """They end up in logs and on terminals."""
    with pytest.raises(FetchError) as caught:
        run(fetched(Reply(401, '{"message": "a\\u001b[31m' + "x" * 5_000 + '"}')))

    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


def test_nobody_there_is_a_fault_that_may_pass() -> None:
    """Its words do not name the key."""
    with pytest.raises(FetchError, match="cannot be asked") as caught:
        run(fetched(None, address=f"http://127.0.0.1:{free_port()}"))

    assert caught.value.kind is TaskFault.UNAVAILABLE
    assert KEY not in str(caught.value)
