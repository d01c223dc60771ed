"""The door for code that is not async: the writer in a thread with an event loop of its own."""

from collections.abc import Iterable
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ingestor.loopthread import LoopThread
from sensors import Measurement

if TYPE_CHECKING:
    from ingestor.writer.door import Report, Writer


class SyncWriter:
    """Writes from code that is not async, also where a loop runs already, as in notebooks. Use it with `with`.

    Several threads may share it.

    Args:
        writer: What does the work, in a thread that lives as long as the `with`.
    """

    def __init__(self, writer: "Writer") -> None:
        self._writer = writer
        self._thread = LoopThread(writer, name="ingestor-writer")

    def __enter__(self) -> Self:
        self._thread.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.__exit__(kind, error, trace)

    def write(
        self,
        readings: Measurement | Iterable[Measurement],
        *,
        bucket: str,
        measurement: str | None = None,
        time: datetime | int | None = None,
    ) -> "Report":
        """Return when the readings are stored; everything is as for `Writer.write`."""
        return self._thread.call(self._writer.write(readings, bucket=bucket, measurement=measurement, time=time))
