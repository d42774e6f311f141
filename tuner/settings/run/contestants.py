"""Settings of the contestants (`compare_with`, `few_shot` and `retrieval` in run.yaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, get_args

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from tuner.core.artifact_keys import contestant_name
from tuner.core.strict_model import StrictModel
from tuner.core.wording import unknown_name
from tuner.settings.run.evaluation import EvaluationSettings

Method = Literal["base", "few_shot", "retrieval", "retrieval_tuned", "best"]
METHODS: tuple[str, ...] = get_args(Method)
# Names that mean something else.
_TAKEN = frozenset({*METHODS, "tuned"})
_GEOGRAPHY_AND_VENDOR = re.compile(r"^((us|us-gov|eu|apac|jp|au|ca|global)\.)?[a-z0-9]+\.")
_VERSION = re.compile(r"-v\d+(:\w+)*$")


class ComparedWith(StrictModel):
    """An entry of `compare_with`: the name of a method, or another model. In files, a method is its name alone."""

    IN_WORDS: ClassVar[str] = "names or objects"

    name: str
    model: str | None = Field(None, min_length=1, description="model id, inference profile, or the ARN of one")

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, value: Any) -> Any:
        if isinstance(value, str):
            if value in METHODS:
                return {"name": value}
            if "." not in value and not value.startswith("arn:"):
                raise ValueError(
                    unknown_name("contestant", value, METHODS, "or the id of a model, such as amazon.nova-pro-v1:0")
                )
            return {"name": _short_name(value), "model": value}
        if isinstance(value, Mapping) and isinstance(value.get("model"), str) and "name" not in value:
            return {**value, "name": _short_name(value["model"])}
        return value

    @model_serializer(mode="wrap")
    def _method_alone(self, handler: SerializerFunctionWrapHandler) -> Any:
        return handler(self) if self.model else self.name

    @model_validator(mode="after")
    def _has_a_usable_name(self) -> ComparedWith:
        if self.model:
            contestant_name(self.name)
            if self.name in _TAKEN:
                raise ValueError(f"'{self.name}' cannot be the name of a model: it means something else; use another")
        elif self.name not in METHODS:
            raise ValueError(unknown_name("contestant", self.name, METHODS, "or give the model of this contestant"))
        return self


MOST_COMPARED = 12
"""The most entries of `compare_with`."""

# Without `compare_with`. With documents, `retrieval` is compared too.
DEFAULT_COMPARED = (ComparedWith(name="base"), ComparedWith(name="few_shot"))


def _short_name(model: str) -> str:
    """The name of a model that has no other: `nova-lite` for `us.amazon.nova-lite-v1:0`."""
    own = _VERSION.sub("", _GEOGRAPHY_AND_VENDOR.sub("", model.rpartition("/")[2]))
    name = re.sub(r"[^a-z0-9_]+", "-", own.lower()).strip("-_")
    return (name if name[:1].isalpha() else f"model-{name}")[:32]


def check_compared(compared: Sequence[ComparedWith] | None, evaluation: EvaluationSettings) -> None:
    """Checks that the entries of `compare_with` can be told apart, and that all can be asked. Raises ValueError."""
    names = [each.name for each in compared or ()]
    if len(names) > MOST_COMPARED:
        raise ValueError(f"must have {MOST_COMPARED} entries or fewer; found {len(names):,}")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"'{name}' is there twice; remove one, or give models different names: {{model:, name:}}")
    if "retrieval_tuned" in names and evaluation.stop_early:
        raise ValueError("retrieval_tuned needs all questions; remove it, or evaluation.stop_early")


class FewShotSettings(StrictModel):
    """Examples from the training data that are shown before a question (`few_shot` in `compare_with`)."""

    examples: int = Field(4, ge=1, le=20, description="training records that are nearest to the question")


class RetrievalSettings(StrictModel):
    """Passages that are shown with a question (`retrieval` in `compare_with`)."""

    passages: int = Field(4, ge=1, le=20, description="passages that are nearest to the question, by BM25")
