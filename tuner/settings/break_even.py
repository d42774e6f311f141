"""What the report's break-even assumes of a month's service."""

from __future__ import annotations

from pydantic import Field

from tuner.core.strict_model import StrictModel


class BreakEvenSettings(StrictModel):
    """From how many requests a month on the tuned model costs less than its base with passages in the prompt."""

    passages_tokens: int = Field(
        1500, ge=0, description="tokens of retrieved passages before each question, for the base model"
    )
    question_tokens: float | None = Field(
        None, gt=0, description="tokens of a question with its system prompt; the mean of the run's when absent"
    )
    answer_tokens: float | None = Field(
        None, gt=0, description="tokens of an answer; the mean of the run's when absent"
    )
    hours_per_month: float = Field(730, gt=0, le=744, description="hours for which throughput without a term is paid")
    model_units: int | None = Field(None, ge=1, description="model units that bear the traffic; the run's when absent")
    retrieval_usd_per_month: float = Field(
        0,
        ge=0,
        description="what finding the passages costs a month, such as a vector index; 0 counts their tokens only",
    )
