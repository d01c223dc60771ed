"""What the reader asks a store: one protocol, two adapters."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

from ingestor.ports import FieldType
from ingestor.reader.question import Question

if TYPE_CHECKING:
    import pyarrow as pa


class FieldInfo(NamedTuple):
    """A field of a measurement; its unit is None where the store knows none."""

    name: str
    type: FieldType
    unit: str | None = None


class Source(Protocol):
    """A store that is read. Entered once, left once; several calls may go on at the same time.

    Every method may raise StoreUnavailableError, StoreMisconfiguredError and BucketError (no such bucket, no right
    to read it), in words for a person.
    """

    async def __aenter__(self) -> Self:
        """Get ready without needing the store to be up."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of files and connections."""

    async def buckets(self) -> Sequence[str]:
        """The names of all buckets, sorted."""

    async def measurements(self, bucket: str) -> Sequence[str]:
        """The measurements of a bucket, sorted."""

    async def fields(self, bucket: str, measurement: str) -> Sequence[FieldInfo]:
        """The fields of a measurement, sorted by name; empty where there is no such measurement."""

    async def tags(self, bucket: str, measurement: str) -> Mapping[str, Sequence[str]]:
        """The tags of a measurement and the values that occur, all sorted."""

    async def span(self, bucket: str, measurement: str) -> tuple[int, int] | None:
        """The times (ns) of the first and the last reading of a measurement; None where there is none."""

    def stream(self, question: Question) -> "AsyncGenerator[pa.RecordBatch, None]":
        """The answer, wide, in bounded memory: batches of at most about 100,000 rows. Who breaks it off closes it.

        Columns: `time` (timestamp[ns, tz]: of a window its beginning), every tag of the measurement as dictionary
        or plain text (null where a series has no such tag), sorted by name, then the fields (of a window: of each
        field each function), in the order of the question, or sorted by name. All batches have one schema: float64,
        int64, string, bool by `fields()`; units in the metadata of a column (b"unit"). Rows are ordered by series
        (tags) and time within a stretch of time, and stretches follow each other. Windows without readings give no
        row. Functions are those that a store works out itself: mean, min, max, sum, count, first, last, median,
        quantile (`p95`, `p99.9`); fields that are no numbers have first, last and count alone, and are left out
        else. What the reader makes of these (difference, rate, fill) it makes itself, alike for all stores.
        """

    def newest(self, question: Question) -> "AsyncGenerator[pa.RecordBatch, None]":
        """The last reading of each field of each series in the time of the question; `every` is None.

        The columns are those of `stream`. A series has a row for each time at which one of its fields was read last,
        with the values of those fields alone.
        """
