"""What a demo came to, and where to look."""

import dataclasses
from pathlib import Path

import pytest

from ingestor.cli.demofolder import DemoFolder
from ingestor.cli.demosummary import Summary, say_summary
from ingestor.cli.devices import emissions
from ingestor.cli.publishing import Publisher
from tests.cli.commands import fill, message

GOOD = Summary(
    secs=20.0,
    published=400,
    faulty=12,
    received=400,
    stored=391,
    set_aside=9,
    waiting=0,
    fields_set_aside=3,
    reasons={"type": 8, "range": 4},
    rows=391,
    folder="/tmp/d",  # noqa: S108 - a name, not a file
    config="/tmp/d/config.yaml",  # noqa: S108
    bucket_file="/tmp/d/data/stores/local/Farm.db",  # noqa: S108
)


@pytest.mark.parametrize(
    ("changes", "agrees"),
    [
        ({}, True),
        ({"published": 390}, True),  # acknowledgements that did not come back
        ({"published": 401}, False),
        ({"received": 401}, False),
        ({"rows": 390}, False),
        ({"rows": 392}, False),
        ({"stored": 390}, False),
        ({"stored": 390, "waiting": 1}, True),
        ({"stored": 390, "waiting": 2}, False),
    ],
)
def test_all_that_was_published_is_accounted_for(changes: dict[str, int], agrees: bool) -> None:  # noqa: FBT001
    """The messages add up, and what counts as stored is in the file."""
    assert dataclasses.replace(GOOD, **changes).agrees is agrees  # type: ignore[arg-type]  # by name


def test_programs_get_all_of_it() -> None:
    """And whether it agrees."""
    assert GOOD.to_json() == {**dataclasses.asdict(GOOD), "agrees": True}


def test_people_read_numbers_and_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command that it names can be copied."""
    say_summary(GOOD)
    out = capsys.readouterr().out

    assert "in 20.0 s the racks published 400 messages, 12 of them faulty on purpose" in out
    assert "391 rows in SQLite, without 3 fields that did not fit" in out
    assert "range 4, type 8" in out
    assert "waiting" not in out
    for command in ("deadletters list", "run", "simulate"):
        assert f" {command} --config /tmp/d/config.yaml\n" in out
    assert out.endswith("  rm -r /tmp/d\n")


def test_what_waits_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A machine that was too slow has not lost it."""
    say_summary(dataclasses.replace(GOOD, stored=390, waiting=1))

    assert "waiting            1   in the journal, for the next start" in capsys.readouterr().out


def test_it_is_read_from_the_files(tmp_path: Path) -> None:
    """Of a folder whose service has ended, and whose store has no file yet."""
    folder = DemoFolder.make(tmp_path)
    counts = {"set_aside": 2, "fields_set_aside": 1, "reason.type": 2}
    fill(folder.config, [message(0), message(1), message(2)], position=2, counts=counts)
    summary = Summary.of(folder, Publisher(emissions(1, clock=lambda: 0), rate=1), secs=1.26)

    assert (summary.secs, summary.received, summary.set_aside, summary.waiting, summary.rows) == (1.3, 3, 2, 1, 0)
    assert summary.reasons == {"type": 2}
