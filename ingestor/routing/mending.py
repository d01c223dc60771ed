"""What happens to a reading that is not valid as a whole: what is wrong is named, and the rest kept where allowed."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from ingestor.ports import Flaw, Reason
from ingestor.routing.models import Model
from ingestor.routing.wire import MAX_TEXT, TAG_RULE, Values, Wire, loosen
from ingestor.routing.words import explain, shorten, show, whole
from sensors import Kind

_TYPE_ERRORS: Final = ("_type", "_parsing", "finite_number")


class Mended(NamedTuple):
    """What could be kept of a reading, and what was wrong with it: with `values` None, all of it."""

    values: Values | None
    flaws: list[Flaw]


class Mender:
    """The slow road of a route, taken only by readings that the fast one refused.

    Args:
        model: What a reading has to look like.
        filled: The tags and fields that the topic fills.
        also: A key of the payload to hand on as it is.
        keep_rest: Whether the rest of a reading is kept when an optional field of it is wrong.
        loose: The fields whose range is not checked here.
        store_unknown: Whether a reading may be worth keeping that has no field of the model.
    """

    __slots__ = ("_also", "_fields", "_keep_rest", "_name", "_required", "_store_unknown", "_tags")

    def __init__(
        self,
        model: Model,
        *,
        filled: AbstractSet[str],
        also: str | None,
        keep_rest: bool,
        loose: AbstractSet[str] = frozenset(),
        store_unknown: bool = False,
    ) -> None:
        self._name = model.name
        fields = loosen(model.shape.fields, loose)
        self._fields = {field.name: field for field in fields if field.name not in filled}
        self._tags = {tag.name for tag in model.shape.tags if tag.name not in filled}
        self._required = [part.name for part in model.shape.parts if part.required and part.name not in filled]
        self._also = also
        self._keep_rest = keep_rest
        self._store_unknown = store_unknown

    def mend(self, wire: Wire, raw: Mapping[str, object]) -> Mended:
        """Keep what is right of the values of a payload.

        Raises:
            Exception: Whatever code of the model's author raises.
        """
        known = (*self._fields, *self._tags, *((self._also,) if self._also else ()))
        values: Values = {name: raw[name] for name in known if raw.get(name) is not None}
        values.update((name, str(number)) for name in self._tags if _is_whole(number := values.get(name)))
        if not self._worth(values):
            return Mended(None, [self.empty()])
        if missing := [name for name in self._required if name not in values]:
            return Mended(None, [Flaw(-1, Reason.MISSING, shorten(f"{', '.join(missing)} is required and missing"))])
        flaws: list[Flaw] = []
        while True:
            try:
                valid = wire.read(values)
                break
            except ValidationError as refused:
                wrong = _by_name(refused, values)
            flaws += [self._flaw(name, values.pop(name, None), error) for name, error in wrong.items()]
            if not self._may_go_on(wrong.keys(), values):
                return Mended(None, [whole(flaws)])
        return Mended(valid, flaws) if self._worth(valid) else Mended(None, [self.empty()])

    def empty(self) -> Flaw:
        """What is wrong with a reading without any field of the model."""
        of_model = f" of {self._name} in it ({', '.join(self._fields)})" if self._fields else " in it"
        return Flaw(-1, Reason.EMPTY, shorten(f"no field{of_model}"))

    def _may_go_on(self, wrong: AbstractSet[str], left: Values) -> bool:
        """Whether a reading without the wrong fields is still worth keeping."""
        optional = wrong <= self._fields.keys() - set(self._required)
        return self._keep_rest and optional and self._worth(left)

    def _worth(self, values: Values) -> bool:
        """Whether there is something to store."""
        return self._store_unknown or bool(self._fields.keys() & values.keys())

    def _flaw(self, name: str, value: object, error: Mapping[str, Any]) -> Flaw:
        if name in self._fields:
            found = explain(self._fields[name], value)
            if found is None and self._fields[name].kind is Kind.TEXT and len(str(value)) > MAX_TEXT:
                found = Reason.RANGE, f"{name} is longer than {MAX_TEXT:,} characters"
            reason, detail = found or _in_pydantics_words(name, error)
            return Flaw(0, reason, shorten(detail), name)
        if name in self._tags:
            return Flaw(0, Reason.TAG, shorten(f"tag {name} is {show(value)}: {TAG_RULE}"), name)
        return Flaw(0, Reason.MODEL, shorten(f"{self._name}: {_message(error)}"))


def _is_whole(value: object) -> bool:
    """Whether it is a number that is a name: devices write their ids so; in 64 bits, as others are not written out."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**64


def _by_name(refused: ValidationError, values: Values) -> dict[str, Mapping[str, Any]]:
    """The first error of each value that is wrong; under an empty name what is wrong with the whole."""
    found: dict[str, Mapping[str, Any]] = {}
    for error in refused.errors(include_url=False, include_input=False):
        name = error["loc"][0] if error["loc"] else ""
        found.setdefault(name if isinstance(name, str) and name in values else "", error)
    return found


def _in_pydantics_words(name: str, error: Mapping[str, Any]) -> tuple[Reason, str]:
    reason = Reason.TYPE if str(error["type"]).endswith(_TYPE_ERRORS) else Reason.RANGE
    return reason, f"{name}: {_message(error)}"


def _message(error: Mapping[str, Any]) -> str:
    return str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
