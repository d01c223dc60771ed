"""What a demo came to, from its files, and where to look at it."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from ingestor.cli.bucketview import count_points
from ingestor.cli.demofolder import DemoFolder
from ingestor.cli.invocation import command, short
from ingestor.cli.output import say
from ingestor.cli.publishing import Publisher
from ingestor.cli.units import counted
from ingestor.datadir import stopped_snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The accounts of a demo that has ended: of its service in messages, and of its SQLite file in rows.

    `faulty` of the published were faulty on purpose. `waiting` are in the journal and not yet stored: none, unless
    the machine was too slow to end in time. `fields_set_aside` were left out of messages that were stored.
    """

    secs: float
    published: int
    faulty: int
    received: int
    stored: int
    set_aside: int
    waiting: int
    fields_set_aside: int
    reasons: Mapping[str, int]
    rows: int
    folder: str
    config: str
    bucket_file: str

    @classmethod
    def of(cls, folder: DemoFolder, publisher: Publisher, *, secs: float) -> Self:
        """Read the files; the service must have ended.

        Raises:
            IngestorError: They cannot be read.
            sqlite3.Error: The same of the bucket's file.
        """
        snapshot = stopped_snapshot(folder.config)
        store = snapshot.stores[0]
        return cls(
            secs=round(secs, 1),
            published=publisher.published,
            faulty=publisher.faulty,
            received=snapshot.intake.journaled,
            stored=store.stored,
            set_aside=store.set_aside,
            waiting=store.pending,
            fields_set_aside=store.fields_set_aside,
            reasons=store.reasons,
            rows=count_points(folder.bucket_file),
            folder=str(folder.path),
            config=str(folder.config_file),
            bucket_file=str(folder.bucket_file),
        )

    @property
    def agrees(self) -> bool:
        """Whether all that was published is accounted for, and the rows are those that were stored."""
        accounted = self.stored + self.set_aside + self.waiting
        return self.published <= self.received == accounted and (self.rows == self.stored or self.waiting > 0)

    def to_json(self) -> dict[str, object]:
        """The same as plain data."""
        return {**asdict(self), "agrees": self.agrees}


def say_summary(summary: Summary) -> None:
    """Say what it came to, and what to try next."""
    say("")
    say(
        f"in {summary.secs:.1f} s the racks published {counted(summary.published, 'message')}, "
        f"{summary.faulty:,} of them faulty on purpose"
    )
    say(f"  received   {summary.received:>9,}")
    left_out = f", without {counted(summary.fields_set_aside, 'field')} that did not fit"
    rows = f"{counted(summary.rows, 'row')} in SQLite{left_out if summary.fields_set_aside else ''}"
    say(f"  stored     {summary.stored:>9,}   {rows}")
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(summary.reasons.items()))
    say(f"  set aside  {summary.set_aside:>9,}   {'reasons, fields included: ' if reasons else ''}{reasons}".rstrip())
    if summary.waiting:
        say(f"  waiting    {summary.waiting:>9,}   in the journal, for the next start")
    _say_where(summary)


def _say_where(summary: Summary) -> None:
    config = summary.config
    say(f"\nall of it stays in {summary.folder}; look into it:")
    query = "SELECT * FROM climate ORDER BY time DESC LIMIT 5"
    say(f"  sqlite3 -box {shlex.quote(short(summary.bucket_file))} '{query}'")
    say(f"  {command('deadletters list', config)}")
    say(f"go on with it, and publish to it from another terminal:\n  {command('run', config)}")
    say(f"  {command('simulate', config)}")
    say("take it for a broker of your own: put mqtt.url and routes into a copy of that config.yaml, and ask")
    say(f"  {command('check', 'my.yaml')}")
    say(f"have done with it:\n  rm -r {shlex.quote(short(summary.folder))}")
