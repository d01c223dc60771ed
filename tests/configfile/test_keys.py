"""What may stand where."""

import pytest

from ingestor.config import Config, Mqtt, Route, Section, Tls
from ingestor.configfile import keys
from ingestor.configfile.keys import Loc


@pytest.mark.parametrize(
    ("loc", "text"),
    [((), ""), (("mqtt", "url"), "mqtt.url"), (("routes", 2, "time", "field"), "routes[2].time.field")],
)
def test_places_read_as_a_person_writes_them(loc: Loc, text: str) -> None:
    """Keys are joined with points, indexes stand in brackets."""
    assert keys.dotted(loc) == text
    assert keys.loc_of(text) == loc


def test_two_places_are_found_in_one_address() -> None:
    """Joined by `and`; a topic in an address, whatever is in it, is none."""
    assert keys.locs_of("routes[0] and routes[3]") == [("routes", 0), ("routes", 3)]
    assert keys.locs_of("routes[0] a and web") == [("routes", 0)]
    assert keys.locs_of("elsewhere and web") == []


@pytest.mark.parametrize(
    ("address", "loc"),
    [
        ("routes[12] {rack}/temperature", ("routes", 12)),
        ("routes", ("routes",)),
        ("config.yaml:3", ()),
        ("INGESTOR_MQTT__URL", ()),
        ("secret file mqtt__password", ()),
        ("[1]", ()),
    ],
)
def test_places_in_messages_are_found(address: str, loc: Loc) -> None:
    """The first word of an address is the place; what is none is left alone."""
    assert keys.loc_of(address) == loc


@pytest.mark.parametrize(
    ("loc", "found"),
    [
        ((), Config),
        (("mqtt",), Mqtt),
        (("mqtt", "tls"), Tls),
        (("routes", 3), Route),
        (("routes", 3, "model"), str),
        (("mqtt", "keep_alive"), float),
        (("stores", "any", "from"), object),
        (("nothing",), None),
        (("nothing", "below"), None),
        (("mqtt", "url", "below"), None),
        (("routes", "0"), None),
        (("mqtt", 0), None),
    ],
)
def test_the_place_of_every_type(loc: Loc, found: object) -> None:
    """Sections, mappings by name and lists are walked; where nothing may stand there is nothing."""
    at = keys.at(loc)

    assert at is not None if found is object else keys.kind(at) is found


def test_keys_are_named_as_in_the_file() -> None:
    """`from` is a word of Python, so the model calls it otherwise; people never see that."""
    assert "from" in keys.children(keys.at(("stores", "local")))
    assert "start" not in keys.children(keys.at(("stores", "local")))


def test_what_has_no_keys() -> None:
    """Single values, lists and mappings by name have no keys of their own."""
    assert [dict(keys.children(keys.at(loc))) for loc in (("timezone",), ("routes",), ("models",))] == [{}, {}, {}]


@pytest.mark.parametrize(
    ("loc", "secret"),
    [
        (("mqtt", "password"), True),
        (("mqtt", "embedded_users", "bob"), True),
        (("web", "token"), True),
        (("mqtt", "url"), False),
        (("mqtt",), False),
        (("nothing",), False),
    ],
)
def test_secrets_are_known(loc: Loc, *, secret: bool) -> None:
    """A value is secret where the model says so."""
    assert keys.is_secret(loc) is secret


@pytest.mark.parametrize(
    ("loc", "unit"),
    [
        (("mqtt", "keep_alive"), " seconds"),
        (("routes", 0, "time", "max_ahead"), " seconds"),
        (("buckets", 0, "retention"), " seconds"),
        (("journal", "max_bytes"), " bytes"),
        (("web", "port"), ""),
    ],
)
def test_limits_have_units(loc: Loc, unit: str) -> None:
    """Durations count seconds, sizes count bytes, other numbers just count."""
    assert keys.unit(loc) == unit


def test_null_is_known() -> None:
    """Whether a value may be null is read off the model, also through its checks."""
    null = {key for key, annotation in keys.children(Mqtt).items() if keys.nullable(annotation)}

    assert null == {"client_id", "username", "password", "shared_group"}


def test_groups_are_known() -> None:
    """Sections, lists and mappings by name are groups; single values are not."""
    groups = {key for key, annotation in keys.children(Config).items() if keys.is_group(annotation)}

    assert groups == set(keys.children(Config)) - {"data_dir", "timezone", "devices_file"}
    assert groups - {key for key in groups if keys.merges(keys.at((key,)))} == {"routes", "devices", "buckets"}


def test_suggestions() -> None:
    """The nearest key is suggested; where none is near, all are named."""
    known = {"password": str, "username": str}

    assert keys.suggestion("passwrod", known) == "did you mean password?"
    assert keys.suggestion("xyz", known) == "known here: password, username"


def test_every_key_can_be_walked_to() -> None:
    """No type of the configuration is one that the walk does not understand."""

    def walk(loc: Loc) -> None:
        at = keys.at(loc)
        assert at is not None, loc
        inner = keys.kind(at)
        assert not (isinstance(inner, type) and issubclass(inner, Section)) or keys.children(inner)
        for key in keys.children(inner):
            walk((*loc, key))

    walk(())
