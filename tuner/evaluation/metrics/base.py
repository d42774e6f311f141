"""What every metric is: a name, the measures it yields, and a way to grade questions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from tuner.artifacts.contestants import CONTESTANTS, ContestantName
from tuner.catalog.metrics import Measure
from tuner.evaluation.judging.judge import Judge
from tuner.evaluation.samples import Question

if TYPE_CHECKING:
    from tuner.evaluation.encoder.files import EncoderSource

Values = dict[str, float | str | None]
"""One answer's measures by name. None is "no score could be made"; a text goes with a measure (its reasoning)."""


@dataclass(frozen=True, slots=True)
class Grades:
    """A metric's result: per model the values in the order of the questions, and what they were made with.

    `about` are facts that are the same for every shard of a run; `counts` are added up over shards; `references` are
    the references' own values, where a metric has them.
    """

    values: Mapping[ContestantName, Sequence[Values]]
    about: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    references: Sequence[Values] | None = None


@dataclass(frozen=True, slots=True)
class Equipment:
    """What metrics work with. `encoder` is BERTScore's, the packaged one when None; `language` a BCP 47 primary tag,
    or empty when unknown."""

    judge: Judge | None = None
    encoder: EncoderSource | None = None
    language: str = ""


class Metric(ABC):
    """Grades both models' answers. Subclasses live one to a file in this folder and are found there by `name`."""

    name: ClassVar[str]
    measures: ClassVar[tuple[Measure, ...]]
    needs_judge: ClassVar[bool] = False
    only_for: ClassVar[str] = ""
    """Which questions it says anything about, when that is not all."""

    @abstractmethod
    def grade(self, questions: Sequence[Question], equipment: Equipment) -> Grades:
        """Values for every question and model; None where there is no answer or no score could be made."""


class TextMetric(Metric):
    """A metric that looks at one answer and its reference at a time."""

    def grade(self, questions: Sequence[Question], equipment: Equipment) -> Grades:
        """Measures each answer by itself."""
        about = self.prepare(equipment)
        return Grades(
            {
                model: [self._values(question, question.answers[model]) for question in questions]
                for model in CONTESTANTS
            },
            about,
        )

    def prepare(self, equipment: Equipment) -> dict[str, Any]:
        """Sets up what `measure` needs, once for all answers, and returns what there is to say about it."""
        return {}

    def applies(self, question: Question) -> bool:
        """Whether the measures say anything about answers to this question; if not, they are absent."""
        return True

    @abstractmethod
    def measure(self, answer: str, question: Question) -> Values:
        """The measures of an answer that is there."""

    def _values(self, question: Question, answer: str | None) -> Values:
        if not self.applies(question):
            return {}
        if answer is None:
            return {measure.name: None for measure in self.measures}
        return self.measure(answer, question)
