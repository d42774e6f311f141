"""How a run's answers are compared, and what the tuned model must reach."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from tuner.core.strict_model import StrictModel
from tuner.settings.loading import matching

STANDARD_METRICS = (
    "correctness", "preference", "bertscore", "rouge", "bleu", "style", "exact_match", "token_f1"
)  # fmt: skip


class EvaluationSettings(StrictModel):
    """Which metrics, in which language, and the seed that makes their statistics repeatable."""

    metrics: tuple[str, ...] = Field(STANDARD_METRICS, min_length=1, description="names of metrics, see evaluation.md")
    language: Annotated[str, matching("[a-z]{2}(-[a-z]+)?", "a language's code, such as en or zh")] | None = Field(
        None, description="language of the answers; recognised when absent"
    )
    seed: int = Field(0, ge=0, description="seed of the bootstrap intervals")
    leakage: Literal["refuse", "warn"] = Field(
        "refuse", description="what happens when an evaluation question stands in the training or validation data"
    )

    @field_validator("metrics")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        from tuner.evaluation.metrics import all_metrics

        _check(names, all_metrics(), "metric")
        return names


class GateRule(StrictModel):
    """What the tuned model must reach in one measure."""

    at_least: float | None = Field(None, description="smallest mean")
    at_most: float | None = Field(None, description="largest mean")
    better_than: Literal["base", "best"] | None = Field(
        None, description="must be shown to be better, beyond chance: than the base model, or the best earlier run"
    )
    not_worse_than: Literal["base", "best"] | None = Field(None, description="must not be shown to be worse")

    @model_validator(mode="after")
    def _asks_something(self) -> GateRule:
        if not self.model_fields_set:
            raise ValueError("asks nothing; give at_least, at_most, better_than or not_worse_than")
        return self


def check_gate(gate: Mapping[str, GateRule], metrics: Iterable[str]) -> None:
    """Raises ValueError, naming the nearest, when a rule is for something that none of `metrics` measures.

    A preference is between base and tuned model: no other pair was ever shown to the judge.
    """
    from tuner.evaluation.metrics import chosen

    _check(gate, [measure.name for metric in chosen(metrics) for measure in metric.measures], "measure")
    preferred = gate.get("preference")
    if preferred and "best" in (preferred.better_than, preferred.not_worse_than):
        raise ValueError("preference compares with base only; name another measure for 'best'")


def _check(names: Iterable[str], known: Collection[str], kind: str) -> None:
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean '{close[0]}'" if close else f"there are: {', '.join(known)}"
            raise ValueError(f"there is no {kind} '{name}'; {hint}")
