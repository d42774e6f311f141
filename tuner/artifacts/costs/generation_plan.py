"""`generated/plan.json`: the most that generating data can take, and the largest dataset that it can lead to."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tuner.artifacts.base import Artifact, Part
from tuner.artifacts.generated import CostBound
from tuner.catalog.tasks import TaskName
from tuner.core.artifact_keys import Keys


class PlannedQuestions(Part):
    """The questions to a model: expected tokens, and the most tokens that they can have."""

    count: int
    question_tokens: int
    reference_tokens: int
    most_question_tokens: int
    most_reference_tokens: int


NOTHING_ASKED = PlannedQuestions(
    count=0, question_tokens=0, reference_tokens=0, most_question_tokens=0, most_reference_tokens=0
)


class GenerationPlan(Artifact):
    """`generated/plan.json`. Budget and approval are decided with it, before the first request."""

    NAME: ClassVar[str] = Keys.GENERATION_PLAN

    bound: CostBound = Field(description="the most that the requests can take")
    expected_input_tokens: int = Field(description="of the requests, if every pair of every reply can be used")
    expected_output_tokens: int
    questions: PlannedQuestions
    guard: PlannedQuestions = Field(NOTHING_ASKED, description="the guard questions")
    training_records: int
    training_tokens: int = Field(description="expected")
    most_training_tokens: int
    dataset_bytes: int = Field(description="of training and validation data, at most")
    task: TaskName = Field(description="the task whose metrics are used; for `auto` the one that costs most")
