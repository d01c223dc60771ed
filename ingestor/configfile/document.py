"""`config.yaml` as data: the line of everything in it, `${NAME}` replaced, and YAML's traps named; pure.

The nodes are turned into values here and not by PyYAML, because that forgets the lines, lets the last of two equal
keys win, and takes `0123` for 83.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from ingestor.configfile.keys import QUOTED, Fault, Loc, is_secret

_REFERENCE = re.compile(r"\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)\})?")
_TAG = "tag:yaml.org,2002:"
_QUOTE_HINT = "text that begins with one of { [ * & ! % @ ` has to be in quotes"


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says.

    Attributes:
        data: Its keys and values; empty where the file is not YAML.
        lines: The line of each key and list item, from 1.
        texts: Each single value as it was written, before anything was replaced.
        faults: What is wrong with the text itself.
        readable: False where it is no YAML, so that `data` says nothing about what is missing.
    """

    data: dict[str, object]
    lines: Mapping[Loc, int]
    texts: Mapping[Loc, str]
    faults: tuple[Fault, ...]
    readable: bool = True


def parse(text: str, *, environ: Mapping[str, str]) -> Document:
    """Read a file's text; faults are in the result, all of them, not raised."""
    try:
        loader = yaml.SafeLoader(text)
    except yaml.YAMLError as error:
        return Document({}, {}, {}, (_syntax(error, text),), readable=False)
    try:
        node = loader.get_single_node()
        walk = _Walk(loader, environ)
        data = walk.value(node, ()) if node is not None else {}
    except yaml.YAMLError as error:
        return Document({}, {}, {}, (_syntax(error, text),), readable=False)
    finally:
        loader.dispose()
    if not isinstance(data, dict):
        fault = Fault("not a configuration: keys and values are expected, like `data_dir: data`", line=1)
        return Document({}, {}, {}, (fault,), readable=False)
    return Document(data, walk.lines, walk.texts, tuple(walk.faults))


class _Walk:
    """Turns nodes into values and notes what there is to know about them."""

    def __init__(self, loader: yaml.SafeLoader, environ: Mapping[str, str]) -> None:
        self._loader = loader
        self._environ = environ
        self._open: set[int] = set()
        self.lines: dict[Loc, int] = {}
        self.texts: dict[Loc, str] = {}
        self.faults: list[Fault] = []

    def value(self, node: yaml.Node, loc: Loc) -> object:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, loc)
        if id(node) in self._open:
            self.faults.append(Fault("refers to itself", loc))
            return None
        self._open.add(id(node))
        try:
            return self._mapping(node, loc) if isinstance(node, yaml.MappingNode) else self._sequence(node, loc)
        finally:
            self._open.discard(id(node))

    def _sequence(self, node: yaml.Node, loc: Loc) -> list[object]:
        items = []
        for index, item in enumerate(node.value):
            self.lines[(*loc, index)] = item.start_mark.line + 1
            items.append(self.value(item, (*loc, index)))
        return items

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, object]:
        self._find_repeated(node, loc)
        self._loader.flatten_mapping(node)  # puts what `<<` merges in front, so that the own keys win
        found = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.faults.append(Fault(f"a key is text; {_QUOTE_HINT}", loc, key.start_mark.line + 1))
                continue
            inner = (*loc, key.value)
            self.lines[inner] = key.start_mark.line + 1
            found[key.value] = self.value(item, inner)
        return found

    def _find_repeated(self, node: yaml.MappingNode, loc: Loc) -> None:
        first: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_TAG}merge":
                continue
            line = key.start_mark.line + 1
            if key.value in first:
                what = f"given twice, in line {first[key.value]} already"
                self.faults.append(Fault(what, (*loc, key.value), line))
            first.setdefault(key.value, line)

    def _scalar(self, node: yaml.ScalarNode, loc: Loc) -> object:
        text = self.texts[loc] = node.value
        tag = node.tag.removeprefix(_TAG)
        if tag == "str":
            return _REFERENCE.sub(lambda match: self._replaced(match, loc), text) if "${" in text else text
        if tag in {"int", "float"} and (":" in text or re.match(r"[-+]?0[0-9_]", text)):
            shown = "this" if is_secret(loc) else text
            self.faults.append(
                Fault(f"YAML takes {shown} for a number of base 8 or 60; put it in quotes if it is text", loc)
            )
            return text
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self.faults.append(Fault(f"YAML cannot read this value; {_QUOTE_HINT}", loc))
            return text

    def _replaced(self, match: re.Match[str], loc: Loc) -> str:
        if match[0] == "$${":
            return "${"
        if match[1] is None:
            self.faults.append(
                Fault("${ begins a reference like ${NAME}; for the characters themselves write $${", loc)
            )
        elif match[1] not in self._environ:
            file = (
                "" if any(isinstance(key, int) for key in loc) else f", or use a secret file {'__'.join(map(str, loc))}"
            )
            self.faults.append(Fault(f"the environment has no variable {match[1]}; set it{file}", loc))
        else:
            return self._environ[match[1]]
        return match[0]


def _syntax(error: yaml.YAMLError, text: str) -> Fault:
    """What PyYAML cannot read, without quoting the text: it may hold a secret."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Fault("a control character, which YAML does not allow", line=line)
    mark = (error.problem_mark or error.context_mark) if isinstance(error, yaml.MarkedYAMLError) else None
    problem = (error.problem or "") if isinstance(error, yaml.MarkedYAMLError) else ""
    line = min(mark.line + 1, max(text.count("\n"), 1)) if mark else 1
    if "'\\t'" in problem:
        return Fault("a tab where YAML expects something else; indent with spaces", line=line)
    if "another document" in problem:
        return Fault("a second document begins here (---); one file is one configuration", line=line)
    if "alias" in problem or _begins_special(text, line):
        return Fault(f"not YAML; {_QUOTE_HINT}, {QUOTED}", line=line)
    if "mapping values are not allowed" in problem:
        return Fault("not YAML: wrong indentation, or a `: ` inside of text that is not in quotes", line=line)
    return Fault(f"not YAML: {problem or 'unreadable'}", line=line)


def _begins_special(text: str, line: int) -> bool:
    """Whether a value of that line begins with a character that means something to YAML."""
    lines = text.splitlines()
    return line <= len(lines) and re.search(r"(?::|-)\s+[\[{*&!%@`]", lines[line - 1]) is not None
