"""Classes of somebody's own."""

from pathlib import Path

import pytest

from ingestor.routing.models import Models
from ingestor.routing.ownclasses import OwnClasses


@pytest.fixture
def announced(own_models: str, tmp_path: Path) -> str:
    """Two installed packages: one announces a model that works and some that do not, the other one of them as well."""
    package(
        tmp_path, "greenhouse", leaf=f"{own_models}:Leaf", broken="greenhouse_broken:Leaf", both=f"{own_models}:Leaf"
    )
    package(tmp_path, "orchard", both=f"{own_models}:Rounded", climate=f"{own_models}:Leaf")
    return own_models


def package(folder: Path, name: str, **models: str) -> None:
    """An installed package that announces models."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "\n".join(f"{key} = {value}" for key, value in models.items())
    (info / "entry_points.txt").write_text(f"[ingestor.models]\n{lines}\n")


def test_what_a_package_announces_is_found(announced: str) -> None:
    """By its name alone."""
    own = OwnClasses()
    leaf = own.find("leaf")

    assert leaf is not None
    assert leaf is own.find(f"{announced}:Leaf")
    assert {"leaf", "broken", "both", "climate"} <= {*own.names()}


@pytest.mark.usefixtures("announced")
def test_a_broken_announcement_harms_whoever_names_it() -> None:
    """All else can be had."""
    models = Models({})

    assert models.find("leaf").name == "leaf"
    with pytest.raises(
        ValueError, match=r"model broken \(greenhouse_broken:Leaf\) cannot be loaded: RuntimeError: no probe"
    ):
        models.find("broken")


@pytest.mark.usefixtures("announced")
def test_a_name_of_two_packages_is_refused() -> None:
    """Neither is preferred; both are named."""
    with pytest.raises(ValueError, match="greenhouse and orchard both announce a model both"):
        OwnClasses().find("both")


@pytest.mark.usefixtures("announced")
def test_a_package_takes_no_name_of_the_catalog() -> None:
    """Installing something changes no meaning."""
    assert Models({}).find("climate").shape.fields[0].name == "temperature"


@pytest.mark.usefixtures("announced")
def test_whoever_asks_for_a_name_that_is_not_there_is_told_of_all() -> None:
    """What packages announce is among them."""
    with pytest.raises(ValueError, match=r"there are .*both, broken, climate, co2, .*leaf"):
        Models({}).find("leave")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("greenhouse_models:something", "not a subclass"),
        ("greenhouse_broken:Leaf", "model greenhouse_broken:Leaf cannot be loaded: RuntimeError: no probe"),
        ("no_such_module:Leaf", "ModuleNotFoundError"),
        (":Leaf", "cannot be loaded"),
    ],
)
@pytest.mark.usefixtures("own_models")
def test_what_is_no_class_of_a_model_is_refused(name: str, words: str) -> None:
    """Each way to fail is told, code that raises included."""
    with pytest.raises(ValueError, match=words):
        OwnClasses().find(name)
