"""The bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from ingestor.routing.cache import Recent


def test_what_is_put_is_found() -> None:
    """An item is found under its key, and under no other."""
    memory: Recent[str, int] = Recent(100, size_of=len)
    memory.put("a", 1)

    assert memory.get("a") == 1
    assert memory.get("b") is None


def test_what_is_used_stays() -> None:
    """An item that is asked for again and again outlives any number of others."""
    memory: Recent[int, str] = Recent(20, size_of=lambda _: 1)
    memory.put(-1, "mine")
    for key in range(1000):
        memory.put(key, "other")
        memory.get(-1)

    assert memory.get(-1) == "mine"
    assert memory.get(0) is None


def test_what_is_over_the_bound_is_not_kept() -> None:
    """A single huge item does not break the bound."""
    memory: Recent[str, int] = Recent(100, size_of=len)
    memory.put("x" * 51, 1)

    assert memory.get("x" * 51) is None
    assert len(memory) == 0


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans())))
def test_it_is_bounded_and_never_wrong(steps: list[tuple[int, bool]]) -> None:
    """Whatever is put and asked for, what is kept stays within the bound, and is what was put last."""
    memory: Recent[int, int] = Recent(100, size_of=lambda key: key)
    for step, (key, puts) in enumerate(steps):
        if puts:
            memory.put(key, key * 1000 + step)
        found = memory.get(key)
        latest = [key * 1000 + at for at, (other, put) in enumerate(steps[: step + 1]) if other == key and put]

        assert found is None or found == latest[-1]
        assert sum(memory._young) <= 50
        assert sum(memory._old) <= 50


def test_what_is_forgotten_is_not_known() -> None:
    """In whichever generation it is; what is not known need not be."""
    known: Recent[str, int] = Recent(4, size_of=len)
    for key in "abc":
        known.put(key, 1)
    for key in "abz":
        known.forget(key)

    assert [known.get(key) for key in "abc"] == [None, None, 1]
