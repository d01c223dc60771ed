"""What the environment and secret files say."""

from pathlib import Path

import pytest

from ingestor.configfile.overrides import from_environment, from_secrets
from ingestor.errors import Problem


def problems_of(name: str, value: str = "1") -> list[str]:
    """What is wrong with one variable."""
    found = from_environment({name: value}, beside={})
    assert all(problem.where == name for problem in found.problems)
    return [problem.what for problem in found.problems]


def test_variables_become_nested_values() -> None:
    """Two underscores go one level down; the text itself is the value."""
    found = from_environment({"INGESTOR_MQTT__TLS__CA": "/ca", "INGESTOR_TIMEZONE": "UTC", "PATH": "x"}, beside={})

    assert found.data == {"mqtt": {"tls": {"ca": "/ca"}}, "timezone": "UTC"}
    assert found.places == {("mqtt", "tls", "ca"): "INGESTOR_MQTT__TLS__CA", ("timezone",): "INGESTOR_TIMEZONE"}


def test_lists_and_groups_are_json() -> None:
    """A list or a whole group is given as JSON; single keys of the same group win over it."""
    found = from_environment(
        {
            "INGESTOR_WEB__PORT": "1",
            "INGESTOR_WEB": '{"port": 2, "host": "::1"}',
            "INGESTOR_MODELS__SOIL__TAGS": '["rack"]',
        },
        beside={},
    )

    assert found.data == {"web": {"port": "1", "host": "::1"}, "models": {"soil": {"tags": ["rack"]}}}
    assert found.places[("web", "host")] == "INGESTOR_WEB"
    assert found.places[("web", "port")] == "INGESTOR_WEB__PORT"


def test_names_are_spelt_like_the_file_spells_them() -> None:
    """A store is found whatever its case in the file; a new one gets lower case."""
    environ = {
        "INGESTOR_STORES__FARM__PATH": "/a",
        "INGESTOR_STORES__NEW__PATH": "/b",
        "INGESTOR_STORES__my__PATH": "/c",
    }
    found = from_environment(environ, beside={"stores": {"Farm": {}, "my": None}})

    assert found.data == {"stores": {"Farm": {"path": "/a"}, "new": {"path": "/b"}, "my": {"path": "/c"}}}


def test_empty_variables_are_null_where_null_may_stand() -> None:
    """A container's way of leaving something out; never for a secret, where it would open a door."""
    environ = {"INGESTOR_MQTT__USERNAME": "", "INGESTOR_WEB__TOKEN": "", "INGESTOR_TIMEZONE": ""}

    assert from_environment(environ, beside={}).data == {
        "mqtt": {"username": None},
        "web": {"token": ""},
        "timezone": "",
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("INGESTOR_NOPE", "no such key; known here: BATCH"),
        ("INGESTOR_TIMEZONES", "did you mean INGESTOR_TIMEZONE?"),
        ("INGESTOR_MQTT__PASSWROD", "did you mean INGESTOR_MQTT__PASSWORD?"),
        ("INGESTOR_mqtt__url", "no such key"),
        ("INGESTOR_STORES__LOCAL__START", "no such key"),
        ("INGESTOR_DATA_DIR__X", "data_dir has no keys"),
        ("INGESTOR_ROUTES__0__TOPIC", "routes is a list"),
        ("INGESTOR_", "no such key"),
        ("INGESTOR_MQTT__", "no such key"),
        ("INGESTOR_ROUTES", "not JSON (line 1, column 1)"),
    ],
)
def test_variables_that_mean_nothing_are_refused(name: str, words: str) -> None:
    """A variable of ours that no key stands for is a mistake somebody should hear of."""
    (what,) = problems_of(name, "x")

    assert words in what


def test_values_are_not_quoted() -> None:
    """What cannot be read may be a secret."""
    (what,) = problems_of("INGESTOR_MQTT__EMBEDDED_USERS", "hunter2")

    assert "hunter2" not in what


@pytest.mark.parametrize(
    "name",
    [
        "INGESTOR_SERVICE_HOST",
        "INGESTOR_SERVICE_PORT",
        "INGESTOR_SERVICE_PORT_HTTP",
        "INGESTOR_PORT",
        "INGESTOR_PORT_8321_TCP",
        "INGESTOR_PORT_8321_TCP_ADDR",
        "INGESTOR_SECRETS_DIR",
    ],
)
def test_variables_of_others_are_let_be(name: str) -> None:
    """Kubernetes names a service to every pod beside it, and ours may be called ingestor."""
    assert problems_of(name) == []


def test_a_value_below_a_value_is_left_to_the_model() -> None:
    """A group that is no group is refused by its own fault, not by a second one."""
    found = from_environment({"INGESTOR_WEB": "3", "INGESTOR_WEB__PORT": "1"}, beside={})

    assert found.data == {"web": 3}
    assert found.problems == []


def test_secret_files(tmp_path: Path) -> None:
    """A file named like a key holds its value; the line end that editors add is no part of it."""
    (tmp_path / "mqtt__password").write_bytes(b" geheim \r\n")
    (tmp_path / "mqtt__embedded_users__Bob").write_text("x")
    found = from_secrets(tmp_path, named=None, beside={})

    assert found.data == {"mqtt": {"password": " geheim ", "embedded_users": {"Bob": "x"}}}
    assert found.places[("mqtt", "password")] == "secret file mqtt__password"


def test_files_of_others_are_let_be(tmp_path: Path) -> None:
    """The folder may be shared: folders and files that cannot be meant for us are not looked at."""
    (tmp_path / "kubernetes.io").mkdir()
    (tmp_path / "mqtt__folder").mkdir()
    for name in ("db_password", "other__password", "mqtt", "timezone"):
        (tmp_path / name).write_text("x")
    found = from_secrets(tmp_path, named=None, beside={})

    assert (found.data, found.problems) == ({}, [])


def test_secret_files_that_cannot_be_used(tmp_path: Path) -> None:
    """A slip in a name and a file that is no text are named, not skipped."""
    (tmp_path / "mqtt__pasword").write_text("hunter2")
    (tmp_path / "web__token").write_bytes(b"\xff\xfe")
    found = from_secrets(tmp_path, named=None, beside={})

    assert sorted(map(str, found.problems)) == [
        "secret file mqtt__pasword: no such key; did you mean mqtt__password?",
        "secret file web__token: cannot be read: it is not UTF-8",
    ]


def test_the_folder_of_secrets(tmp_path: Path) -> None:
    """The usual folder may be absent; one that somebody named has to be there."""
    absent = tmp_path / "absent"

    assert from_secrets(absent, named=None, beside={}).problems == []
    assert from_secrets(absent, named="INGESTOR_SECRETS_DIR", beside={}).problems == [
        Problem("cannot be listed: No such file or directory", f"INGESTOR_SECRETS_DIR {absent}")
    ]
