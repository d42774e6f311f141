"""What the event of a gate's decision says: docs/gate-event.schema.json is made from these models."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Decision = Literal["accepted", "rejected", "undecided"]


class GateEvent:
    """What the event of a gate's decision is known by on the default event bus."""

    SOURCE = "bedrock-tuner"
    DETAIL_TYPE = "Gate Decision"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Numbers(_Part):
    """What a rule was decided by. Bounds have `bound` and `tuned`; comparisons all but `bound`."""

    bound: float | None = None
    tuned: float | None = Field(None, description="mean of the tuned model; null when nothing was measured")
    compared_with: str | None = Field(None, description="`base`, or the id of the dataset's best earlier run")
    other: float | None = Field(None, description="mean of the model that it was compared with")
    difference: float | None = Field(None, description="tuned minus other, over the pairs")
    interval: tuple[float, float] | None = Field(None, description="95 % interval of the mean difference")
    questions: int | None = Field(None, description="pairs that were compared")


class Rule(_Part):
    """One rule of the gate."""

    measure: str
    rule: Literal["at_least", "at_most", "better_than", "not_worse_than"]
    decision: Decision
    sentence: str
    numbers: Numbers


class Verdict(_Part):
    """The run's verdict, which the gate need not share."""

    value: Literal["better", "worse", "undecided"]
    metric: str | None = Field(None, description="the measure that decides the verdict")
    sentence: str


class GateDecision(BaseModel):
    """The event's `detail`."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Detail of the event 'Gate Decision'")

    schema_version: Literal[1]
    id: str = Field(description="the same for the same decision: tells a duplicate")
    run_id: str
    dataset: str
    base_model: str
    custom_model_arn: str | None = Field(description="null when the model has been deleted since")
    decision: Decision
    sentence: str
    rules: tuple[Rule, ...]
    verdict: Verdict
    people: bool = Field(description="whether people's scores are among those it was decided by")
    report: str = Field(description="s3:// address of the run's report")
    scores: str = Field(description="s3:// address of scores.json")
