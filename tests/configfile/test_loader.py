"""All sources together."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor import configfile
from ingestor.config import Config
from ingestor.configfile.keys import children
from ingestor.errors import ConfigError, Problem


def load(folder: Path, text: str, **environ: str) -> Config:
    """The configuration of a file with that text, with secret files of the folder `secrets` beside it."""
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return configfile.load(file, environ=environ, secrets_dir=folder / "secrets")


def refusals(folder: Path, text: str, **environ: str) -> list[str]:
    """Every problem with such a file, as a person reads it, without the name of the folder."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text, **environ)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def secret(folder: Path, name: str, text: str) -> None:
    """A secret file."""
    (folder / "secrets").mkdir(exist_ok=True)
    (folder / "secrets" / name).write_text(text)


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    """All defaults, of the plain type, with the data directory beside the file."""
    loaded = load(tmp_path, "")

    assert type(loaded) is Config
    assert loaded == Config(data_dir=tmp_path / "data")


def test_sources_in_their_order(tmp_path: Path) -> None:
    """The environment goes over secret files, these go over the file; other keys of a group stay."""
    secret(tmp_path, "mqtt__username", "of-secret")
    secret(tmp_path, "mqtt__password", "of-secret")
    loaded = load(
        tmp_path,
        "mqtt: {url: mqtt://of-file, username: of-file, password: of-file, keep_alive: 5s}",
        INGESTOR_MQTT__PASSWORD="of-environment",  # noqa: S106 - no real one
    )

    assert (loaded.mqtt.host, loaded.mqtt.keep_alive) == ("of-file", 5.0)
    assert loaded.mqtt.username == "of-secret"
    assert loaded.mqtt.password is not None
    assert loaded.mqtt.password.get_secret_value() == "of-environment"


def test_a_named_folder_of_secrets_goes_over_the_usual_one(tmp_path: Path) -> None:
    """INGESTOR_SECRETS_DIR adds a folder; the usual one still counts."""
    secret(tmp_path, "web__token", "usual")
    secret(tmp_path, "mqtt__client_id", "usual")
    named = tmp_path / "named"
    named.mkdir()
    (named / "web__token").write_text("named")
    loaded = load(tmp_path, "", INGESTOR_SECRETS_DIR=str(named))

    assert loaded.web.token is not None
    assert loaded.web.token.get_secret_value() == "named"
    assert loaded.mqtt.client_id == "usual"


def test_the_process_environment_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the environment that is handed in counts."""
    monkeypatch.setenv("INGESTOR_TIMEZONE", "Mars")
    monkeypatch.setenv("TIMEZONE", "Mars")

    assert load(tmp_path, "").timezone == "UTC"


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    """Wherever the service is started, its files are beside its configuration; absolute paths stay."""
    loaded = load(
        tmp_path,
        "data_dir: d\nmqtt: {url: mqtts://x, tls: {ca: certs/ca.pem}}\nstores: {a: {path: s}, b: {path: /abs}, c: {}}",
    )

    assert loaded.data_dir == tmp_path / "d"
    assert loaded.mqtt.tls.ca == tmp_path / "certs/ca.pem"
    assert [loaded.store_path(name) for name in "abc"] == [tmp_path / "s", Path("/abs"), tmp_path / "d/stores/c"]


def test_relative_files_give_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of the working directory later on moves nothing."""
    (tmp_path / "config.yaml").write_text("")
    monkeypatch.chdir(tmp_path)

    assert configfile.load(None, environ={}, secrets_dir=tmp_path / "absent").data_dir == tmp_path / "data"


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Faults of the text, of values, of the environment and of secret files, each with its place, in order."""
    secret(tmp_path, "mqtt__pasword", "x")
    text = """\
timezone: Mars
mqtt:
  client_id: on
  usernam: bob
  url: ${BROKER}
  keep_alive: soon
routes:
  - topic: {rack}
    model: temperature
web: {port: 1, port: 70000}
pages: {}
"""
    environ = {"INGESTOR_MQTT__PASWORD": "x", "INGESTOR_BATCH__MAX_POINTS": "0"}

    sections = ", ".join(sorted(children(Config)))
    truth = "true or false (in YAML also a bare yes, no, on, off) cannot stand here; quote it for text"

    assert refusals(tmp_path, text, **environ) == [
        "config.yaml:1: timezone: not a time zone; use a name like UTC or Asia/Singapore",
        f"config.yaml:3: mqtt.client_id: {truth}",
        "config.yaml:4: mqtt.usernam: unknown key; did you mean username?",
        "config.yaml:5: mqtt.url: the environment has no variable BROKER; set it, or use a secret file mqtt__url",
        "config.yaml:6: mqtt.keep_alive: a duration is a number with a unit: 500ms, 30s, 5m, 12h, 7d or 2w",
        (
            "config.yaml:8: routes[0].topic: must be text; where it begins with { or [ put it in quotes, "
            'as in topic: "{rack}/temperature"'
        ),
        "config.yaml:8: routes[0].bucket: is missing",
        "config.yaml:10: web.port: given twice, in line 10 already",
        f"config.yaml:11: pages: unknown key; known here: {sections}",
        "INGESTOR_BATCH__MAX_POINTS: batch.max_points: must be at least 1",
        "INGESTOR_MQTT__PASWORD: no such key; did you mean INGESTOR_MQTT__PASSWORD?",
        "secret file mqtt__pasword: no such key; did you mean mqtt__password?",
    ]


def test_the_source_of_a_value_is_blamed(tmp_path: Path) -> None:
    """A wrong value from the environment is not blamed on the line that it overrides, and not shown."""
    text = "mqtt: {protocol: '5'}\nroutes:\n- {topic: a, model: b, bucket: c}\n"
    environ = {"INGESTOR_MQTT__PROTOCOL": "secretly6", "INGESTOR_ROUTES": '[{"topic": "a", "format": "xml"}]'}

    assert refusals(tmp_path, text, **environ) == [
        "INGESTOR_MQTT__PROTOCOL: mqtt.protocol: must be one of auto, 5, 3.1.1",
        "INGESTOR_ROUTES: routes[0].model: is missing",
        "INGESTOR_ROUTES: routes[0].format: must be one of value, json, csv, line, cbor, msgpack",
        "INGESTOR_ROUTES: routes[0].bucket: is missing",
    ]


def test_a_fault_between_sources_names_the_one_that_can_be_named(tmp_path: Path) -> None:
    """What only a secret file says is blamed on it; what is missing below it, too."""
    secret(tmp_path, "mqtt__password", "hunter2")
    environ = {"INGESTOR_MODELS__SOIL__TAGS": '["rack"]'}

    assert refusals(tmp_path, "", **environ) == [
        "INGESTOR_MODELS__SOIL__TAGS: models.soil.fields: a model has at least 1 field, or extends another model",
        "secret file mqtt__password: mqtt.password: a password needs a username",
    ]


def test_what_is_overridden_may_be_wrong(tmp_path: Path) -> None:
    """A reference to a variable that is not there does not matter once a secret file takes its place."""
    secret(tmp_path, "mqtt__password", "x")
    loaded = load(tmp_path, 'mqtt: {username: bob, password: "${MQTT_PASSWORD}"}')

    assert loaded.mqtt.password is not None
    assert loaded.mqtt.password.get_secret_value() == "x"


@pytest.mark.parametrize(
    "text",
    [
        "mqtt: {url: 'http://${HIDDEN}'}",
        "mqtt: {protocol: '${HIDDEN}'}",
        "mqtt: {password: '${HIDDEN}'}",
        "mqtt: {embedded_users: {bob: {hunter2: 1}}}",
        "web: {token: [hunter2]}",
        "web: {token: hunter2, token: hunter2}",
    ],
)
def test_no_refusal_shows_a_secret(tmp_path: Path, text: str) -> None:
    """Neither a secret in its own place nor what a variable holds is shown."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, HIDDEN="hunter2")

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_that_is_no_yaml_hides_no_other_source(tmp_path: Path) -> None:
    """The environment is looked at all the same; what the file may say is not guessed."""
    said = refusals(tmp_path, "mqtt: [", INGESTOR_NOPE="1", INGESTOR_MQTT__PASSWORD="x")  # noqa: S106 - no real one

    assert [line.split(":")[0] for line in said] == ["config.yaml", "INGESTOR_NOPE"]


def test_problems_found_later_get_their_lines(tmp_path: Path) -> None:
    """Who has only the configuration says which route; the line, or the variable, is found for it."""
    load(tmp_path, "mqtt:\n  url: mqtt://x\nroutes:\n- {topic: a, model: b, bucket: c}\n")
    later = ConfigError(
        [
            Problem("no such model", "routes[0] a"),
            Problem("is in no file", "models.soil"),
            Problem("cannot read it", "mqtt.tls.ca"),
            Problem("are the same", "routes[0] and mqtt.url"),
            Problem("has a place", "elsewhere:1"),
        ]
    )
    environ = {"INGESTOR_MODELS": '{"soil": {"fields": {"x": {"min": 1}}}}'}
    told = configfile.located(later, tmp_path / "config.yaml", environ=environ, secrets_dir=tmp_path)

    assert [str(problem).replace(f"{tmp_path}/", "") for problem in told.problems] == [
        "config.yaml:1: mqtt.tls.ca: cannot read it",
        "config.yaml:4: routes[0] a: no such model",
        "config.yaml:4 and config.yaml:2: routes[0] and mqtt.url: are the same",
        "INGESTOR_MODELS: models.soil: is in no file",
        "elsewhere:1: has a place",
    ]


def test_keys_in_another_case_are_unknown(tmp_path: Path) -> None:
    """A key has one spelling."""
    assert refusals(tmp_path, "Timezone: UTC") == ["config.yaml:1: Timezone: unknown key; did you mean timezone?"]


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One clear line says which file is not there, or where the usual one was looked for."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"^farm.yaml: there is no such file$"):
        configfile.load(Path("farm.yaml"), environ={})
    with pytest.raises(ConfigError, match=rf"^config.yaml: there is no such file in {tmp_path}; .*--config"):
        configfile.load(None, environ={})


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A folder, and a file in another encoding, are refused in a line each."""
    (tmp_path / "latin").write_bytes(b"timezone: UTC\n# gr\xfcn\n")
    with pytest.raises(ConfigError, match=r"latin:2: is not UTF-8 text"):
        configfile.load(tmp_path / "latin", environ={})
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory"):
        configfile.load(tmp_path, environ={})


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """Some editors begin a file with one."""
    (tmp_path / "config.yaml").write_bytes(b"\xef\xbb\xbftimezone: Asia/Singapore\n")

    assert configfile.load(tmp_path / "config.yaml", environ={}).timezone == "Asia/Singapore"


@given(
    st.dictionaries(st.sampled_from(sorted(Config.model_fields)), st.sampled_from(["", "x", "1", "[]", "{}", "null"]))
)
def test_any_environment_is_taken_or_refused(values: dict[str, str]) -> None:
    """Whatever the variables hold, the answer is a configuration or problems that name them."""
    environ = {f"INGESTOR_{key.upper()}": value for key, value in values.items()}
    file = Path(__file__).parents[2] / "config.yaml"

    def blamed() -> set[str]:
        try:
            configfile.load(file, environ=environ, secrets_dir=file.parent / "absent")
        except ConfigError as error:
            return {problem.where for problem in error.problems}
        return set()

    assert blamed() <= set(environ)


def test_devices_of_a_file_are_added(tmp_path: Path) -> None:
    """Beside those of the configuration, from a path that starts at its folder."""
    (tmp_path / "devices.csv").write_text("id,rack\ns2,2\n", encoding="utf-8")
    loaded = load(tmp_path, "devices_file: devices.csv\ndevices: [{id: s1}]\n")

    assert [device.id for device in loaded.devices] == ["s1", "s2"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (None, "config.yaml:1: devices_file: {file} cannot be read: No such file or directory"),
        ("id,from\ns2,noon\n", "{file}:2: from: "),
        ("id\ns1\n", "{file}: two rows of device s1 hold at the same time"),
    ],
)
def test_faults_of_that_file_are_told(tmp_path: Path, table: str | None, words: str) -> None:
    """With its name and line."""
    if table is not None:
        (tmp_path / "devices.csv").write_text(table, encoding="utf-8")
    (found,) = refusals(tmp_path, "devices_file: devices.csv\ndevices: [{id: s1}]\n")

    assert found.startswith(words.format(file="devices.csv"))
