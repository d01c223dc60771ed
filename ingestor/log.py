"""How the service writes its log: one line a record, as text or as JSON, repeats limited; set up by the CLI alone.

All over the service a record is `logger.warning("store_held store=%s reason=%s", name, reason)`: an event, then its
fields. Secrets need nothing here: the configuration holds them as `SecretStr`, which prints as asterisks.
"""

import json
import logging
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TextIO

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_FIELD = re.compile(r"(\w+)=%")
_WHOSE_CHARACTERS = 80
_PERCENT = re.compile(r"%(?!%)")


class Level(StrEnum):
    """From where on records are written; `debug` may write one for each message."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Style(StrEnum):
    """How a record is written."""

    TEXT = "text"
    JSON = "json"


def setup(*, level: Level, style: Style, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
    """Write all log records of the process to `stream` from now on, in place of what was set up before.

    Args:
        level: From where on our own records are written; those of libraries begin at warnings.
        style: How they are written.
        stream: Where to; `sys.stderr` for the service.
        clock: Seconds, for the limit on repeats.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if style is Style.JSON else TextFormatter())
    handler.addFilter(ForeignFaultFilter())
    handler.addFilter(RepeatFilter(clock=clock))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    ours = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(ours, logging.WARNING))
    logging.getLogger("ingestor").setLevel(ours)


class TextFormatter(logging.Formatter):
    """`2026-01-01T00:00:00.000Z WARNING ingestor.writer store_held store=local reason=...`, for people and grep."""

    def format(self, record: logging.LogRecord) -> str:
        """The record on one line; control characters, which a topic may hold, are escaped."""
        parts = [_time_of(record), record.levelname, record.name, record.getMessage()]
        parts += [f"{key}={value}" for key, value in _extras(self, record).items()]
        return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], " ".join(parts))


class JsonFormatter(logging.Formatter):
    """An object a line: time, level, logger, event, its fields, and the same message as in text."""

    def format(self, record: logging.LogRecord) -> str:
        """The record on one line."""
        message = record.getMessage()
        head = {"time": _time_of(record), "level": record.levelname.lower(), "logger": record.name}
        head |= {"event": str(record.msg).partition(" ")[0], "message": message}
        return json.dumps(_fields(record) | _extras(self, record) | head)


class ForeignFaultFilter(logging.Filter):
    """Keeps out what the HTTP server writes of requests that are no HTTP, each with a traceback.

    They are answered, nothing is wrong with the service, and who can reach the port could fill the log with them.
    What goes wrong within our own answers is still written.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write it."""
        if record.name != "aiohttp.server" or not record.exc_info:
            return True
        # By the status that the error carries: its class would load the whole of aiohttp for each command.
        return getattr(record.exc_info[1], "code", None) not in range(400, 500)


class RepeatFilter(logging.Filter):
    """Lets the same record of the same logger pass once in a while, with the number that were held back.

    Records are the same when their texts before the arguments are, and the first argument, which mostly says whose
    they are (a store, a file). Debugging is not limited.

    Args:
        every_secs: At most one of the same in that time.
        clock: Seconds that only increase.
        remembers: How many different ones are known at most; the longest known is forgotten first.
    """

    def __init__(
        self, *, every_secs: float = 60.0, clock: Callable[[], float] = time.monotonic, remembers: int = 1000
    ) -> None:
        super().__init__()
        self._every_secs = every_secs
        self._clock = clock
        self._remembers = remembers
        self._passed: dict[tuple[str, str, str], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write it; adds `suppressed` to a record that speaks for others too."""
        if record.levelno < logging.INFO:
            return True
        whose = str(record.args[0])[:_WHOSE_CHARACTERS] if isinstance(record.args, tuple) and record.args else ""
        key = (record.name, str(record.msg), whose)
        now = self._clock()
        with self._lock:
            since, held_back = self._passed.pop(key, (None, 0))
            if since is not None and now - since < self._every_secs:
                self._passed[key] = (since, held_back + 1)
                return False
            self._passed[key] = (now, 0)
            if len(self._passed) > self._remembers:
                del self._passed[next(iter(self._passed))]
        record.suppressed = held_back
        return True


def _time_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """The values by the names that stand before them in the text, where each argument has a name."""
    text = str(record.msg)
    names = _FIELD.findall(text)
    if not isinstance(record.args, tuple) or not len(names) == len(record.args) == len(_PERCENT.findall(text)):
        return {}
    plain = (str, int, float, bool, type(None))
    return {name: value if type(value) in plain else str(value) for name, value in zip(names, record.args, strict=True)}


def _extras(formatter: logging.Formatter, record: logging.LogRecord) -> dict[str, object]:
    """What a record tells besides its message."""
    extras: dict[str, object] = {}
    if suppressed := getattr(record, "suppressed", 0):
        extras["suppressed"] = suppressed
    if record.exc_info:
        extras["traceback"] = formatter.formatException(record.exc_info)
    return extras
