"""What binary formats say, as if JSON had said it."""

import math
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ingestor.ports import Reason
from ingestor.routing.formats.contract import UnreadableError
from ingestor.routing.formats.plain import MAX_BYTES, MAX_DEPTH, OPAQUE, as_object, check_size, plain
from ingestor.routing.words import explain
from sensors import FieldShape, Kind


def nested(depth: int) -> object:
    """Lists within each other."""
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


def test_what_json_can_say_stays() -> None:
    """Values, and lists and objects of them; keys that are whole numbers become their digits."""
    value: object = {"a": [1, -2.5, True, None, "x", {}], 7: {-1: math.inf}}

    assert plain(value) == {"a": [1, -2.5, True, None, "x", {}], "7": {"-1": math.inf}}


@pytest.mark.parametrize("value", [b"x", datetime.now(UTC), Decimal(1), (1, 2), {1}, object(), 1j])
def test_what_no_field_can_hold_is_opaque(value: object) -> None:
    """It is refused by its type, for every kind of field, without a look at what it is."""
    assert plain([value]) == [OPAQUE]
    assert all(
        (found := explain(FieldShape("x", kind), OPAQUE)) is not None and found[0] is Reason.TYPE for kind in Kind
    )


def test_entries_with_other_keys_are_left_out() -> None:
    """No name of a field is like them."""
    assert plain({1.5: 1, b"k": 2, True: 3, None: 4, "k": 5}) == {"k": 5}


def test_depth_is_bounded() -> None:
    """As it is in JSON."""
    assert plain(nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    with pytest.raises(UnreadableError, match="more than 200 lists and objects"):
        plain(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize(("size", "reason"), [(0, Reason.EMPTY), (MAX_BYTES + 1, Reason.FORMAT)])
def test_size_is_bounded(size: int, reason: Reason) -> None:
    """A byte can become a hundred of memory."""
    check_size(bytes(1))
    check_size(bytes(MAX_BYTES))
    with pytest.raises(UnreadableError) as caught:
        check_size(bytes(size))

    assert caught.value.reason is reason


@pytest.mark.parametrize("value", [None, 1, "x", [{}]])
def test_one_reading_is_one_object(value: object) -> None:
    """Nothing else is read quickly."""
    assert as_object({"a": 1}) == {"a": 1}
    with pytest.raises(ValueError, match="not one object"):
        as_object(value)
