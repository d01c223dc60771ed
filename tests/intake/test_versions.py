"""Which version of MQTT is spoken."""

import pytest

from ingestor.intake.versions import VersionChoice
from ingestor.intake.wire import Version


@pytest.mark.parametrize("refused", [True, False])
def test_auto_tries_both_and_then_waits(*, refused: bool) -> None:
    """MQTT 5, then at once 3.1.1, then a wait before the next round."""
    choice = VersionChoice("auto")
    tried = [choice.current]
    at_once = choice.turn(refused=refused)
    tried.append(choice.current)
    then = choice.turn(refused=refused)
    tried.append(choice.current)

    assert tried == [Version.V5, Version.V311, Version.V5]
    assert (at_once, then) == (True, False)


def test_what_worked_stays() -> None:
    """A broker that spoke 3.1.1 is spoken to in 3.1.1 again, and one silence does not change that."""
    choice = VersionChoice("auto")
    choice.turn(refused=True)
    choice.worked()

    assert not choice.turn(refused=False)
    assert choice.current is Version.V311


def test_a_broker_that_stays_silent_may_be_another_one() -> None:
    """After three silences in a row the other version is tried."""
    choice = VersionChoice("auto")
    choice.worked()
    turned = [choice.turn(refused=False) for _ in range(3)]

    assert turned == [False, False, True]
    assert choice.current is Version.V311


@pytest.mark.parametrize(("protocol", "version"), [("5", Version.V5), ("3.1.1", Version.V311)])
def test_a_chosen_version_is_never_left(protocol: str, version: Version) -> None:
    """With a version in the configuration there is no other."""
    choice = VersionChoice(protocol)  # type: ignore[arg-type]

    assert not choice.turn(refused=True)
    assert choice.current is version
