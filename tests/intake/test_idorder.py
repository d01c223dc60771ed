"""Finding out how a broker numbers its packets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.intake.idorder import IdOrder, step


def prove(order: IdOrder, *, acknowledged: int, next_id: int) -> None:
    """An acknowledgement, a ping and its answer, and then a message."""
    order.acknowledged(acknowledged)
    order.pinged()
    order.answered()
    order.received(next_id)


@given(st.integers(1, 65_535), st.integers(1, 65_535))
def test_a_step_leads_from_one_id_to_the_other(older: int, newer: int) -> None:
    """Counting up by the step ends at the newer id; the same id again is a whole round."""
    ahead = step(older, newer)

    assert (older + ahead - 1) % 65_535 + 1 == newer
    assert 1 <= ahead <= 65_535


def test_a_higher_id_after_a_read_acknowledgement_proves_counting() -> None:
    """A broker that leaves a free id alone counts up."""
    order = IdOrder()
    prove(order, acknowledged=1, next_id=2)

    assert order.proven


@pytest.mark.parametrize("next_id", [3, 2, 1])
def test_the_same_or_a_lower_id_proves_reuse(next_id: int) -> None:
    """A broker that takes a free id again does not count, and is not asked again."""
    order = IdOrder()
    prove(order, acknowledged=3, next_id=next_id)
    order.acknowledged(next_id)

    assert not order.proven
    assert not order.wants_ping


def test_without_an_answer_nothing_is_proven() -> None:
    """The broker may not have read the acknowledgement yet."""
    order = IdOrder()
    order.acknowledged(1)
    order.pinged()
    order.received(2)

    assert not order.proven


def test_only_the_first_message_after_the_answer_proves() -> None:
    """A later one may have a higher id only because the free one is taken."""
    order = IdOrder()
    prove(order, acknowledged=1, next_id=1)
    order.received(2)

    assert not order.proven


def test_around_the_end_of_the_ids_nothing_is_decided() -> None:
    """1 after 65,535 is counting up too, so the next ping decides."""
    order = IdOrder()
    prove(order, acknowledged=65_535, next_id=1)
    undecided = order.wants_ping
    prove(order, acknowledged=1, next_id=2)

    assert undecided
    assert order.proven


def test_going_back_later_revokes_the_proof() -> None:
    """An id that comes again within a connection shows that the broker does not count after all."""
    order = IdOrder(proven=True)
    order.connected(session_present=True)
    order.received(500)
    order.received(20)

    assert not order.proven


def test_the_proof_stays_with_its_session() -> None:
    """It outlives a connection, but not the session."""
    order = IdOrder(proven=True)
    order.connected(session_present=True)
    kept = order.proven
    order.connected(session_present=False)

    assert kept
    assert not order.proven


def test_a_new_connection_may_begin_anywhere() -> None:
    """Ids of the connection before do not count: the broker may have been restored from an older state."""
    order = IdOrder(proven=True)
    order.received(500)
    order.connected(session_present=True)
    order.received(20)

    assert order.proven


def test_a_ping_is_wanted_once_something_was_acknowledged() -> None:
    """Before the first acknowledgement, while one is under way, and after the proof there is nothing to ask."""
    order = IdOrder()
    before = order.wants_ping
    order.acknowledged(1)
    ready = order.wants_ping
    order.pinged()
    asked = order.wants_ping
    order.answered()
    order.received(2)

    assert (before, ready, asked, order.wants_ping) == (False, True, False, False)
