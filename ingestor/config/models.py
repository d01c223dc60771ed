"""`models`: kinds of readings, declared without Python."""

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from ingestor.config.section import Section
from ingestor.config.values import Number
from ingestor.ports import FieldType

_NUMBERS = {FieldType.FLOAT, FieldType.INT}


class FieldSpec(Section):
    """One field of a model. `from_unit` is the unit that devices send, where it is not the one that is stored."""

    type: FieldType = FieldType.FLOAT
    unit: str | None = None
    from_unit: str | None = Field(None, min_length=1)
    min: Number | None = None
    max: Number | None = None
    choices: tuple[int | str, ...] = ()
    required: bool = False

    @field_validator("from_unit")
    @classmethod
    def _converted(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("type", FieldType.FLOAT) is not FieldType.FLOAT:
            raise ValueError("only fields of type float are converted")
        if value is not None and info.data.get("unit", "") is None:
            raise ValueError("needs unit: the unit to store")
        return value

    @field_validator("min", "max")
    @classmethod
    def _range(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and info.data.get("type") in {FieldType.TEXT, FieldType.BOOL}:
            raise ValueError("min and max are for numbers")
        low = info.data.get("min") if info.field_name == "max" else None
        if value is not None and low is not None and value < low:
            raise ValueError("max is less than min")
        return value

    @field_validator("choices")
    @classmethod
    def _one_of(cls, value: tuple[int | str, ...], info: ValidationInfo) -> tuple[int | str, ...]:
        kinds: dict[Any, type] = {FieldType.INT: int, FieldType.TEXT: str}
        kind = info.data.get("type")
        if value and kind is not None and kind not in kinds:
            raise ValueError("choices are for text and whole numbers (type: text, or type: int)")
        if kind is not None and any(type(one) is not kinds[kind] for one in value):
            advice = (
                ": put what YAML takes for something else, like on or 12, in quotes" if kind == FieldType.TEXT else ""
            )
            raise ValueError(f"not all of them are of type {kind}{advice}")
        return value


class ModelSpec(Section):
    """One entry of `models`. What it says replaces what the model that it extends says of the same tag or field."""

    extends: str | None = Field(None, min_length=1)
    tags: tuple[str, ...] = ()
    tag_defaults: dict[str, str] = Field({})
    fields: dict[str, FieldSpec] = Field({}, validate_default=True)

    @field_validator("tag_defaults")
    @classmethod
    def _of_tags(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if info.data.get("extends", "") is None and (strange := sorted(set(value) - set(info.data.get("tags", value)))):
            raise ValueError(f"{', '.join(strange)}: no such tag in tags")
        if empty := sorted(name for name, default in value.items() if not default or "\n" in default):
            raise ValueError(f"{', '.join(empty)}: a tag is text in one line")
        return value

    @field_validator("fields")
    @classmethod
    def _apart(cls, value: dict[str, FieldSpec], info: ValidationInfo) -> dict[str, FieldSpec]:
        if not value and info.data.get("extends", "") is None:
            raise ValueError("a model has at least 1 field, or extends another model")
        if both := set(info.data.get("tags", ())) & set(value):
            raise ValueError(f"{', '.join(sorted(both))}: a tag and a field cannot share a name")
        return value
