"""Whether a reading comes back from a store as it was written: in a bucket of its own, which is removed again."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

from ingestor.cli.checks.finding import Finding, ok, problem
from ingestor.cli.units import counted
from ingestor.config import Config
from ingestor.errors import StoreError
from ingestor.ports import BucketInfo, Buckets, Flaw, Point, StoredPoint, Value, type_of_value
from ingestor.stores import make_buckets, make_store
from ingestor.writer import Report, Writer
from ingestor.writer.pointmaker import PointMaker
from sensors import Measurement
from sensors.simulator import Simulator

KEPT_SECS = 3600.0
"""The least that InfluxDB takes: should the bucket stay, its points do not."""

_DEADLINE_SECS = 10.0

Write = Callable[[Measurement, str, int], Awaitable[Report]]
"""Writes a reading into a bucket at a time in nanoseconds."""


async def check_writing(config: Config) -> list[Finding]:
    """Does it with each store."""
    findings = []
    for name in config.stores:
        about = f"store {name}"
        try:
            async with make_buckets(config, name) as buckets:
                wrong = await Trial(buckets, _through_writer(config, name)).run(now_ns=time.time_ns())
        except StoreError as error:
            wrong = [str(error)]
        findings += [problem(about, f"write test: {words}") for words in wrong]
        if not wrong:
            findings.append(ok(about, "write test: a simulated reading came back as it was written"))
    return findings


def _through_writer(config: Config, name: str) -> Write:
    async def write(reading: Measurement, bucket: str, time_ns: int) -> Report:
        async with Writer(name, make_store(config, name), known={}, deadline_secs=_DEADLINE_SECS) as writer:
            return await writer.write(reading, bucket=bucket, time=time_ns)

    return write


class Trial:
    """One store's turn.

    Args:
        buckets: Of the store; entered already.
        write: How the service writes to it.
    """

    def __init__(self, buckets: Buckets, write: Write) -> None:
        self._buckets = buckets
        self._write = write
        self._bucket = f"ingestor-write-test-{secrets.token_hex(4)}"
        self._made = False

    async def run(self, *, now_ns: int) -> list[str]:
        """What went wrong, in words; empty when nothing did. The bucket is removed whatever happens, Ctrl-C too."""
        wrong: list[str] = []
        try:
            wrong += await self._try_out(now_ns)
        finally:
            removal = asyncio.create_task(self._remove(), name="write-test-remove")
            try:
                wrong += await asyncio.shield(removal)
            except asyncio.CancelledError:
                await removal  # the first Ctrl-C may come only now
                raise
        return wrong

    async def _try_out(self, now_ns: int) -> list[str]:
        wanted = BucketInfo(self._bucket, "of ingestor check --write-test; it can be deleted", KEPT_SECS)
        try:
            await self._buckets.create(wanted)
        except StoreError as error:
            return [f"no bucket can be made for it: {error}"]
        self._made = True
        reading = Simulator().climate(1, now_ns)
        try:
            report = await self._write(reading, self._bucket, now_ns)
            stored = await self._buckets.points(self._bucket)
        except StoreError as error:
            return [str(error)]
        if report.set_aside:
            return [str(one) for one in report.set_aside]
        expected = PointMaker().make(reading, bucket=self._bucket, measurement=None, time_ns=now_ns, now_ns=now_ns)
        return [expected.detail] if isinstance(expected, Flaw) else list(differences(expected, stored))

    async def _remove(self) -> list[str]:
        try:
            await self._buckets.remove(self._bucket)
        except StoreError as error:
            # It is tried also where none was made, as far as we know: the answer may be all that was lost.
            return [f"its bucket {self._bucket} could not be removed: {error}"] if self._made else []
        return []


def differences(expected: Point, stored: Sequence[StoredPoint]) -> Iterator[str]:
    """What came back otherwise than it was written, field by field; nothing where all is equal."""
    if len(stored) != 1:
        yield f"{counted(len(stored), 'point')} came back for the one that was written"
        return
    (found,) = stored
    if (found.measurement, found.tags) != (expected.series.measurement, expected.series.tags):
        yield f"it was written to {expected.series} and came back from {found.measurement} {dict(found.tags)}"
    if found.time_ns != expected.time_ns:
        yield f"its time was written as {expected.time_ns} ns and came back as {found.time_ns} ns"
    for name in sorted(expected.fields.keys() | found.fields.keys()):
        written, back = expected.fields.get(name), found.fields.get(name)
        if (type(written), written) != (type(back), back):
            yield f"field {name} was written as {_shown(written)} and came back as {_shown(back)}"


def _shown(value: Value | None) -> str:
    return "nothing" if value is None else f"{value!r} ({type_of_value[type(value)].value})"
