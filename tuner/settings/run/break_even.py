"""Settings of the report's break-even (`break_even` in run.yaml)."""

from __future__ import annotations

from pydantic import Field

from tuner.core.strict_model import StrictModel


class BreakEvenSettings(StrictModel):
    """Assumptions about a month of service, to compare the tuned model with its base model and retrieved passages."""

    passages_tokens: int = Field(
        1500, ge=0, description="tokens of retrieved passages in each prompt of the base model"
    )
    question_tokens: float | None = Field(
        None, gt=0, description="tokens of a question with its system prompt; by default the mean of the run"
    )
    answer_tokens: float | None = Field(None, gt=0, description="tokens of an answer; by default the mean of the run")
    hours_per_month: float = Field(
        730, gt=0, le=744, description="hours for which throughput without commitment is paid"
    )
    model_units: int | None = Field(
        None, ge=1, description="model units that serve the requests; by default those of the run"
    )
    retrieval_usd_per_month: float = Field(
        0,
        ge=0,
        description="cost of retrieving the passages, such as a vector index; 0 counts the passages' tokens only",
    )
