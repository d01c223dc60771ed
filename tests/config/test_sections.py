"""The models of the configuration, and that `config.yaml` shows them as they are."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, get_origin

import pytest
import yaml
from pydantic import SecretStr, ValidationError

from ingestor import configfile
from ingestor.config import (
    Bucket,
    Calibration,
    Config,
    Device,
    FieldSpec,
    ModelSpec,
    Mqtt,
    Route,
    Section,
    StateOf,
    StoreSpec,
    TaskSpec,
    TimeOf,
    Tls,
    Web,
)
from ingestor.configfile.keys import children, kind, step
from ingestor.ports import FieldType, Message, Point
from ingestor.routing import RoutingTable

ROOT = Path(__file__).parents[2]
INFLUXDB = {"kind": "influxdb", "url": "http://farm:8086"}
EXAMPLES = {"routes", "models", "stores"}
NEEDED = {"topic", "model", "bucket", "fields"}


@pytest.mark.parametrize(
    ("url", "host", "port", "secure"),
    [
        ("mqtt://farm", "farm", 1883, False),
        ("mqtts://farm.example.org/", "farm.example.org", 8883, True),
        ("mqtt://10.0.0.1:1884", "10.0.0.1", 1884, False),
        ("mqtts://[::1]:8884", "::1", 8884, True),
    ],
)
def test_broker_addresses(url: str, host: str, port: int, *, secure: bool) -> None:
    """An address names host, port and whether TLS is used; each has its usual port."""
    mqtt = Mqtt(url=url)

    assert (mqtt.host, mqtt.port, mqtt.secure) == (host, port, secure)


@pytest.mark.parametrize(
    "url", ["farm", "http://farm", "mqtt://", "mqtt://:1883", "mqtt://farm:", "mqtt://farm:0", "mqtt://farm:65536",
            "mqtt://farm:abc", "mqtt://farm/x", "mqtt://[::1", "mqtt://fa rm"]
)  # fmt: skip
def test_wrong_broker_addresses_are_refused(url: str) -> None:
    """What is no address says what an address is."""
    with pytest.raises(ValidationError, match=r"mqtt://HOST\[:PORT\]"):
        Mqtt(url=url)


@pytest.mark.parametrize("host", ["[:::::]", "[1.2.3.4]", "[....]", "a\N{ACCOUNT OF}b"])
def test_wrong_hosts_of_broker_addresses_are_refused(host: str) -> None:
    """What looks like an address, and is none, is found out before anything asks for its host."""
    with pytest.raises(ValidationError, match="is no host name or address"):
        Mqtt(url=f"mqtt://{host}:1883")


def test_control_characters_in_a_host_are_refused() -> None:
    """A resolver would not even be asked."""
    with pytest.raises(ValidationError, match="no control characters"):
        Mqtt(url="mqtt://fa\0rm")
    with pytest.raises(ValidationError, match="no control characters"):
        Web(host="fa\0rm")


@pytest.mark.parametrize("key", ["client_id", "username", "password"])
@pytest.mark.parametrize(("value", "words"), [("hunter2\0", "NUL"), ("hunter2" + "\u00e9" * 32_765, "65,535 bytes")])
def test_what_no_packet_can_carry_is_refused_and_not_told(key: str, value: str, words: str) -> None:
    """The limits of MQTT are told before anything connects, without what was written."""
    with pytest.raises(ValidationError, match=words) as caught:
        Mqtt.model_validate({"username": "bob"} | {key: value})

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("key", ["client_id", "username", "password"])
def test_what_a_packet_can_just_carry_is_accepted(key: str) -> None:
    """Bytes count, up to the last."""
    longest = "\u00e9" * 32_767 + "x"

    assert getattr(Mqtt.model_validate({"username": "bob"} | {key: longest}), key) in {longest, SecretStr(longest)}


@pytest.mark.parametrize("token", ["hunter2\n", "\nhunter2", "hunter2 x", "hunter2\t", "hunter2\0", "hunter2\u00e9"])
def test_a_token_that_no_header_carries_is_refused_and_not_told(token: str) -> None:
    """Line breaks and the like would break each request; the words do not show the token."""
    with pytest.raises(ValidationError, match="without spaces and line breaks") as caught:
        Web(token=SecretStr(token))

    assert "hunter2" not in str(caught.value)


def test_a_token_of_all_signs_is_accepted() -> None:
    """Every visible sign of ASCII can stand in a header."""
    signs = "".join(map(chr, range(0x21, 0x7F)))
    token = Web(token=SecretStr(signs)).token

    assert token is not None
    assert token.get_secret_value() == signs


@pytest.mark.parametrize("host", ["fa..rm", "x" * 64])
def test_what_cannot_be_a_host_is_refused(host: str) -> None:
    """A name that no resolver takes is found out before anything runs."""
    with pytest.raises(ValidationError, match="no host name"):
        Mqtt(url=f"mqtt://{host}")
    with pytest.raises(ValidationError, match="no host name"):
        Web(host=host)


def test_a_password_in_the_address_is_refused_and_not_told() -> None:
    """Credentials have keys of their own, which are masked."""
    with pytest.raises(ValidationError, match="not into url") as caught:
        Mqtt(url="mqtt://bob:hunter2@farm")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("section", "values", "words"),
    [
        (Mqtt, {"password": "x"}, "a password needs a username"),
        (Mqtt, {"username": "bob", "password": ""}, "at least 1"),
        (Mqtt, {"tls": {"ca": "ca.pem"}}, "mqtts://"),
        (Mqtt, {"shared_group": "a/b"}, "one word"),
        (Mqtt, {"shared_group": "a\0b"}, "NUL"),
        (Mqtt, {"shared_group": "\u00e9" * 501}, "1,000 bytes"),
        (Mqtt, {"shared_group": True}, "quote it"),
        (Mqtt, {"keep_alive": "0s"}, "greater than or equal to 1"),
        (Mqtt, {"max_packet": "256MiB"}, "less than or equal to"),
        (Tls, {"cert": "c.pem"}, "both cert and key"),
        (Tls, {"key": "k.pem"}, "both cert and key"),
        (StoreSpec, {"kind": "redis"}, "sqlite"),
        (StoreSpec, {"kind": "influxdb"}, "needs url"),
        (StoreSpec, {"url": "http://farm"}, "kind sqlite has no url"),
        (StoreSpec, {"org": "farm"}, "kind sqlite has no org"),
        (StoreSpec, INFLUXDB | {"path": "/a"}, "kind influxdb has no path"),
        (StoreSpec, INFLUXDB | {"url": "farm:8086"}, "http://HOST"),
        (StoreSpec, INFLUXDB | {"url": "http://bob:secret@farm"}, "put the token into token"),
        (StoreSpec, INFLUXDB | {"url": "http://farm:99999"}, "http://HOST"),
        (StoreSpec, INFLUXDB | {"token": "a\nb"}, "without line breaks"),
        (StoreSpec, INFLUXDB | {"ca": "/ca.pem"}, "without TLS"),
        (StoreSpec, INFLUXDB | {"proxy": "socks5://farm"}, "http://HOST"),
        (StoreSpec, INFLUXDB | {"proxy": "http://bob:%E2%98%83@farm"}, "Latin-1"),
        (StoreSpec, INFLUXDB | {"timeout": "11m"}, "less than or equal to"),
        (StoreSpec, {"start": "now"}, "Extra inputs"),
        (Bucket, {"name": "a", "retention": "0d"}, "greater than 0"),
        (Web, {"token": ""}, "at least 1"),
        (Web, {"port": True}, "true or false"),
        (Config, {"stores": {}}, "at least one store"),
        (Config, {"stores": {"a/b": {}}}, "name of a store"),
        (Config, {"buckets": [{"name": "a"}, {"name": "a"}]}, "declared twice: a"),
        (Config, {"timezone": "Mars"}, "not a time zone"),
        (Config, {"sites": {}}, "Extra inputs"),
        (Config, {"tasks": {"a b": {}}}, "name of a task"),
    ],
)
def test_values_that_cannot_be_meant_are_refused(section: type[Section], values: dict[str, Any], words: str) -> None:
    """Each section refuses, in words, what it could not do anything sensible with."""
    with pytest.raises(ValidationError, match=words):
        section.model_validate(values)


def test_faults_do_not_hide_each_other() -> None:
    """What depends on two keys is found although another key is wrong too."""
    with pytest.raises(ValidationError) as caught:
        Mqtt.model_validate({"password": "x", "keep_alive": "soon", "tls": {"ca": "ca.pem"}})

    assert [error["loc"] for error in caught.value.errors()] == [("password",), ("tls",), ("keep_alive",)]


@pytest.mark.parametrize("protocol", [5, "5"])
def test_protocol_five_may_be_a_number(protocol: object) -> None:
    """YAML reads a bare 5 as a number, and 3.1.1 as text."""
    assert Mqtt.model_validate({"protocol": protocol}).protocol == "5"


def test_the_configuration_is_frozen() -> None:
    """Nobody changes the configuration while the service runs."""
    with pytest.raises(ValidationError, match="frozen"):
        Config().web.port = 1  # type: ignore[misc]


def test_secrets_are_masked() -> None:
    """No way of printing the configuration shows a secret."""
    hidden = "hunter2"
    full = Config(
        mqtt=Mqtt(username="bob", password=SecretStr(hidden), embedded_users={"eve": SecretStr(hidden)}),
        web=Web(token=SecretStr(hidden)),
    )

    assert all(hidden not in text for text in (repr(full), str(full), full.model_dump_json(), str(full.model_dump())))


def test_embedded_stores_lie_in_the_data_directory() -> None:
    """A store without a path has a folder of its own beside the journal; one with a path has that."""
    stores = {"a": StoreSpec(), "b": StoreSpec(path=Path("/b"))}
    full = Config(data_dir=Path("/data"), stores=stores)

    assert (full.store_path("a"), full.store_path("b")) == (Path("/data/stores/a"), Path("/b"))


def leaves(annotation: object, value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Each key of a piece of `config.yaml` that is no group, with what stands there."""
    if not children(annotation) or not isinstance(value, dict):
        yield path, value
        return
    for key, item in value.items():
        yield from leaves(step(annotation, key), item, (*path, key))


def expected_leaves(section: type[Section], path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Each key that a section and the sections in it have."""
    found = set()
    for key, annotation in children(section).items():
        inner = kind(annotation)
        if isinstance(inner, type) and issubclass(inner, Section):
            found |= expected_leaves(inner, (*path, key))
        else:
            found.add((*path, key))
    return found


def shown() -> dict[str, Any]:
    """`config.yaml` as YAML."""
    data = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def test_config_yaml_runs_as_it_is() -> None:
    """The file of the project loads, with its paths beside it."""
    loaded = configfile.load(ROOT / "config.yaml", environ={}, secrets_dir=ROOT / "absent")

    assert loaded.data_dir == ROOT / "data"
    assert loaded.routes[0].topic == "{rack}/temperature"


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("rack1/temperature", b"21.5"),
        ("rack1/humidity", b"64"),
        ("rack1/power", b"120"),
        (
            "farm/rack1/climate",
            b'{"time": 1735689600, "temperature": 21.5, "humidity": 64, "co2": 612, "light": 18200}',
        ),
        ("farm/rack1/soil/p1", b'{"moisture": 38.5, "temperature": 19.2}'),
    ],
)
def test_config_yaml_takes_what_its_comments_show(topic: str, payload: bytes) -> None:
    """Its routes and models work together, and read such messages without a flaw."""
    decoder = RoutingTable(Config.model_validate(shown())).find(topic)
    assert decoder is not None
    points: list[Point] = []
    flaws = decoder.decode(Message(topic, payload, 1_800_000_000_000_000_000), points)

    assert list(flaws) == []
    assert [dict(point.series.tags)["rack"] for point in points] == ["rack1"]


def test_config_yaml_shows_every_key_with_its_default() -> None:
    """Apart from the examples, the file says what is so without it, and leaves nothing out."""
    data = {key: value for key, value in shown().items() if key not in EXAMPLES}

    assert {path for path, _ in leaves(Config, data)} == {
        path for path in expected_leaves(Config) if path[0] not in EXAMPLES
    }
    assert Config.model_validate(data) == Config()


@pytest.mark.parametrize(
    ("section", "entry", "own"),
    [
        (Route, shown()["routes"][0], {"topic", "model", "bucket", "format"}),
        (ModelSpec, shown()["models"]["soil"], {"tags", "fields"}),
        (FieldSpec, shown()["models"]["soil"]["fields"]["moisture"], {"unit", "min", "max"}),
    ],
)
def test_first_examples_show_every_key_with_its_default(
    section: type[Section], entry: Mapping[str, object], own: set[str]
) -> None:
    """The first entry of each kind is complete; what is not the example's own is the default."""
    defaults = {key: value for key, value in entry.items() if key not in own}
    needed = {key: value for key, value in entry.items() if key in own & NEEDED}

    others = commented_yaml("routes") if section is Route else []
    assert {path for one in (entry, *others) for path, _ in leaves(section, one)} == expected_leaves(section)
    assert section.model_validate(defaults | needed) == section.model_validate(needed)


def commented_yaml(section: str) -> Any:  # noqa: ANN401 - YAML
    """What stands in comments in a section of `config.yaml`, once it is taken out of them."""
    text = (ROOT / "config.yaml").read_text(encoding="utf-8").partition(f"\n{section}:")[2]
    text = re.split(r"^[a-z]", text, maxsplit=1, flags=re.MULTILINE)[0]
    return yaml.safe_load("\n".join(line.removeprefix("#") for line in text.splitlines() if line.startswith("#  ")))


def test_the_stores_show_every_key_with_its_default() -> None:
    """The store that is used, and the one in comments, together have each key there is."""
    used = shown()["stores"]["local"]
    (commented,) = commented_yaml("stores").values()

    assert StoreSpec.model_validate(used) == StoreSpec()
    assert {path for path, _ in leaves(StoreSpec, used | commented)} == expected_leaves(StoreSpec)
    own = {"kind": "influxdb", "url": commented["url"], "org": commented["org"], "token": commented["token"]}
    assert StoreSpec.model_validate(commented) == StoreSpec.model_validate(own)


def test_commented_buckets_show_every_key() -> None:
    """The example of a bucket stands in a comment, complete, and holds once it is taken out."""
    (entry,) = commented_yaml("buckets")

    assert set(entry) == set(children(Bucket))
    assert Bucket.model_validate(entry).retention is None


def test_commented_tasks_show_every_key_with_its_default() -> None:
    """The two tasks in comments have each key there is between them, and hold once they are taken out."""
    tasks = commented_yaml("tasks")
    config = Config.model_validate({"tasks": tasks})
    own = {"cron", "timezone", "providers", "latitude", "longitude", "api_key"}

    assert {path for one in tasks.values() for path, _ in leaves(TaskSpec, one)} == expected_leaves(TaskSpec)
    for name, task in config.tasks.items():
        assert task == TaskSpec.model_validate(
            {"kind": name} | {key: tasks[name][key] for key in own & set(tasks[name])}
        )


def documented_defaults() -> list[tuple[str, str]]:
    """Each key of the reference that has a default there, and that default."""
    text = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `([^`]+)` \| `?(null|(?<=`)[^`]+)`? \|", text, re.MULTILINE)


@pytest.mark.parametrize(("key", "default"), documented_defaults())
def test_documented_defaults_are_those_of_the_code(key: str, default: str) -> None:
    """The reference says of each key what is so without it."""
    needed: dict[str, dict[str, object]] = {
        "routes[].state.": {},
        "routes[].": {"topic": "a", "model": "b", "bucket": "c"},
        "models.NAME.fields.NAME.": {},
        "models.NAME.": {"fields": {"a": {}}},
        "devices[].calibration.NAME.": {},
        "devices[].": {"id": "a"},
        "stores.NAME.": {},
        "buckets[].": {"name": "a"},
        "tasks.NAME.": {"kind": "backup", "every": "1d"},
        "": {},
    }
    sections: dict[str, type[Section]] = dict(
        zip(
            needed,
            (StateOf, Route, FieldSpec, ModelSpec, Calibration, Device, StoreSpec, Bucket, TaskSpec, Config),
            strict=True,
        )
    )
    prefix = next(start for start in needed if key.startswith(start))
    first, *rest = key.removeprefix(prefix).split(".")
    value: object = yaml.safe_load(default)
    for part in reversed(rest):
        value = {part: value}

    assert sections[prefix].model_validate({**needed[prefix], first: value}) == sections[prefix].model_validate(
        needed[prefix]
    )


def test_the_reference_has_defaults() -> None:
    """The rows of the reference are found, so that the test before this one tests something."""
    keys = {key for key, _ in documented_defaults()}

    assert keys >= {"data_dir", "mqtt.password", "mqtt.max_packet", "routes[].time.outside", "stores.NAME.from"}


def test_the_example_of_units_and_types() -> None:
    """The model of the file is what its comments say."""
    soil = Config.model_validate(shown()).models["soil"]

    assert soil.fields["moisture"] == FieldSpec(type=FieldType.FLOAT, unit="%", min=0, max=100)
    assert Route.model_validate(shown()["routes"][0]).time.not_before == date(2000, 1, 1)


def test_every_part_of_the_configuration_is_a_section() -> None:
    """Only sections refuse unknown keys, so nothing else may hold keys."""

    def inner(annotation: object) -> Iterator[object]:
        found = kind(annotation)
        yield found
        if get_origin(found) is dict:
            yield from inner(step(found, "any"))
        elif get_origin(found) is tuple:
            yield from inner(step(found, 0))
        for child in children(found).values():
            yield from inner(child)

    models = {found for found in inner(Config) if isinstance(found, type) and hasattr(found, "model_fields")}

    assert models >= {Config, Mqtt, Tls, Route, TimeOf, FieldSpec, Bucket}
    assert all(issubclass(model, Section) for model in models)
