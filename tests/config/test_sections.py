"""The models of the configuration."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from ingestor.config import (
    Bucket,
    Config,
    Mqtt,
    Section,
    StoreSpec,
    Tls,
    Web,
)

INFLUXDB = {"kind": "influxdb", "url": "http://farm:8086"}


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
