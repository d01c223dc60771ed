"""What every part of the configuration is."""

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator


class Section(BaseModel):
    """Base of all parts of the configuration: frozen, and a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_in_place_of_numbers(cls, value: object, info: ValidationInfo) -> object:
        """YAML reads a bare `on` or `yes` as true, and pydantic would take true for 1."""
        if isinstance(value, bool) and cls.model_fields[info.field_name or ""].annotation is not bool:
            raise ValueError(
                "true or false (in YAML also a bare yes, no, on, off) cannot stand here; quote it for text"
            )
        return value
