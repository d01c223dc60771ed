"""The door for code that is not async: the reader in a thread with an event loop of its own."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

import pyarrow as pa

from ingestor.loopthread import LoopThread
from ingestor.reader.question import Where
from ingestor.reader.reader import Reader
from ingestor.reader.source import FieldInfo
from ingestor.reader.wish import Rest, Span, Wish


class SyncReader:
    """Reads from code that is not async, also where a loop runs already, as in notebooks. Use it with `with`.

    Its methods are those of `Reader`, and so is what they take and raise. Several threads may share it.

    Args:
        reader: What does the work, in a thread that lives as long as the `with`.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._thread = LoopThread(reader, name="ingestor-reader")

    def __enter__(self) -> Self:
        self._thread.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.__exit__(kind, error, trace)

    def read(self, bucket: str, *, measurement: str | None = None, **wish: Unpack[Wish]) -> pa.Table:
        """One table; see `Reader.read`."""
        return self._thread.call(self._reader.read(bucket, measurement=measurement, **wish))

    def read_all(self, bucket: str, **wish: Unpack[Wish]) -> Mapping[str, pa.Table]:
        """A table for each measurement."""
        return self._thread.call(self._reader.read_all(bucket, **wish))

    def stream(self, bucket: str, *, measurement: str | None = None, **wish: Unpack[Wish]) -> Iterator[pa.RecordBatch]:
        """The same in batches; see `Reader.stream`."""
        batches = self._reader.stream(bucket, measurement=measurement, **wish)
        try:
            while (batch := self._thread.call(_next(batches))) is not None:
                yield batch
        finally:
            if self._thread.is_open:  # else it has been closed with the rest
                self._thread.call(batches.aclose())

    def buckets(self) -> Sequence[str]:
        """The names of all buckets."""
        return self._thread.call(self._reader.buckets())

    def measurements(self, bucket: str) -> Sequence[str]:
        """The measurements of a bucket."""
        return self._thread.call(self._reader.measurements(bucket))

    def fields(self, bucket: str, measurement: str | None = None) -> Sequence[FieldInfo]:
        """The fields of a measurement, with their types and units."""
        return self._thread.call(self._reader.fields(bucket, measurement))

    def tags(self, bucket: str, measurement: str | None = None) -> Mapping[str, Sequence[str]]:
        """The tags of a measurement and the values that occur."""
        return self._thread.call(self._reader.tags(bucket, measurement))

    def last(
        self,
        bucket: str,
        *,
        measurement: str | None = None,
        where: Where | None = None,
        fields: str | Iterable[str] | None = None,
        **span: Unpack[Span],
    ) -> pa.Table:
        """The newest value of every series; see `Reader.last`."""
        work = self._reader.last(bucket, measurement=measurement, where=where, fields=fields, **span)
        return self._thread.call(work)

    def gaps(
        self,
        bucket: str,
        expected: str,
        *,
        measurement: str | None = None,
        where: Where | None = None,
        fields: str | Iterable[str] | None = None,
        **span: Unpack[Span],
    ) -> pa.Table:
        """Where data is missing; see `Reader.gaps`."""
        work = self._reader.gaps(bucket, expected, measurement=measurement, where=where, fields=fields, **span)
        return self._thread.call(work)


def read(
    bucket: str,
    last: str | None = None,
    every: str | None = None,
    *,
    config: Path | str | None = None,
    store: str | None = None,
    measurement: str | None = None,
    **wish: Unpack[Rest],
) -> pa.Table:
    """One table, in one call: `read("Farm", "30d", "1h").to_pandas()`.

    Args:
        bucket: Where the readings are.
        last: So long until now: `30d`. Else give `start` (and `stop`).
        every: The length of windows; None for the readings as they are.
        config: The configuration file; None for `config.yaml` in the working directory.
        store: Which store of it, or the address of one: `sqlite:FOLDER`, `influxdb://TOKEN@HOST:8086/ORG`.
        measurement: Of which kind; not needed where the bucket holds only one.
        **wish: See `Reader.read`.

    Raises:
        QuestionError: The question cannot be asked so.
        ConfigError: The configuration cannot be used, or it is not clear which store is meant.
        StoreError: The store does not answer, or has no such bucket.
    """
    reader = Reader(store) if store is not None and ":" in store else Reader.from_config(config, store=store)
    with reader.sync() as door:
        return door.read(bucket, measurement=measurement, last=last, every=every, **wish)


async def _next(batches: AsyncIterator[pa.RecordBatch]) -> pa.RecordBatch | None:
    return await anext(batches, None)
