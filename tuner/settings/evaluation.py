"""Settings of the evaluation (`evaluation` in run.yaml) and of the gate (`gate`)."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from tuner.catalog.metrics import METRICS
from tuner.core.strict_model import StrictModel, is_from_artifact
from tuner.settings.loading import matching


class EvaluationSettings(StrictModel):
    """Which metrics are computed, in which language, and the seed that makes their statistics repeatable."""

    metrics: tuple[str, ...] = Field(
        tuple(METRICS), min_length=1, description="names of metrics, see [evaluation.md](evaluation.md)"
    )
    language: Annotated[str, matching("[a-z]{2}(-[a-z]+)?", "a language's code, such as en or zh")] | None = Field(
        None, description="language of the answers; detected by default"
    )
    seed: int = Field(0, ge=0, description="seed of the bootstrap intervals")
    leakage: Literal["refuse", "warn"] = Field(
        "refuse", description="what happens when an evaluation question is also in the training or validation data"
    )

    @field_validator("metrics")
    @classmethod
    def _metrics_exist(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not is_from_artifact(info):
            _check(names, sorted(METRICS), "metric")
        return names


class GateRule(StrictModel):
    """What the tuned model must reach in one measure."""

    at_least: float | None = Field(None, description="lowest accepted mean")
    at_most: float | None = Field(None, description="highest accepted mean")
    better_than: Literal["base", "best"] | None = Field(
        None,
        description="the tuned model must be significantly better than the base model (base) or than the best earlier "
        "run (best)",
    )
    not_worse_than: Literal["base", "best"] | None = Field(
        None, description="the tuned model must not be significantly worse"
    )

    @model_validator(mode="after")
    def _has_a_condition(self, info: ValidationInfo) -> GateRule:
        if not self.model_fields_set and not is_from_artifact(info):
            raise ValueError("has no condition; give at_least, at_most, better_than or not_worse_than")
        return self


def check_gate(gate: Mapping[str, GateRule], metrics: Iterable[str]) -> None:
    """Checks that each rule's measure belongs to one of `metrics`. Raises ValueError that names the nearest measure."""
    _check(gate, [measure.name for name in metrics for measure in METRICS[name]], "measure")
    preferred = gate.get("preference")
    # The judge compares the answers of the base and the tuned model only, so there is no preference over other runs.
    if preferred and "best" in (preferred.better_than, preferred.not_worse_than):
        raise ValueError("preference compares with base only; name another measure for 'best'")


def _check(names: Iterable[str], known: Collection[str], kind: str) -> None:
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean '{close[0]}'" if close else f"there are: {', '.join(known)}"
            raise ValueError(f"there is no {kind} '{name}'; {hint}")
