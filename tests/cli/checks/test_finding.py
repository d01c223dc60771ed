"""One thing that a check found."""

from ingestor.cli.checks.finding import Finding, Level, note, ok, problem


def test_each_level_has_its_maker() -> None:
    """The three differ in nothing else."""
    assert [make("disk", "text") for make in (ok, note, problem)] == [
        Finding(level, "disk", "text") for level in (Level.OK, Level.NOTE, Level.PROBLEM)
    ]


def test_levels_are_words() -> None:
    """As programs read them."""
    assert list(Level) == ["ok", "note", "problem"]
