"""The contestants of an evaluation: the models, and the ways of asking them, that answer the same questions.

A run's contestants are in its manifest (`run.json`). `BASE` and `TUNED` are in every run: their comparison is the main
one, which the verdict is about. Every other contestant is compared with the tuned model too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from tuner.artifacts.base import Part
from tuner.core.artifact_keys import contestant_name

BASE = "base"
TUNED = "tuned"
FEW_SHOT = "few_shot"
RETRIEVAL = "retrieval"
RETRIEVAL_TUNED = "retrieval_tuned"
BEST = "best"
MAIN: tuple[str, ...] = (BASE, TUNED)
"""The two contestants of the main comparison."""

Kind = Literal["base", "tuned", "few_shot", "retrieval", "retrieval_tuned", "best", "model", "other"]
_MEMBER = "by_contestant"
_OTHERS = "others"


class _Definition(NamedTuple):
    """What sentences call a kind of contestant, which model answers for it, and what its prompts have beside questions.

    `stored` answers are copied from an earlier run. A model of its `own` is in `Contestant.model`.
    """

    title: str
    answers: Literal["base", "tuned", "stored", "own"]
    context: Literal["examples", "passages"] | None = None


_KINDS = {
    BASE: _Definition("the base model", "base"),
    TUNED: _Definition("the tuned model", "tuned"),
    FEW_SHOT: _Definition("the base model with examples", "base", "examples"),
    RETRIEVAL: _Definition("the base model with passages", "base", "passages"),
    RETRIEVAL_TUNED: _Definition("the tuned model with passages", "tuned", "passages"),
    BEST: _Definition("the tuned model of the best earlier run", "stored"),
}


# A plain string for Python. Pydantic models refuse a name that cannot be a part of a key.
ContestantName = Annotated[str, AfterValidator(contestant_name)]


def title_of(name: ContestantName) -> str:
    """What sentences call a contestant."""
    return _KINDS[name].title if name in _KINDS else f"'{name}'"


class Contestant(Part):
    """One contestant of a run: which model answers, and what the prompt has beside the question."""

    name: ContestantName
    kind: Kind = "other"
    model: str | None = Field(None, description="model id or inference profile; null: the run's base or tuned model")
    model_name: str | None = Field(None, description="name of `model` by Bedrock; null where Bedrock does not say")

    @property
    def asks_base(self) -> bool:
        """Whether the run's base model answers."""
        return self._definition.answers == "base"

    @property
    def asks_tuned(self) -> bool:
        """Whether the tuned model answers, so that its endpoint must exist."""
        return self._definition.answers == "tuned"

    @property
    def asks_on_demand(self) -> bool:
        """Whether a model of Bedrock's own answers, which is paid for by the token."""
        return self._definition.answers in ("base", "own")

    @property
    def context(self) -> Literal["examples", "passages"] | None:
        """What the prompts have beside the question: `dataset/contexts/` has it."""
        return self._definition.context

    @property
    def title(self) -> str:
        """What sentences call the contestant."""
        return title_of(self.name)

    @property
    def _definition(self) -> _Definition:
        return _KINDS.get(self.kind, _Definition(title_of(self.name), "own"))


MAIN_CONTESTANTS: tuple[Contestant, ...] = (Contestant(name=BASE, kind="base"), Contestant(name=TUNED, kind="tuned"))


class PerContestant(Part):
    """A part that has one member per contestant: `{"base": ..., "tuned": ..., "others": {"few_shot": ...}}`.

    Contestants beside base and tuned model are in `others`, which is absent where there are none: their names are the
    run's, and must not be taken for other members. Python code sees all members as one dictionary. A subclass declares
    it: `by_contestant: dict[ContestantName, ...]`.
    """

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or _MEMBER in data:
            return data
        # Reports of release 0.1.0 write null for a contestant that gave nothing.
        found = {name: data[name] for name in MAIN if data.get(name) is not None}
        found |= data.get(_OTHERS) or {}
        return {**{name: value for name, value in data.items() if name not in (*MAIN, _OTHERS)}, _MEMBER: found}

    @model_serializer(mode="wrap")
    def _spread(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for member, value in handler(self).items():
            if member != _MEMBER:
                written[member] = value
                continue
            written |= {name: value[name] for name in MAIN if name in value}
            if others := {name: each for name, each in value.items() if name not in MAIN}:
                written[_OTHERS] = others
        return written

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describes the file: the contestants are members of it, the dictionary is not."""
        described = handler.resolve_ref_schema(handler(schema))
        each = described["properties"].pop(_MEMBER)["additionalProperties"]
        described["properties"] |= dict.fromkeys(MAIN, each)
        described["properties"][_OTHERS] = {"type": "object", "additionalProperties": each}
        return described
