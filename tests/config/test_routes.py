"""Rows of `routes`."""

from typing import Any

import pytest
from pydantic import ValidationError

from ingestor.config import Route, Section, StateOf, TimeOf

ROW = {"topic": "a", "model": "m", "bucket": "b"}


@pytest.mark.parametrize(
    ("section", "values", "words"),
    [
        (Route, ROW | {"prefix": "a"}, "write it into topic"),
        (Route, ROW | {"preset": "shelly"}, "a row with preset has no topic"),
        (Route, {"topic": "a", "device": "b", "state": {}, "bucket": "c"}, "a row with state has no bucket"),
        (Route, {"preset": "shelly", "bucket": "b", "time": {"unit": "s"}}, "a preset knows"),
        (Route, ROW | {"each_key": "a"}, "needs each"),
        (Route, ROW | {"csv": {"delimiter": ";"}}, "is for format csv"),
        (Route, ROW | {"format": "csv", "each": "a"}, "only json, cbor and msgpack"),
        (Route, ROW | {"format": "value", "paths": {"a": "b"}}, "only json, cbor and msgpack"),
        (Route, ROW | {"tags": {"site": ""}}, "in one line"),
        (Route, ROW | {"tags": {"time": "x"}}, "the name of a tag"),
        (Route, ROW | {"tags": {" ": "x"}}, "the name of a tag"),
        (Route, ROW | {"each": "$", "each_key": "a\nb"}, "the name of a tag"),
        (StateOf, {"online": ["ON"], "offline": ["on"]}, "on: says online, too"),
        (TimeOf, {"unit": "s", "zone": "UTC"}, "a zone is for"),
        (Route, {"topic": "a", "model": "m", "bucket": "b", "retained": "store"}, "needs time.field"),
        (TimeOf, {"max_ahead": 300}, "a duration is"),
    ],
)
def test_what_cannot_be_meant_is_refused(section: type[Section], values: dict[str, Any], words: str) -> None:
    """In words that say what may be."""
    with pytest.raises(ValidationError, match=words):
        section.model_validate(values)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (ROW, "topic"),
        ({"preset": "shelly", "bucket": "b", "prefix": "home"}, "preset"),
        ({"discovery": "homeassistant", "bucket": "b"}, "discovery"),
        ({"topic": "{rack}/status", "device": "{rack}", "state": {}}, "state"),
    ],
)
def test_a_row_is_of_one_kind(row: dict[str, Any], kind: str) -> None:
    """What it names tells which."""
    assert Route.model_validate(row).kind == kind


@pytest.mark.parametrize(
    ("row", "missing"),
    [
        ({}, {"topic", "model", "bucket"}),
        ({"preset": "shelly"}, {"bucket"}),
        ({"state": {}}, {"topic", "device"}),
        ({"discovery": "hass", "bucket": "b"}, set()),
        ({"topic": "a", "device": "b", "state": {"online": ["off"]}}, set()),
    ],
)
def test_each_kind_of_row_needs_keys_of_its_own(row: dict[str, Any], missing: set[str]) -> None:
    """All that are missing are told at once; nothing is, where what tells the kind is wrong itself."""
    with pytest.raises(ValidationError) as caught:
        Route.model_validate(row)

    assert {error["loc"][0] for error in caught.value.errors() if error["type"] == "missing"} == missing
