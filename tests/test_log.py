"""One line a record, as text or JSON, repeats limited."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from ingestor.config import Config, Mqtt
from ingestor.log import JsonFormatter, Level, RepeatFilter, Style, TextFormatter, setup


def record(text: str, *args: object, name: str = "ingestor.x", level: int = logging.WARNING) -> logging.LogRecord:
    """A record as a logger makes it."""
    return logging.LogRecord(name, level, "file.py", 1, text, args, None)


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def restored() -> Iterator[None]:
    """Puts back how the process logs."""
    loggers = [logging.getLogger(name) for name in (None, "ingestor")]
    before = [(logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, (level, handlers) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.handlers[:] = handlers


def test_text_is_a_line_with_event_and_fields() -> None:
    """Time in UTC, level, logger, event, fields."""
    line = TextFormatter().format(record("store_held store=%s reason=%s", "local", "no space left"))

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING ingestor\.x store_held store=local reason=no space left", line
    )


def test_json_has_the_event_and_its_fields() -> None:
    """Numbers stay numbers, what is no plain value becomes text, and the message is the same as in text."""
    line = JsonFormatter().format(record("lost store=%s messages=%d why=%s", "local", 3, ValueError("x")))
    told = json.loads(line)

    assert told.pop("time").endswith("Z")
    assert told == {
        "level": "warning",
        "logger": "ingestor.x",
        "event": "lost",
        "message": "lost store=local messages=3 why=x",
        "store": "local",
        "messages": 3,
        "why": "x",
    }


@pytest.mark.parametrize(
    ("text", "args"),
    [("100%% sure a=%s", (1,)), ("plain words", ()), ("%s without a name a=%s", (1, 2)), ("a=%(a)s", ({"a": 1},))],
)
def test_json_of_records_of_libraries(text: str, args: tuple[object, ...]) -> None:
    """A record in another manner has its message at least."""
    made = record(text, *args)
    told = json.loads(JsonFormatter().format(made))

    assert told["message"] == made.getMessage()
    assert told.get("a", 1) == 1


def test_fields_do_not_hide_the_head() -> None:
    """A field that is called like a part of the head leaves it alone."""
    told = json.loads(JsonFormatter().format(record("x level=%s", "nonsense")))

    assert told["level"] == "warning"


@given(st.text(st.characters()), st.sampled_from([TextFormatter(), JsonFormatter()]))
def test_nothing_that_a_device_sends_breaks_the_line(topic: str, formatter: logging.Formatter) -> None:
    """No topic starts a line of its own, or sends control characters to a terminal."""
    line = formatter.format(record("unrouted topic=%s", topic))

    assert line.splitlines() == [line]
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", line)
    line.encode()


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_a_traceback_stays_in_the_line(formatter: logging.Formatter) -> None:
    """Where an exception goes along, its traceback is in the same line."""
    made = record("failed")
    try:
        raise ValueError("of the test")  # noqa: TRY301 - an exception with a traceback is needed
    except ValueError:
        made.exc_info = sys.exc_info()
    line = formatter.format(made)

    assert "ValueError: of the test" in line
    assert "\n" not in line


def test_repeats_are_held_back_and_counted() -> None:
    """The first passes, then one a minute, which says how many were held back; each store for itself."""
    clock = Clock()
    repeats = RepeatFilter(every_secs=60, clock=clock)
    passed = []
    for second in range(130):
        clock.now = 100.0 + second
        for store in ("one", "two") if second == 5 else ("one",):
            made = record("store_held store=%s reason=%s", store, second)
            if repeats.filter(made):
                passed.append((second, TextFormatter().format(made).partition(" store_held ")[2]))

    assert passed == [
        (0, "store=one reason=0"),
        (5, "store=two reason=5"),
        (60, "store=one reason=60 suppressed=59"),
        (120, "store=one reason=120 suppressed=59"),
    ]


def test_different_records_do_not_hold_each_other_back() -> None:
    """Another text, or another logger, is another record."""
    repeats = RepeatFilter(clock=Clock())
    first = [record("a"), record("b"), record("a", name="ingestor.y")]

    assert [repeats.filter(made) for made in first + first] == [True] * 3 + [False] * 3


def test_debugging_is_not_limited() -> None:
    """Who debugs wants each record."""
    repeats = RepeatFilter(clock=Clock())

    assert all(repeats.filter(record("a", level=logging.DEBUG)) for _ in range(3))


def test_the_memory_of_repeats_is_bounded() -> None:
    """Records without end that are all different are forgotten, the oldest first."""
    repeats = RepeatFilter(clock=Clock(), remembers=3)
    for number in range(100):
        repeats.filter(record(f"event{number}"))

    assert not repeats.filter(record("event98"))
    assert repeats.filter(record("event0"))


@pytest.mark.usefixtures("restored")
def test_setup_writes_lines_to_the_stream() -> None:
    """After setup our records from the level on are written, of libraries only warnings, repeats limited."""
    stream = io.StringIO()
    setup(level=Level.INFO, style=Style.JSON, stream=stream, clock=Clock())
    logging.getLogger("ingestor.x").info("started version=%s", "1")
    logging.getLogger("ingestor.x").debug("hidden")
    logging.getLogger("asyncio").info("hidden")
    logging.getLogger("asyncio").warning("shown")
    logging.getLogger("asyncio").warning("shown")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["started", "shown"]


class BadRequestError(Exception):
    """What aiohttp raises of a request that is no HTTP: it carries the status."""

    code = 400


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize(
    ("logger", "error", "lines"),
    [
        ("aiohttp.server", BadRequestError(), 0),
        ("aiohttp.server", KeyError("x"), 1),
        ("ingestor.web", BadRequestError(), 1),
    ],
)
def test_bad_requests_do_not_fill_the_log(logger: str, error: Exception, lines: int) -> None:
    """What clients do wrong is not written; what goes wrong in our own answers is."""
    stream = io.StringIO()
    setup(level=Level.DEBUG, style=Style.TEXT, stream=stream)
    logging.getLogger(logger).error("Error handling request from %s", "127.0.0.1", exc_info=error)

    assert len(stream.getvalue().splitlines()) == lines


@pytest.mark.usefixtures("restored")
def test_setup_again_replaces_what_was() -> None:
    """A second setup does not write everything twice."""
    first, second = io.StringIO(), io.StringIO()
    setup(level=Level.ERROR, style=Style.TEXT, stream=first)
    setup(level=Level.ERROR, style=Style.TEXT, stream=second)
    logging.getLogger("ingestor").error("once")
    logging.getLogger("other").warning("below")

    assert first.getvalue() == ""
    assert second.getvalue().endswith(" ERROR ingestor once\n")


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_secrets_are_not_logged(formatter: logging.Formatter) -> None:
    """Who logs the configuration, or a secret of it, logs asterisks."""
    full = Config(mqtt=Mqtt(username="bob", password=SecretStr("hunter2")))
    line = formatter.format(record("config all=%s password=%s", full, full.mqtt.password))

    assert "hunter2" not in line
    assert "**********" in line
