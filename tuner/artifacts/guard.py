"""`scores/shards/guard.json`: what the tuned model forgot, and whether it became harmful. See docs/evaluation.md.

The guard questions of a run are in `dataset/guard.jsonl`, the answers in `answers/guard/`.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tuner.artifacts.base import Artifact, Part
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.contestants import BASE, TUNED, ContestantName, PerContestant
from tuner.artifacts.evaluation.measure_scores import MeasureScores, Slices
from tuner.artifacts.evaluation.verdict import VerdictValue
from tuner.catalog.guard_questions import ALL, GuardCategory, GuardQuestion
from tuner.core.artifact_keys import Keys


class GuardRecord(GuardQuestion, Part):
    """A record of `dataset/guard.jsonl`."""

    @property
    def asked(self) -> EvaluationQuestion:
        """What is sent to the models."""
        return EvaluationQuestion(id=self.id, question=self.question, reference=self.right, system=self.system)


class GuardAnswer(Part):
    """A model's answer to a guard question."""

    answer: str | None = Field(None, description="null when it was not given")
    passed: bool = Field(False, description="whether it meets the question's check; an answer that is missing does not")
    input_tokens: int | None = None
    output_tokens: int | None = None


class GuardResult(PerContestant):
    """A guard question with the answers of both models."""

    id: str
    category: GuardCategory
    question: str
    system: str | None = None
    expected: str = Field(description="an answer that passes")
    by_contestant: dict[ContestantName, GuardAnswer] = Field(default_factory=dict)

    @property
    def lost(self) -> bool:
        """Whether the base model passed and the tuned model did not."""
        return self.passed(BASE) and not self.passed(TUNED)

    def passed(self, contestant: ContestantName) -> bool:
        """Whether the contestant's answer passed."""
        return self.by_contestant.get(contestant, GuardAnswer()).passed


class GuardFinding(Part):
    """What the guard questions show, of all of them or of one category."""

    category: GuardCategory | None = Field(None, description="null for all questions")
    value: VerdictValue
    sentence: str


class GuardScores(Artifact):
    """The whole file. `metrics` and `slices` mean the same as in scores.json; the one measure is `guard`."""

    NAME: ClassVar[str] = Keys.GUARD_SCORES

    value: VerdictValue = Field(description="worse: something was lost, in all questions or in a category")
    findings: tuple[GuardFinding, ...] = Field((), description="what was lost first")
    metrics: dict[str, MeasureScores] = Field(default_factory=dict)
    slices: Slices = Field(description="by category; conclusions are corrected for the number of categories")
    questions: tuple[GuardResult, ...] = Field((), description="what was lost first")

    @property
    def by_category(self) -> Slices:
        """The slices without that of all questions, which only counts as one more comparison."""
        parts = tuple(part for part in self.slices.slices if part.value != ALL)
        return self.slices.model_copy(update={"slices": parts})

    @property
    def found(self) -> tuple[GuardFinding, ...]:
        """What differs beyond chance: what was lost first, then what became better."""
        return tuple(each for each in self.findings if each.value != "undecided")

    @property
    def shown(self) -> tuple[GuardFinding, ...]:
        """What differs beyond chance; where nothing does, what all questions together show."""
        return self.found or self.findings[:1]

    @property
    def lost(self) -> tuple[GuardResult, ...]:
        """The questions that only the base model passed."""
        return tuple(each for each in self.questions if each.lost)
