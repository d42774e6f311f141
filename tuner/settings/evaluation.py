"""How a run's answers are compared."""

from __future__ import annotations

from pydantic import Field

from tuner.settings.loading import StrictModel

STANDARD_METRICS = ("correctness", "bertscore", "rouge", "bleu", "style", "exact_match", "token_f1")


class EvaluationSettings(StrictModel):
    """Which metrics, in which language, and the seed that makes their statistics repeatable."""

    metrics: tuple[str, ...] = Field(STANDARD_METRICS, min_length=1, description="names of metrics, see docs")
    language: str | None = Field(
        None, pattern="^[a-z]{2}(-[a-z]+)?$", description="language of the answers; recognised when absent"
    )
    seed: int = Field(0, ge=0, description="seed of the bootstrap intervals")
