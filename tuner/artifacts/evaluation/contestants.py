"""The contestants of an evaluation: the models that answer the same questions and are compared.

There are two today. Code that works for any number of contestants iterates over `CONTESTANTS`; only code that compares
two of them names `BASE` and `TUNED`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from tuner.artifacts.base import Part

BASE = "base"
TUNED = "tuned"
CONTESTANTS: tuple[str, ...] = (BASE, TUNED)
_MEMBER = "by_contestant"


def known_contestant(name: str) -> str:
    """Returns `name`. Raises ValueError when it is none of `CONTESTANTS`."""
    if name not in CONTESTANTS:
        raise ValueError(f"there is no contestant '{name}'; there are: {', '.join(CONTESTANTS)}")
    return name


# A plain string for Python. Pydantic models refuse a name that is not in CONTESTANTS.
ContestantName = Annotated[str, AfterValidator(known_contestant)]


class PerContestant(Part):
    """A part that has one member per contestant in the file: `{"base": ..., "tuned": ...}`.

    Python code sees the members as one dictionary. A subclass declares it: `by_contestant: dict[ContestantName, ...]`.
    """

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or _MEMBER in data:
            return data
        # Reports of release 0.1.0 write null for a contestant that gave nothing.
        found = {name: data[name] for name in CONTESTANTS if data.get(name) is not None}
        return {**{name: value for name, value in data.items() if name not in CONTESTANTS}, _MEMBER: found}

    @model_serializer(mode="wrap")
    def _spread(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for name, value in handler(self).items():
            written |= value if name == _MEMBER else {name: value}
        return written

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describes the file: the contestants are members of it, the dictionary is not."""
        described = handler.resolve_ref_schema(handler(schema))
        each = described["properties"].pop(_MEMBER)["additionalProperties"]
        described["properties"] |= dict.fromkeys(CONTESTANTS, each)
        return described
