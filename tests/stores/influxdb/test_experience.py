"""What is remembered of a server between batches."""

import pytest

from ingestor.stores.influxdb.experience import LIMIT_SECS, Experience


def test_the_newest_accepted_line_is_kept() -> None:
    """The last line of the last request: nothing can have been written over it since."""
    experience = Experience()
    experience.accepted("Farm", ["a", "b"])
    experience.accepted("Farm", ["c"])

    assert experience.accepted_line("Farm") == "c"
    assert experience.accepted_line("Lab") is None


def test_a_long_line_is_not_kept_and_replaces_what_was() -> None:
    """Memory stays small, and an older line may have been written over by it."""
    experience = Experience()
    experience.accepted("Farm", ["a"])
    experience.accepted("Farm", ["x" * 100_000])

    assert experience.accepted_line("Farm") is None


def test_many_buckets_are_not_all_kept() -> None:
    """The buckets used last are; topics may name endless ones."""
    experience = Experience()
    for number in range(1_000):
        experience.accepted(f"b{number}", ["a"])

    assert experience.accepted_line("b0") is None
    assert experience.accepted_line("b999") == "a"


def test_refused_everywhere_or_here_only() -> None:
    """One refused bucket of two is a matter of that bucket; when both are, it is the token."""
    experience = Experience()
    experience.meet(["Farm", "Lab"])

    assert not experience.refused("Farm")
    assert experience.refused("Lab")
    experience.accepted("Farm", ["a"])
    assert not experience.refused("Lab")


def test_the_only_bucket_is_all_buckets() -> None:
    """Where no other bucket is known, a refusal is about everything."""
    assert Experience().refused("Farm")


def test_a_bucket_is_to_blame_where_another_was_accepted_meanwhile() -> None:
    """Since the first attempt in vain began, and not before; what it takes itself ends that."""
    experience = Experience()
    experience.accepted("Lab", ["a"])
    experience.at(1.0)
    assert not experience.in_vain("Farm")
    experience.accepted("Lab", ["b"])
    experience.at(2.0)
    assert experience.in_vain("Farm")
    assert experience.fails("Farm")

    experience.accepted("Farm", ["c"])
    experience.at(3.0)
    assert not experience.fails("Farm")
    assert not experience.in_vain("Farm")


def test_a_bucket_that_is_waited_for_alone_gives_way_in_the_end() -> None:
    """After ten attempts another has its turn; where that fails too, it is the server."""
    experience = Experience()
    experience.accepted("Lab", ["a"])
    experience.at(1.0)

    assert [experience.in_vain("Farm") for _ in range(11)] == [False] * 9 + [True] * 2
    assert not any(experience.in_vain("Lab") for _ in range(20))
    assert not experience.in_vain("Farm")


def test_the_limit_of_a_body_only_shrinks() -> None:
    """Half of the smallest that was too large: what was under way at the same time halves it no further."""
    experience = Experience()
    experience.too_large(1_000)

    assert experience.max_bytes == 500
    experience.too_large(5_000)
    experience.too_large(1_000)
    assert experience.max_bytes == 500
    experience.too_large(500)
    assert experience.max_bytes == 250
    experience.too_large(1)
    assert experience.max_bytes == 1


@pytest.mark.parametrize(
    ("later_secs", "max_bytes"), [(0, 500), (LIMIT_SECS - 1, 500), (LIMIT_SECS, None), (-86_400.0, None)]
)
def test_the_limit_of_a_body_is_forgotten_after_an_hour(later_secs: float, max_bytes: int | None) -> None:
    """Since it was last met; also when the clock was put back meanwhile, so that it is not kept for ever."""
    experience = Experience()
    experience.at(1_000.0)
    experience.too_large(2_000)
    experience.at(1_000.0 + LIMIT_SECS / 2)
    experience.too_large(1_000)
    experience.at(1_000.0 + LIMIT_SECS / 2 + later_secs)

    assert experience.max_bytes == max_bytes


def test_faults_on_the_same_bytes_are_counted() -> None:
    """In a row, for each bucket on its own; other bytes begin anew."""
    experience = Experience()

    assert [experience.faulted("Farm", ["a"]) for _ in range(3)] == [1, 2, 3]
    assert experience.faulted("Lab", ["a"]) == 1
    assert experience.faulted("Farm", ["a", "b"]) == 1
    assert experience.faulted("Farm", ["a"]) == 1
