"""That `config.yaml` and the reference show the configuration as it is."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, get_origin

import pytest
import yaml

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
)
from ingestor.configfile.keys import children, kind, step
from ingestor.ports import FieldType, Message, Point
from ingestor.routing import RoutingTable

ROOT = Path(__file__).parents[2]
EXAMPLES = {"routes", "models", "stores"}
NEEDED = {"topic", "model", "bucket", "fields"}


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
