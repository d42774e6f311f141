"""The base of every model that is read from outside (settings, artifacts and events), and the types of JSON.

FrozenModel              frozen; numbers are finite; `true` is not a number
├── StrictModel          what people write, and events: an unknown key is an error
└── tuner.artifacts.base what a run writes: an unknown member is ignored
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Strict, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

M = TypeVar("M", bound="StrictModel")

# JSON documents that no model describes. Unlike `dict[str, Any]`, the types let mypy check what is in them.
Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = "Mapping[str, Json]"

# The context of a validation: the values are those of an artifact, and were checked before it was written.
_WRITTEN_BEFORE = "written before"


class FrozenModel(BaseModel):
    """An immutable model with finite numbers only: JSON has no others, and no comparison with NaN is true."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_not_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Rejects `true`, which pydantic would convert to 1."""
        if not isinstance(value, bool):  # first, because this runs for every member of every record
            return value
        taken = accepted_types(cls.model_fields[str(info.field_name)].annotation)
        if bool not in taken and taken & {int, float}:
            raise PydanticKnownError("float_type" if float in taken else "int_type")
        return value


Number = Annotated[float, Strict()]
"""A number in a list or mapping of settings, where `StrictModel` does not look: neither true nor a text."""


class StrictModel(FrozenModel):
    """A model that people or other systems write: an unknown key is an error, a text is not a number, and a number is
    neither true nor false.
    """

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _text_is_not_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Rejects `"5"` for a number, and 1 or 0 for true or false. Pydantic would convert them."""
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            return value
        taken = accepted_types(cls.model_fields[str(info.field_name)].annotation)
        if not isinstance(value, str) and taken <= {bool, NoneType}:
            raise PydanticKnownError("bool_type")
        if isinstance(value, str) and taken <= {int, float, NoneType}:
            raise PydanticKnownError("float_type" if float in taken else "int_type")
        return value

    @field_validator("*")
    @classmethod
    def _entries_are_unique(cls, value: Any) -> Any:
        """Rejects duplicates: AWS does not accept a subnet, a security group or a subscription twice."""
        if isinstance(value, tuple):
            twice = [entry for at, entry in enumerate(value) if isinstance(entry, str) and entry in value[:at]]
            if twice:
                raise ValueError(f"must name each entry once; '{twice[0]}' is given twice")
        return value


def read_from_artifact(model: type[M], values: Any) -> M:
    """Validates settings that are part of an artifact, which a newer version may have written.

    At every depth, an unknown member is ignored. Names that the catalog does not list, such as a newer metric's, are
    accepted: the version that wrote the artifact knew them.
    """
    return model.model_validate(values, extra="ignore", context=_WRITTEN_BEFORE)


def is_from_artifact(info: ValidationInfo) -> bool:
    """Whether a validator sees values of an artifact, and not what a person wrote."""
    return info.context == _WRITTEN_BEFORE


def accepted_types(annotation: Any) -> set[Any]:
    """The types that an annotation accepts: `{float, NoneType}` for `float | None`."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return {kind for part in get_args(annotation) for kind in accepted_types(part)}
    return accepted_types(get_args(annotation)[0]) if origin is Annotated else {origin or annotation}
