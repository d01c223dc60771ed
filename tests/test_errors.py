"""Errors are sorted by what a caller does about them, and say it in words."""

import inspect

import pytest

from ingestor import errors
from ingestor.errors import (
    BucketError,
    ConfigError,
    IngestorError,
    Problem,
    StoreError,
    StoreUnavailableError,
    UnknownStoresError,
)

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_one_of_ours(kind: type[Exception]) -> None:
    """Whoever catches the base misses none."""
    assert issubclass(kind, IngestorError)


@pytest.mark.parametrize("kind", CLASSES)
def test_the_tree_in_the_docstring_is_complete(kind: type[Exception]) -> None:
    """The docstring of the module, which people read first, names each error."""
    assert kind.__name__ in (errors.__doc__ or "")


def test_a_configuration_error_tells_every_problem() -> None:
    """Each problem is a line with its place, and is kept for programs."""
    problems = [Problem("not a time zone", "config.yaml:3: timezone"), Problem("name at least one store")]
    error = ConfigError(problems)

    assert str(error) == "config.yaml:3: timezone: not a time zone\nname at least one store"
    assert error.problems == tuple(problems)


def test_unknown_stores_are_named_with_the_way_out() -> None:
    """The message says what to type."""
    error = UnknownStoresError(["farm", "old"])

    assert error.names == ("farm", "old")
    assert "farm, old" in str(error)
    assert "ingestor stores forget farm" in str(error)


def test_errors_of_several_buckets_become_one() -> None:
    """Each bucket keeps its reason; where only one can be told it is the first."""
    one, two, three = (BucketError(bucket, f"no {bucket}") for bucket in ("Farm", "Lab", "Home"))
    error = BucketError.together([BucketError.together([one, two]), three])

    assert error.reasons == {"Farm": "no Farm", "Lab": "no Lab", "Home": "no Home"}
    assert (error.bucket, str(error)) == ("Farm", "no Farm")
    assert one.reasons == {"Farm": "no Farm"}


@pytest.mark.parametrize(
    ("error", "attribute", "value"),
    [
        (StoreUnavailableError("busy", retry_after=3.0), "retry_after", 3.0),
        (StoreUnavailableError("gone"), "retry_after", None),
        (BucketError("Climate", "no rights"), "bucket", "Climate"),
    ],
)
def test_a_store_error_carries_what_the_writer_needs(error: StoreError, attribute: str, value: object) -> None:
    """How long to wait, or which bucket to hold, stands beside the words."""
    assert getattr(error, attribute) == value
    assert str(error) in {"busy", "gone", "no rights"}
