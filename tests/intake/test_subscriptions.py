"""What the intake subscribes to."""

from collections.abc import Sequence

from ingestor.intake.subscriptions import Subscriptions, shared


def make(more: Sequence[str], *, in_force: Sequence[str] = (), group: str | None = None) -> Subscriptions:
    """Of a configuration that wants `t/#`; `more` may be changed afterwards."""
    return Subscriptions(["t/#"], lambda: list(more), group=group, in_force=in_force)


def test_a_change_is_what_is_new_and_what_is_gone() -> None:
    """What is in force already is not asked for again."""
    more = ["a", "b"]
    wanted = make(more)
    wanted.done(wanted.change(0.0, all_of_it=True))
    more[:] = ["b", "c"]
    wanted.changed()

    assert wanted.change(5.0, all_of_it=False) == (["c"], ["a"], ("t/#", "b", "c"))


def test_after_a_connection_all_of_it_is_asked_for() -> None:
    """The broker may have refused some of it before; what is left of older configurations is given up."""
    wanted = make(["a", "b"], in_force=["t/#", "a", "old/#"])

    assert wanted.change(0.0, all_of_it=True) == (["a", "b"], ["old/#"], ("t/#", "a", "b"))


def test_what_a_broker_has_forgotten_need_not_be_given_up() -> None:
    """It has nothing of ours."""
    wanted = make([], in_force=["old/#"])
    wanted.forgotten()

    assert wanted.change(0.0, all_of_it=True).gone == []


def test_what_was_not_finished_is_done_again() -> None:
    """The connection may end in between."""
    wanted = make(["a"], in_force=["t/#"])
    wanted.change(0.0, all_of_it=False)

    assert wanted.change(0.0, all_of_it=False).new == ["a"]


def test_changes_come_once_a_second_at_most() -> None:
    """However often something else is wanted."""
    wanted = make(["a"])
    assert wanted.due_in(10.0) is None
    wanted.changed()
    assert wanted.due_in(10.0) == 0
    wanted.change(10.0, all_of_it=False)
    assert wanted.due_in(10.0) is None
    wanted.changed()

    assert wanted.due_in(10.25) == 0.75
    assert wanted.due_in(12.0) == 0


def test_a_group_shares_all_of_it() -> None:
    """Its members divide messages of each filter among them."""
    wanted = make(["a"], group="g")

    assert wanted.fixed == shared(["t/#"], "g") == ("$share/g/t/#",)
    assert wanted.change(0.0, all_of_it=False).new == ["$share/g/a"]
