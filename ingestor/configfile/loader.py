"""Puts the sources together and reports everything that is wrong in them at once."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from ingestor.config import Config, Section
from ingestor.config.devices import overlapping
from ingestor.configfile.devicelist import parse_devices
from ingestor.configfile.document import Document, parse
from ingestor.configfile.keys import Fault, Loc, locs_of
from ingestor.configfile.overrides import SECRETS_DIR, Overrides, from_environment, from_secrets
from ingestor.configfile.wording import fault_of
from ingestor.errors import ConfigError, Problem

DEFAULT_FILE = Path("config.yaml")
DEFAULT_SECRETS_DIR = Path("/run/secrets")

AnySection = TypeVar("AnySection", bound=Section)


def load(path: Path | None, *, environ: Mapping[str, str], secrets_dir: Path | None = None) -> Config:
    """Read the configuration: the file, over it secret files, over them the environment.

    Args:
        path: The file; None for `config.yaml` in the working directory.
        environ: The environment: `INGESTOR_MQTT__URL` and the like, what `${NAME}` in the file stands for, and
            `INGESTOR_SECRETS_DIR`, a further folder of secret files.
        secrets_dir: The folder of secret files that need not be there; None for `/run/secrets`.

    Returns:
        The configuration; relative paths in it have been joined to the folder of the file.

    Raises:
        ConfigError: With every problem, each with its line in the file, its variable or its secret file.
    """
    sources = _Sources(path, environ=environ, secrets_dir=secrets_dir)
    document, layers, places = sources.document, sources.layers, sources.places
    problems = [problem for layer in layers for problem in layer.problems]
    problems += [places.problem(fault) for fault in document.faults if not places.overridden(fault.loc)]
    texts = {loc: text for loc, text in document.texts.items() if not places.overridden(loc)}
    config, found = _validated([layer.data for layer in layers] + [document.data], texts)
    known = {fault.loc for fault in document.faults}
    if document.readable:
        problems += [places.problem(fault) for fault in found if fault.loc not in known]
    if problems or config is None:
        raise ConfigError(sorted(dict.fromkeys(problems), key=places.order))
    return _with_devices_file(_anchored(config, sources.file.absolute().parent), places)


def _with_devices_file(config: Config, places: "_Places") -> Config:
    """The same with the rows of the file that `devices_file` names.

    Raises:
        ConfigError: The file cannot be read, or rows of it cannot be.
    """
    file = config.devices_file
    if file is None:
        return config
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        problem = Problem(f"devices_file: {file} cannot be read: {why}", places.where(("devices_file",)))
        raise ConfigError([problem]) from None
    devices = (*config.devices, *parse_devices(text, str(file)))
    if (twice := overlapping(devices)) is not None:
        raise ConfigError([Problem(f"two rows of device {twice} hold at the same time", str(file))])
    return config.model_copy(update={"devices": devices})


def located(
    error: ConfigError, path: Path | None, *, environ: Mapping[str, str], secrets_dir: Path | None = None
) -> ConfigError:
    """The same problems with their lines, for those that were found later and so say `routes[2]` for where.

    Args:
        error: What was raised by who only had the configuration, not the file.
        path: As for `load`, which has read the same before; so for the rest.
        environ: The environment.
        secrets_dir: The usual folder of secret files.

    Raises:
        ConfigError: The file cannot be read any more.
    """
    places = _Sources(path, environ=environ, secrets_dir=secrets_dir).places
    problems = [
        Problem(str(problem), " and ".join(map(places.where, locs))) if (locs := locs_of(problem.where)) else problem
        for problem in error.problems
    ]
    return ConfigError(sorted(problems, key=places.order))


class _Sources:
    """What was read, before anybody looked whether it makes sense.

    Raises:
        ConfigError: The file cannot be read.
    """

    def __init__(self, path: Path | None, *, environ: Mapping[str, str], secrets_dir: Path | None) -> None:
        self.file = path or DEFAULT_FILE
        self.document = parse(_text(self.file, asked_for=path is not None), environ=environ)
        self.layers = _layers(self.document, environ=environ, secrets_dir=secrets_dir or DEFAULT_SECRETS_DIR)
        self.places = _Places(self.file, self.document.lines, [layer.places for layer in self.layers])


def _text(file: Path, *, asked_for: bool) -> str:
    """The text of the file.

    Raises:
        ConfigError: It is not there, or cannot be read.
    """
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        hint = "" if asked_for else f" in {Path.cwd()}; name one with --config, or begin with the one of the project"
        raise ConfigError([Problem(f"there is no such file{hint}", str(file))]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem("is not UTF-8 text", f"{file}:{line}")]) from None
    except OSError as error:
        raise ConfigError([Problem(f"cannot be read: {error.strerror}", str(file))]) from None


def _layers(document: Document, *, environ: Mapping[str, str], secrets_dir: Path) -> list[Overrides]:
    """What overrides the file, the strongest first."""
    layers = [
        from_environment(environ, beside=document.data),
        from_secrets(secrets_dir, named=None, beside=document.data),
    ]
    if named := environ.get(SECRETS_DIR):
        layers.insert(1, from_secrets(Path(named), named=SECRETS_DIR, beside=document.data))
    return layers


def _validated(layers: Sequence[dict[str, Any]], texts: Mapping[Loc, str]) -> tuple[Config | None, Sequence[Fault]]:
    """The configuration, or what is wrong with it. pydantic-settings merges the layers, the strongest first."""

    class Settings(Config, BaseSettings):
        # Else keys of the file in another case would count too.
        model_config = SettingsConfigDict(case_sensitive=True)

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: object, **__: object
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(InitSettingsSource(settings_cls, init_kwargs=layer) for layer in layers)

    try:
        settings = Settings()
    except ValidationError as error:
        return None, [fault_of(found, texts=texts) for found in error.errors(include_url=False)]
    return Config.model_construct(**dict(settings)), ()


class _Places:
    """Where values came from, for people."""

    def __init__(self, file: Path, lines: Mapping[Loc, int], overrides: Iterable[Mapping[Loc, str]]) -> None:
        self._file = file
        self._lines = lines
        self._overrides: dict[Loc, str] = {}
        for names in reversed(list(overrides)):
            self._overrides.update(names)

    def overridden(self, loc: Loc) -> bool:
        """Whether what the file says there does not count."""
        return any(loc[:end] in self._overrides for end in range(1, len(loc) + 1))

    def problem(self, fault: Fault) -> Problem:
        """The fault with its place."""
        where = self.where(fault.loc) if fault.line is None else f"{self._file}:{fault.line}"
        return Problem(str(fault), where)

    def where(self, loc: Loc) -> str:
        """What overrode the file there, else the nearest line, else a neighbour, else the file."""
        prefixes = [loc[:end] for end in range(len(loc), 0, -1)]
        for prefix in reversed(prefixes):
            if prefix in self._overrides:
                return self._overrides[prefix]
        for prefix in prefixes:
            if prefix in self._lines:
                return f"{self._file}:{self._lines[prefix]}"
            for given, name in self._overrides.items():
                if given[: len(prefix)] == prefix:
                    return name
        return str(self._file)

    def order(self, problem: Problem) -> tuple[bool, int, str]:
        """Lines of the file in their order, then the rest by name."""
        name, _, line = problem.where.partition(" and ")[0].rpartition(":")
        in_file = name == str(self._file) and line.isdecimal()
        return (not in_file, int(line) if in_file else 0, problem.where)


def _anchored(section: AnySection, folder: Path) -> AnySection:
    """The same with relative paths joined to the folder."""
    changes: dict[str, object] = {}
    for name, value in section:
        if isinstance(value, Path):
            changes[name] = folder / value
        elif isinstance(value, Section):
            changes[name] = _anchored(value, folder)
        elif isinstance(value, dict):
            changes[name] = {
                key: _anchored(item, folder) if isinstance(item, Section) else item for key, item in value.items()
            }
    return section.model_copy(update=changes)
