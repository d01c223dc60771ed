"""What the documentation says is complete, its links lead somewhere, and its marked examples run."""

import inspect
import os
import re
import subprocess
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import pytest
import typer.main
import yaml
from pydantic import BaseModel
from typer.core import TyperCommand, TyperGroup, TyperOption

from ingestor.cli.application import make_app
from ingestor.config import Config
from ingestor.configfile import load
from ingestor.stats import IntakeStats, JournalStats, Snapshot, StoreStats
from ingestor.web.metrics import Metrics

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    path
    for path in sorted(ROOT.rglob("*.md"))
    if not any(part.startswith(".") or part == "node_modules" for part in path.relative_to(ROOT).parts)
]
REFERENCE = ROOT / "docs" / "reference"
RUNNABLE = re.compile(r"<!-- run -->\s*```(?P<language>\w+)\n(?P<code>.*?)```", re.DOTALL)
CONFIGURATION = re.compile(r"^```yaml\n(?P<block>.*?)^```|<<'END'\n(?P<heredoc>.*?)^END$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
PRIVATE = re.compile(
    r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs|proxy[.]golang|crates[.]io|deb[.]debian[.]org|index-url ?="
    r"|[.][.]/shared\b|/work/(main|shared)|/root/|/opt/wheels|[.]pyenv"
)
"""Hosts of package registries, and paths of the machines that this was written on."""
EXAMPLE_SECS = 60
TYPERS_OWN = {"help", "install_completion", "show_completion"}
"""Options that every command line made with typer has."""


def relative(path: Path) -> str:
    """A file's name for messages and test ids."""
    return str(path.relative_to(ROOT))


def commands() -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Every command of the command line with its full name, groups included."""

    def walk(name: str, command: object) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
        assert isinstance(command, TyperCommand | TyperGroup)
        yield name, command
        if isinstance(command, TyperGroup):
            for word, child in command.commands.items():
                yield from walk(f"{name} {word}", child)

    yield from walk("ingestor", typer.main.get_command(make_app()))


def sections(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - any annotation of a field
    """The parts of the configuration that an annotation mentions."""
    if inspect.isclass(annotation) and not get_origin(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    if get_origin(annotation) in {tuple, dict, Union, types.UnionType}:
        for part in get_args(annotation):
            yield from sections(part)


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every key of the configuration as `section.key`; rows and entries of a section count as the section."""
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        yield key
        for section in sections(field.annotation):
            yield from keys(section, key + ".")


def metric_names() -> list[str]:
    """The names of all metrics, as they stand in the text that Prometheus reads."""
    store = StoreStats("local", reasons={"type": 1})
    snapshot = Snapshot(
        "0", 0.0, IntakeStats(session_secs=1), JournalStats(lasts_secs=1.0), stores=(store,), disk_bytes_written=0
    )
    return re.findall(r"^# TYPE (\w+)", Metrics(lambda: snapshot).text().decode(), re.MULTILINE)


def written_files() -> list[Path]:
    """Every file of the project that somebody wrote, wherever git may be missing."""
    folders = (".ci", "bench", "deploy", "docs", "ingestor", "scripts", "sensors", "tests")
    inside = [
        path for folder in folders for path in sorted((ROOT / folder).rglob("*")) if "__pycache__" not in path.parts
    ]
    return [path for path in (*sorted(ROOT.iterdir()), *inside) if path.is_file()]


def anchors(document: Path) -> set[str]:
    """What a link may name after `#`: the headings, the way that GitHub and others write them."""
    text = FENCED.sub("", document.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def examples() -> list[tuple[str, str, str]]:
    """Where each runnable example stands, its language and its code."""
    return [
        (f"{relative(document)}:{number}", match["language"], match["code"])
        for document in DOCUMENTS
        for number, match in enumerate(RUNNABLE.finditer(document.read_text(encoding="utf-8")), start=1)
    ]


def configurations() -> list[tuple[str, str]]:
    """Where each whole configuration that the documentation shows stands, and its text."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for number, match in enumerate(CONFIGURATION.finditer(text), start=1):
            shown = match["block"] or match["heredoc"]
            parsed = yaml.safe_load(shown)
            if isinstance(parsed, dict) and parsed.keys() <= Config.model_fields.keys():
                found.append((f"{relative(document)}:{number}", shown))
    return found


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_has_help_and_is_described(name: str, command: TyperCommand | TyperGroup) -> None:
    """Each command says what it does, and the reference has a heading for it."""
    described = re.findall(r"^#+ +`?(ingestor[ \w-]*)", (REFERENCE / "commands.md").read_text(), re.MULTILINE)

    assert command.help
    assert isinstance(command, TyperGroup) or name in [heading.strip() for heading in described]


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_option_has_help_and_is_described(name: str, command: TyperCommand | TyperGroup) -> None:
    """Each option says what it does, and the reference names it."""
    own = [option for option in command.params if option.name not in TYPERS_OWN]
    options = [option for option in own if isinstance(option, TyperOption) and not option.hidden]
    reference = (REFERENCE / "commands.md").read_text(encoding="utf-8")

    assert [option.name for option in options if not option.help] == []
    assert [f"{name} {option.opts[0]}" for option in options if option.opts[0] not in reference] == []


@pytest.mark.parametrize("key", list(keys(Config)))
def test_every_key_is_described(key: str) -> None:
    """Each key of the configuration has a heading or the first cell of a row in the reference."""
    text = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
    described = re.findall(r"^(?:#+|\|) *`([^`]+)`", text, re.MULTILINE)
    plain = {re.sub(r"\[\]|\.<\w+>|\.NAME", "", name) for name in described}

    assert key in plain


@pytest.mark.parametrize("metric", metric_names())
def test_every_metric_is_described(metric: str) -> None:
    """Each metric that the service gives out is explained in the reference."""
    assert f"`{metric}`" in (REFERENCE / "metrics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_links_lead_somewhere(document: Path) -> None:
    """Each link to another file of the project, or to a heading, finds it."""
    text = FENCED.sub("", document.read_text(encoding="utf-8"))
    broken = []
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (document.parent / name).resolve() if name else document
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)

    assert broken == []


def test_tests_that_are_named_exist() -> None:
    """Where the documentation names the test that proves something, there is that test."""
    named = {match for document in DOCUMENTS for match in NAMED_TEST.findall(document.read_text(encoding="utf-8"))}
    missing = [
        f"{file}::{test}"
        for file, test in sorted(named)
        if not (ROOT / file).exists() or f"def {test}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]

    assert named
    assert missing == []


def test_the_first_screen_has_the_two_commands() -> None:
    """Whoever opens the README sees at once how to try it and how to test it."""
    screen = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:40])

    assert "scripts/demo" in screen
    assert "scripts/test" in screen


@pytest.mark.parametrize(("where", "language", "code"), examples(), ids=lambda value: value.partition("\n")[0])
def test_examples_run(where: str, language: str, code: str, tmp_path: Path) -> None:
    """What the documentation marks as runnable runs as it stands, in an empty folder."""
    programs = {"python": [sys.executable, "-W", "error", "-c"], "sh": ["bash", "-euo", "pipefail", "-c"]}
    environment: Mapping[str, str] = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(tmp_path),
    }
    result = subprocess.run(
        [*programs[language], code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=EXAMPLE_SECS,
        check=False,
    )

    assert result.returncode == 0, f"{where}:\n{result.stdout}{result.stderr}"


@pytest.mark.parametrize(("where", "text"), configurations(), ids=lambda value: value.partition("\n")[0])
def test_configurations_load(where: str, text: str, tmp_path: Path) -> None:
    """Each configuration that the documentation shows is one that the service would start with."""
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "secret")

    assert isinstance(load(file, environ=variables, secrets_dir=tmp_path / "none"), Config), where


def test_nothing_names_a_registry_or_a_machine() -> None:
    """Where packages come from and where this was written is nobody's business."""
    found = []
    for path in written_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path != Path(__file__).resolve():
            found += [f"{relative(path)}: {match[0]}" for match in PRIVATE.finditer(text)]

    assert found == []
