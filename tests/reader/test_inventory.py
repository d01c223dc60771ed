"""What answers about a bucket are made into; that InfluxQL gives the right ones is in the contract of sources."""

from itertools import permutations

from ingestor.ports import FieldType
from ingestor.reader.inventory import by_tag, no_bucket, preferred
from ingestor.reader.source import FieldInfo


def test_of_several_types_the_one_that_influxdb_prefers() -> None:
    """In whatever order they are told."""
    ranks = (FieldType.FLOAT, FieldType.INT, FieldType.TEXT, FieldType.BOOL)
    for at in range(len(ranks)):
        for order in permutations(ranks[at:]):
            found = [("x", kind) for kind in order]

            assert preferred([*found, ("a", FieldType.INT)]) == [
                FieldInfo("a", FieldType.INT),
                FieldInfo("x", ranks[at]),
            ]


def test_tags_are_sorted() -> None:
    """And so are their values, each of which is told once."""
    assert by_tag([("b", "2"), ("a", "x"), ("b", "1"), ("b", "2")]) == {"a": ["x"], "b": ["1", "2"]}


def test_no_bucket_is_told() -> None:
    """With the server's words where there are any."""
    assert str(no_bucket("Farm")) == "there is no bucket 'Farm', or the token may not read it."
    assert str(no_bucket("Farm", "It said no")).endswith(". It said no")
