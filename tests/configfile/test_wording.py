"""pydantic's findings in words."""

import pytest
from pydantic import ValidationError

from ingestor.config import Config
from ingestor.configfile.keys import Loc
from ingestor.configfile.wording import fault_of

STORE_NAME = "the name of a store is 1 to 64 letters, digits, - or _ (it names files)"

WITH_ZONE = "must be a time with a zone, like 2026-11-24T12:00:00+08:00"

EMPTY_TOPIC = "is empty: # begins a comment, quote the topic"


def words(data: dict[str, object], texts: dict[Loc, str] | None = None) -> list[str]:
    """What is said of some data."""
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(data)
    return [str(fault_of(error, texts=texts or {})) for error in caught.value.errors()]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"routes": [{"model": "m", "bucket": "b"}]}, "routes[0].topic: is missing"),
        ({"mqtt": {"usernam": "x"}}, "mqtt.usernam: unknown key; did you mean username?"),
        ({"stores": {"a": {"form": "now"}}}, "stores.a.form: unknown key; did you mean from?"),
        ({"stores": {"a b": {}}}, f"stores.a b: {STORE_NAME}"),
        ({"timezone": "Mars"}, "timezone: not a time zone; use a name like UTC or Asia/Singapore"),
        ({"mqtt": {"keep_alive": "0s"}}, "mqtt.keep_alive: must be at least 1 seconds"),
        ({"journal": {"max_bytes": "1B"}}, "journal.max_bytes: must be at least 1048576 bytes"),
        ({"mqtt": {"max_packet": "1GiB"}}, "mqtt.max_packet: must be at most 268435455 bytes"),
        ({"web": {"port": 70000}}, "web.port: must be at most 65535"),
        ({"web": {"port": "http"}}, "web.port: must be a whole number"),
        ({"web": {"port": 1.5}}, "web.port: must be a whole number"),
        ({"web": {"host": ""}}, "web.host: must not be empty"),
        ({"web": {"token": ""}}, "web.token: must not be empty"),
        ({"models": {"m": {"fields": {}}}}, "models.m.fields: a model has at least 1 field, or extends another model"),
        ({"models": {"m": {"tags": "x", "fields": {"a": {}}}}}, "models.m.tags: must be a list, like [a, b]"),
        ({"models": {"m": {"fields": {"a": {"min": "x"}}}}}, "models.m.fields.a.min: must be a number"),
        ({"mqtt": {"embedded_broker": "maybe"}}, "mqtt.embedded_broker: must be true or false"),
        ({"devices": [{"id": "a", "from": "2026-11-24"}]}, f"devices[0].from: {WITH_ZONE}"),
        ({"devices": [{"id": "a", "until": "noon"}]}, f"devices[0].until: {WITH_ZONE}"),
        ({"data_dir": 3}, "data_dir: must be the path of a file or folder"),
        ({"mqtt": 3}, "mqtt: must be a group of keys"),
        ({"models": []}, "models: must be a group of keys"),
        ({"web": None}, "web: has nothing in it; remove the line for the default, or: must be a group of keys"),
        (
            {"web": {"port": None}},
            "web.port: has nothing in it; remove the line for the default, or: must be a whole number",
        ),
        ({"timezone": None}, "timezone: has no value; remove the line for the default, or give a text"),
        (
            {"mqtt": {"client_id": {"a": None}}},
            "mqtt.client_id: must be text; where it begins with { or [ put it in quotes",
        ),
        ({"routes": [{"topic": None, "model": "m", "bucket": "b"}]}, f"routes[0].topic: {EMPTY_TOPIC}"),
        (
            {"routes": [{"topic": {"rack": None}, "model": "m", "bucket": "b"}]},
            (
                "routes[0].topic: must be text; where it begins with { or [ put it in quotes, "
                'as in topic: "{rack}/temperature"'
            ),
        ),
    ],
)
def test_each_kind_of_fault_in_words(data: dict[str, object], said: str) -> None:
    """A person reads where and what, and what to write instead."""
    assert words(data) == [said]


def test_what_yaml_misread_is_shown_in_quotes() -> None:
    """Text that YAML made something else of is shown as it should have been written."""
    data: dict[str, object] = {"mqtt": {"client_id": 42, "embedded_users": {"bob": 12}}}
    texts: dict[Loc, str] = {("mqtt", "client_id"): "42", ("mqtt", "embedded_users", "bob"): "12"}

    assert words(data, texts) == [
        'mqtt.client_id: must be text, but YAML reads 42 as a number; put it in quotes: "42"',
        'mqtt.embedded_users.bob: must be text, but YAML reads this as a number; put it in quotes: "..."',
    ]


def test_choices_are_named() -> None:
    """Of a closed list all are named, and what stands in the file if it does."""
    data: dict[str, object] = {"mqtt": {"protocol": "6"}, "models": {"m": {"fields": {"a": {"type": "double"}}}}}

    assert words(data, {("mqtt", "protocol"): "6"}) == [
        "mqtt.protocol: must be one of auto, 5, 3.1.1, not 6",
        "models.m.fields.a.type: must be one of float, int, text, bool",
    ]


def test_nothing_shows_the_jargon_of_pydantic() -> None:
    """Whatever is wrong, nobody reads of instances, inputs and dictionaries."""
    wrong: list[object] = [None, 3, 1.5, True, "x", [], {}, [3], {"a": 3}, [None], {"a": None}, "\0"]
    said = []
    for key in Config.model_fields:
        for value in wrong:
            try:
                Config.model_validate({key: value})
            except ValidationError as error:
                said += [str(fault_of(found, texts={})) for found in error.errors()]

    assert said
    assert not [line for line in said if any(word in line.lower() for word in ("input", "instance", "dict", "valid "))]
