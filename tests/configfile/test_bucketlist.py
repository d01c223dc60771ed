"""A list of buckets in JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.config import Bucket
from ingestor.configfile.bucketlist import parse_buckets
from ingestor.errors import ConfigError


def problems(text: str) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(ConfigError) as raised:
        parse_buckets(text, "b.json")
    return [str(problem) for problem in raised.value.problems]


def test_name_description_and_retention_are_read() -> None:
    """The last two may be left out; null is for ever."""
    text = '[\t{"name": "Farm", "description": "é", "retention": "30d"},\r\n {"name": "Lab", "retention": null} ]\n'

    assert parse_buckets(text, "b.json") == [
        Bucket.model_validate({"name": "Farm", "description": "é", "retention": "30d"}),
        Bucket(name="Lab"),
    ]
    assert parse_buckets(" [ ] ", "b.json") == []


def test_every_fault_is_told_at_once_with_its_line() -> None:
    """Unknown keys, wrong types, wrong durations, keys and buckets given twice, rows that are no object."""
    found = problems(
        '[\n{"name": "Farm"},\n{"name": "Farm"},\n{"name": "A", "retension": "1d"},\n'
        '{"name": 5, "retention": 7},\n{"name": "", "name": "",\n "description": ["x"]},\n"x",\n{"retention": "0s"}\n]'
    )

    assert found == [
        "b.json:3: Farm: declared in line 2 already",
        "b.json:4: retension: unknown key; did you mean retention?",
        "b.json:5: name: must be text, in quotes",
        "b.json:5: retention: a duration is a number with a unit: 500ms, 30s, 5m, 12h, 7d or 2w",
        "b.json:6: name: given twice",
        "b.json:6: name: must not be empty",
        "b.json:6: description: must be text, in quotes",
        'b.json:8: a bucket is an object, like {"name": "Farm", "description": "", "retention": "30d"}',
        "b.json:9: name: is missing",
        "b.json:9: retention: must be more than 0 seconds",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "b.json:1: not JSON: a list of buckets begins with ["),
        ('{"name": "Farm"}', "b.json:1: not JSON: a list of buckets begins with ["),
        ('[\n{"name": "Farm"}', "b.json:2: not JSON: expecting , or ]"),
        ('[{"name": "Farm"}\n{"name": "Lab"}]', "b.json:2: not JSON: expecting , or ]"),
        ('[{"name": "Farm"},\n]', "b.json:2: not JSON: Expecting value"),
        ('[\n{"name" "Farm"}]', "b.json:2: not JSON: Expecting ':' delimiter"),
        ("[]\n[]", "b.json:2: not JSON: the list has ended, and something follows"),
        ("[" * 100_000, "b.json: not a list of buckets: it is nested too deep"),
        (f"[{'9' * 5_000}]", "b.json: not a list of buckets: a number in it is too long"),
    ],
    ids=["empty", "object", "open", "no comma", "comma at the end", "no colon", "two lists", "deep", "long"],
)
def test_what_is_no_list_is_told_with_its_line(text: str, words: str) -> None:
    """And nothing else of it: the rest cannot be read."""
    assert problems(text) == [words]


names = st.text(min_size=1, max_size=8).filter(lambda name: name.isprintable())


@given(st.dictionaries(names, st.text(max_size=8), max_size=5), st.sampled_from([None, 1, "\t"]))
def test_whatever_is_listed_comes_back(buckets: dict[str, str], indent: int | str | None) -> None:
    """In its order, however the JSON is laid out."""
    text = json.dumps([{"name": name, "description": text} for name, text in buckets.items()], indent=indent)

    assert [(one.name, one.description) for one in parse_buckets(text, "b.json")] == list(buckets.items())
