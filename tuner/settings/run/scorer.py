"""Settings of a Lambda function that scores the answers: `scorer`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tuner.catalog.metrics import OWN_MEASURES
from tuner.core.strict_model import Number, StrictModel


class ScorerExample(StrictModel):
    """A question and its reference, which the scorer is tried with before a run spends anything."""

    question: str | None = Field(None, min_length=1, description="a question; by default one is made up")
    reference: str | None = Field(
        None,
        min_length=1,
        description="its reference, in the form that the function expects; by default one is made up for the task",
    )


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] >= bounds[1]:
        raise ValueError("must begin with the lower number")
    return bounds


Bounds = Annotated[tuple[Number, Number], AfterValidator(_ascending)]


class ScorerMeasure(StrictModel):
    """What is known of a measure that the scorer returns in metrics_list, so that models can be compared by it."""

    better: Literal["higher", "lower"] = Field(description="which values are better")
    range: Bounds = Field(
        description="lowest and highest value; others are not used, and a failed answer gets the worst"
    )


class ScorerSettings(StrictModel):
    """A Lambda function that scores the answers, in the form of AWS's reward functions."""

    name: str | None = Field(None, min_length=1, description="one of the deployment's `scorers`; by default none")
    range: Bounds = Field(
        (0.0, 1.0),
        description="lowest and highest score; others are not used, and a failed answer gets the lowest",
    )
    measures: dict[str, ScorerMeasure] = Field(
        default_factory=dict,
        max_length=50,
        description="of the function's own measures, by name: which values are better, and their range; the gate can "
        "compare models by these",
    )
    batch: int = Field(10, ge=1, le=100, description="answers in one call of the function")
    seconds: float = Field(60, ge=1, le=180, description="longest wait for one call")
    example: ScorerExample = ScorerExample()

    def bounds(self, measure: str) -> tuple[float, float] | None:
        """Lowest and highest value of the score or of one of the function's own measures. None when not known."""
        if measure == "scorer":
            return self.range
        known = self.measures.get(measure.removeprefix(OWN_MEASURES["scorer"]))
        return known.range if known else None

    def compares_by(self, measure: str) -> bool:
        """Whether it is known which values of a measure are better. Always true for the measures of other metrics."""
        prefix = OWN_MEASURES["scorer"]
        return not measure.startswith(prefix) or measure.removeprefix(prefix) in self.measures
