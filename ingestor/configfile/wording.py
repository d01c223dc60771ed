"""What pydantic finds, in words for the person who wrote the file; pure."""

from collections.abc import Mapping
from datetime import date

from pydantic_core import ErrorDetails

from ingestor.configfile.keys import QUOTED, Fault, Loc, at, children, is_secret, suggestion, unit

_EXPECTED = {
    "int_": "must be a whole number",
    "float_": "must be a number",
    "finite_": "must be a finite number",
    "bool_": "must be true or false",
    "tuple_": "must be a list, like [a, b]",
    "timezone_aware": "must be a time with a zone, like 2026-11-24T12:00:00+08:00",
    "datetime_": "must be a time with a zone, like 2026-11-24T12:00:00+08:00",
    "date_": "must be a date, like 2000-01-31",
    "path_": "must be the path of a file or folder",
    "model_": "must be a group of keys",
    "dict_": "must be a group of keys",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}
_LIMITS = {
    "greater_than_equal": ("must be at least", "ge"),
    "less_than_equal": ("must be at most", "le"),
    "greater_than": ("must be more than", "gt"),
    "less_than": ("must be less than", "lt"),
}


def fault_of(error: ErrorDetails, *, texts: Mapping[Loc, str]) -> Fault:
    """The same fault for people.

    Args:
        error: One of `ValidationError.errors()`.
        texts: Values as they stand in the file; one is shown where that helps and it is no secret.
    """
    loc = _known(error["loc"])
    if error["type"] == "missing":
        return Fault("is missing", loc)
    shown = None if is_secret(loc) else texts.get(loc)
    return Fault(_words(error, loc, shown=shown), loc)


def _known(loc: Loc) -> Loc:
    """The place without what pydantic adds to it: marks of its own, like [key]."""
    return loc[:-1] if loc and loc[-1] == "[key]" else loc


def _words(error: ErrorDetails, loc: Loc, *, shown: str | None) -> str:
    what, context = error["type"], error.get("ctx", {})
    if what == "value_error":
        return str(context["error"])
    if what == "extra_forbidden":
        return f"unknown key; {suggestion(str(loc[-1]), children(at(loc[:-1])))}"
    if what == "string_type":
        return _no_text(error["input"], loc, shown=shown)
    if what in {"literal_error", "enum"}:
        one_of = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return f"must be one of {one_of}" + (f", not {shown}" if shown else "")
    if what in _LIMITS:
        words, key = _LIMITS[what]
        return f"{words} {context[key]:.15g}{unit(loc)}"
    return _expected(error)


def _expected(error: ErrorDetails) -> str:
    """What should have been there instead; pydantic's own words for what the table does not know."""
    own = error["msg"][:1].lower() + error["msg"][1:]
    words = next((words for prefix, words in _EXPECTED.items() if error["type"].startswith(prefix)), own)
    return f"has nothing in it; remove the line for the default, or: {words}" if error["input"] is None else words


def _no_text(value: object, loc: Loc, *, shown: str | None) -> str:
    """Text was expected, and YAML made something else of what stands there."""
    this = shown or "this"
    if value is None and loc[-1] == "topic":
        return "is empty: # begins a comment, quote the topic"
    if value is None:
        return "has no value; remove the line for the default, or give a text"
    if isinstance(value, bool):
        return f'must be text, but YAML reads {this} as {str(value).lower()}; put it in quotes: "{shown or "..."}"'
    if isinstance(value, (int, float)):
        return f'must be text, but YAML reads {this} as a number; put it in quotes: "{shown or "..."}"'
    if isinstance(value, date):
        return f'must be text, but YAML reads {this} as a date; put it in quotes: "{shown or "..."}"'
    example = f", {QUOTED}" if loc[-1] == "topic" else ""
    return f"must be text; where it begins with {{ or [ put it in quotes{example}"
