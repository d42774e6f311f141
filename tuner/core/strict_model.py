"""The base of every model that is read from outside: settings, artifacts and events."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError


class StrictModel(BaseModel):
    """Settings: frozen, numbers are finite, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Pydantic would take `true` for 1."""
        taken = kinds(cls.model_fields[str(info.field_name)].annotation)
        if isinstance(value, bool) and taken & {int, float}:
            raise PydanticKnownError("float_type" if float in taken else "int_type")
        return value

    @field_validator("*")
    @classmethod
    def _nothing_twice(cls, value: Any) -> Any:
        """AWS refuses a subnet, a security group or a subscription that is named twice, each in its own way."""
        if isinstance(value, tuple):
            twice = [entry for at, entry in enumerate(value) if isinstance(entry, str) and entry in value[:at]]
            if twice:
                raise ValueError(f"must name each entry once; '{twice[0]}' stands there twice")
        return value


def kinds(annotation: Any) -> set[Any]:
    """The kinds of value: `float | None` is both."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return {kind for part in get_args(annotation) for kind in kinds(part)}
    return kinds(get_args(annotation)[0]) if origin is Annotated else {origin or annotation}
