"""What the intake remembers over restarts."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingestor.errors import StateError
from ingestor.intake import accounts as module
from ingestor.intake.accounts import IntakeAccounts
from ingestor.intake.oversize import OversizedHead
from ingestor.state import Result, State, Work
from tests.support import run

HEAD = OversizedHead("rack1/picture", b"\x89PNG", 9_000_000, 7, 2, 3)


@dataclass
class Intake:
    """What is read of an intake."""

    recognised: int = 0
    reconnects: int = 0
    connected: bool = True
    subscribed: bool = True
    paused: bool = False
    protocol: str = "5"
    session_secs: int | None = 604_800
    fault: str | None = None


def test_the_client_id_is_made_once(tmp_path: Path) -> None:
    """A data directory keeps its client id, and no two have the same."""

    async def client_id(path: Path) -> str:
        async with State(path) as state:
            return (await IntakeAccounts.load(state, max_letter_bytes=2**20)).client_id

    first, again, other = (run(client_id(tmp_path / name)) for name in ("a.db", "a.db", "b.db"))

    assert first == again != other


def test_subscriptions_and_the_order_of_ids_are_kept(tmp_path: Path) -> None:
    """What was in force, and what was proven of the broker, is known at the next start."""

    async def main() -> None:
        async with State(tmp_path / "state.db") as state:
            accounts = await IntakeAccounts.load(state, max_letter_bytes=2**20)
            assert (accounts.subscriptions, accounts.ids_in_sequence) == ((), False)
            await accounts.subscribed(["a/+", "b/#"])
            await accounts.id_order(True)  # noqa: FBT003 - the callback of the intake
            again = await IntakeAccounts.load(state, max_letter_bytes=2**20)

            assert (again.subscriptions, again.ids_in_sequence) == (("a/+", "b/#"), True)

    run(main())


def test_a_skipped_message_is_counted_and_its_head_is_on_disk(tmp_path: Path) -> None:
    """Count and dead letter are one transaction; the equation of what was received holds."""

    async def main() -> None:
        async with State(tmp_path / "state.db") as state:
            accounts = await IntakeAccounts.load(state, max_letter_bytes=2**20)
            await accounts.skip(HEAD)
            stats = accounts.stats(Intake(recognised=2), journaled=10)

            assert (stats.received, stats.journaled, stats.recognised, stats.skipped) == (13, 10, 2, 1)
            assert accounts.dead_letter_bytes > len(HEAD.payload_head)
            again = await IntakeAccounts.load(state, max_letter_bytes=2**20)

            assert again.stats(Intake(), journaled=10).skipped == 1

    run(main())

    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        rows = connection.execute("SELECT store, reason, topic, payload FROM dead_letters JOIN raw ON raw = raw.id")
        assert rows.fetchall() == [("", "too_large", "rack1/picture", b"\x89PNG")]


def test_what_was_recognised_is_counted_on_over_restarts(tmp_path: Path) -> None:
    """Saving twice counts once, and a new start adds to what was before."""

    async def main() -> None:
        async with State(tmp_path / "state.db") as state:
            for expected in (5, 10):
                accounts = await IntakeAccounts.load(state, max_letter_bytes=2**20)
                await accounts.save(3)
                await accounts.save(5)

                assert accounts.stats(Intake(recognised=5), journaled=0).recognised == expected

    run(main())


class RefusingState(State):
    """A state file whose disk is full for the first few transactions after loading."""

    refusals = 0

    async def run(self, work: Work[Result]) -> Result:
        """Refuse, or do it."""
        if self.refusals:
            self.refusals -= 1
            raise StateError("database or disk is full")
        return await super().run(work)


def test_a_head_is_kept_however_long_the_disk_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is acknowledged after this, so it does not give up."""
    monkeypatch.setattr(module, "_RETRY_SECS", 0.0)

    async def main() -> None:
        async with RefusingState(tmp_path / "state.db") as state:
            accounts = await IntakeAccounts.load(state, max_letter_bytes=2**20)
            state.refusals = 3
            await accounts.skip(HEAD)

            assert accounts.stats(Intake(), journaled=0).skipped == 1

    run(main())


def test_counts_that_cannot_be_saved_are_saved_later(tmp_path: Path) -> None:
    """A full disk costs no count and raises nothing."""

    async def main() -> None:
        async with RefusingState(tmp_path / "state.db") as state:
            accounts = await IntakeAccounts.load(state, max_letter_bytes=2**20)
            state.refusals = 1
            await accounts.save(4)
            await accounts.save(4)
            again = await IntakeAccounts.load(state, max_letter_bytes=2**20)

            assert again.stats(Intake(), journaled=0).recognised == 4

    run(main())
