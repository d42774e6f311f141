"""`scores/gate.json`: whether the tuned model may be used; and the event that publishes the decision.

docs/gate.md describes both.
"""

from __future__ import annotations

import json
from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from tuner.artifacts.base import Artifact, Part
from tuner.artifacts.evaluation.verdict import VerdictValue
from tuner.core.artifact_keys import Keys
from tuner.core.text_sanitizer import storable

GateDecision = Literal["accepted", "rejected", "undecided"]
# A run whose settings have no gate is decided "none".
GateDecisionOrNone = Literal["accepted", "rejected", "undecided", "none"]
# `unknown`: a condition of a newer version.
RuleName = Literal["at_least", "at_most", "better_than", "not_worse_than", "not_worse_by", "unknown"]


class RuleNumbers(Part):
    """What a rule was decided by. Bounds have `bound` and `tuned`; comparisons all but `bound`; a margin all."""

    bound: float | None = Field(None, description="of at_least and at_most; of not_worse_by, the margin")
    tuned: float | None = Field(None, description="mean of the tuned model; null when nothing was measured")
    compared_with: str | None = Field(
        None, description="a contestant such as `base`, or the id of the dataset's best earlier run"
    )
    other: float | None = Field(None, description="mean of the model that it was compared with")
    difference: float | None = Field(None, description="tuned minus other, over the pairs")
    interval: tuple[float, float] | None = Field(None, description="95 % interval of the mean difference")
    questions: int | None = Field(None, description="pairs that were compared")


class SliceName(Part):
    """The questions with one value of a field."""

    field: str
    value: str


class RuleResult(Part):
    """One rule of the run's gate, and what it came to, on all questions or in one slice."""

    measure: str
    rule: RuleName
    decision: GateDecision
    sentence: str
    numbers: RuleNumbers
    slice: SliceName | None = Field(None, description="null for all questions")


class GateResult(Part):
    """What the rules of a gate come to together."""

    decision: GateDecisionOrNone
    sentence: str
    rules: tuple[RuleResult, ...] = ()


class GateVerdict(Part):
    """The run's verdict, which the gate need not share."""

    value: VerdictValue
    metric: str | None = Field(None, description="the measure that decides the verdict")
    sentence: str


class _RunGate(GateResult):
    """What the file and the event have in common."""

    id: str = Field(description="the same in repeated events of one decision")
    run_id: str
    dataset: str
    base_model: str
    custom_model_arn: str | None = Field(description="null when the model has been deleted since")
    verdict: GateVerdict
    people: bool = Field(description="whether people's scores corrected those of the measure that decided")
    report: str = Field(description="s3:// address of the run's report")
    scores: str = Field(description="s3:// address of scores.json")


class Gate(_RunGate, Artifact):
    """The file."""

    NAME: ClassVar[str] = Keys.GATE
    OMIT_UNSET: ClassVar[bool] = True

    # The decision is made once for the same scores, also when another run has become the best one meanwhile.
    scores_sha256: str
    announced: bool = Field(False, description="the custom model is tagged, and an event was put")
    tag: GateDecision | None = Field(
        None, description="what the custom model is tagged with; another run of the same training may have accepted it"
    )

    def event(self) -> GateEvent:
        """The event: what is decided, without `announced`, `tag` and the digest."""
        return GateEvent.model_validate(self.model_dump(exclude_unset=True) | {"schema_version": self.schema_version})


class _Versioned(Part):
    schema_version: Literal[1]


class GateEvent(_RunGate, _Versioned):
    """The event's `detail`. docs/gate-event.schema.json is made from this model."""

    model_config = ConfigDict(title="Detail of the event 'Gate Decision'")

    # How the event is known on the default event bus.
    SOURCE: ClassVar[str] = "bedrock-tuner"
    DETAIL_TYPE: ClassVar[str] = "Gate Decision"

    decision: GateDecision

    def detail(self) -> str:
        """The event's detail, as EventBridge takes it."""
        return storable(json.dumps(self.model_dump(mode="json", exclude_unset=True), ensure_ascii=False))
