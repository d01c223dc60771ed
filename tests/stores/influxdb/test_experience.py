"""What is remembered of a server between batches."""

from ingestor.stores.influxdb.experience import Experience


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


def test_the_limit_of_a_body_only_shrinks() -> None:
    """Half of what was too large; of the smallest that was."""
    experience = Experience()
    experience.too_large(1_000)

    assert experience.max_bytes == 500
    experience.too_large(5_000)
    assert experience.max_bytes == 250
    for _ in range(20):
        experience.too_large(250)
    assert experience.max_bytes == 1


def test_faults_on_the_same_bytes_are_counted() -> None:
    """In a row, for each bucket on its own; other bytes begin anew."""
    experience = Experience()

    assert [experience.faulted("Farm", ["a"]) for _ in range(3)] == [1, 2, 3]
    assert experience.faulted("Lab", ["a"]) == 1
    assert experience.faulted("Farm", ["a", "b"]) == 1
    assert experience.faulted("Farm", ["a"]) == 1
