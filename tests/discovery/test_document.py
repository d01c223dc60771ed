"""Proposals as YAML."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingestor import configfile
from ingestor.config import Config, CsvOf, Device, FieldSpec, ModelSpec, Route, StateOf, TimeOf
from ingestor.discovery.document import flow, write
from ingestor.discovery.proposal import Proposal, ProposedDevice, ProposedModel, ProposedRoute
from ingestor.ports import FieldType

NASTY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.sampled_from(
    [
        "on",
        "No",
        "null",
        "~",
        "1e3",
        "0x1f",
        "12:30",
        "- a",
        "a: b",
        "# a",
        "{a}",
        "${HOME}",
        "$${x",
        "1_000",
        ".5",
        "=",
    ]
)
DEVICE = Device.model_validate({"id": "d", "interval": "90s", "calibration": {"a": {"factor": 0.1}}})
WHOLE = Proposal(
    (
        ProposedRoute(Route(preset="farm", bucket="B"), ("2 topics",)),
        ProposedRoute(
            Route(topic="a/{x}", model="m", format="csv", bucket="B", csv=CsvOf(delimiter=";", columns=("a", "b")),
                  device="{x}", time=TimeOf(field="ts", zone="UTC"), tags={"on": "off"}),
        ),
        ProposedRoute(Route(topic="s", device="d", state=StateOf(online=("up",), offline=("down",)))),
    ),
    (ProposedModel("m", ModelSpec(tags=("t",), fields={"a": FieldSpec(unit="%", min=0, max=1e-5),
                                                       "b": FieldSpec(type=FieldType.TEXT, choices=("no", "1"))}),
                   {"a": "guess"}),),
    (ProposedDevice(DEVICE, "x"),),
    ("Of 5 messages …", ""),
)  # fmt: skip


def read(text: str, folder: Path) -> Config:
    """What a configuration file with this text says."""
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return configfile.load(file, environ={"HOME": "secret"})


def test_it_loads_as_what_was_proposed(tmp_path: Path) -> None:
    """Every key, with comments beside."""
    lines = list(write(WHOLE))
    loaded, meant = read("\n".join(lines), tmp_path), WHOLE.config()

    assert (loaded.routes, loaded.models, loaded.devices) == (meant.routes, meant.models, meant.devices)
    assert lines[:2] == ["# Of 5 messages …", "#"]
    assert "  # 2 topics" in lines
    assert '      a: {unit: "%", min: 0, max: 1.0e-05}  # guess' in lines
    assert "  - {id: d, calibration: {a: {factor: 0.1}}, interval: 90s}  # x" in lines


def test_what_is_not_there_is_left_out() -> None:
    """No empty sections, which would replace those of the file."""
    assert list(write(Proposal())) == []


@given(NASTY, NASTY)
def test_any_text_is_read_back(key: str, value: str) -> None:
    """In YAML 1.1, with all that it takes for something else."""
    assert yaml.safe_load(flow({key: value, "list": (value,)})) == {
        key.replace("${", "$${"): value.replace("${", "$${"),
        "list": [value.replace("${", "$${")],
    }


@pytest.mark.parametrize("text", ["${HOME}", "$${HOME}", "a ${X} $${Y} $ {"])
def test_no_text_is_replaced_by_a_secret(text: str, tmp_path: Path) -> None:
    """Whoever announces a device called `${TOKEN}` does not get to see the token."""
    proposal = Proposal(
        (ProposedRoute(Route(topic="a", model="m", bucket="B", tags={"name": text})),),
        (ProposedModel("m", ModelSpec(fields={"a": FieldSpec()}), {}),),
    )

    assert read("\n".join(write(proposal)), tmp_path).routes[0].tags == {"name": text}


@given(NASTY)
def test_no_comment_becomes_yaml(text: str) -> None:
    """Whatever line breaks are in it."""
    proposal = WHOLE._replace(remarks=(text + "\nroutes: 5",), routes=(ProposedRoute(WHOLE.routes[0].route, (text,)),))
    loaded = yaml.safe_load("\n".join(write(proposal)))

    assert loaded["routes"] == [{"preset": "farm", "bucket": "B"}]


@pytest.mark.parametrize("number", [0.0, 1.0, -2.5, 1e-7, 1e300, 123456789.25, 5])
def test_numbers_stay_numbers(number: float) -> None:
    """Also small and large ones."""
    assert yaml.safe_load(flow(number)) == number
    assert not isinstance(yaml.safe_load(flow(number)), str)


def test_truth_and_nothing_are_written() -> None:
    """As YAML has them."""
    assert [flow(value) for value in (None, True, False)] == ["null", "true", "false"]
