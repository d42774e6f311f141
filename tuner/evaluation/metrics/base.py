"""The interface of a metric: it has a name and measures, and it grades items."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.evaluation.measure_scores import Number
from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.artifacts.evaluation.question_scores import AnswerScores
from tuner.artifacts.task import TaskDescription
from tuner.catalog.metrics import Measure
from tuner.evaluation.encoder.source import EncoderSource
from tuner.evaluation.grading.graded_items import GradedItem, contestants_of
from tuner.evaluation.judging.judge import Judge, Request
from tuner.evaluation.judging.scoring_function import ScoringFunction
from tuner.evaluation.tokens import tokens

Measures = dict[str, Number | None]
"""One text's measures by their names. None: no score could be made."""


@dataclass(frozen=True, slots=True)
class Grades:
    """What a metric found, for every contestant in the order of the items.

    `about` are facts about the metric itself that are the same for every shard of a run, and `counts` are numbers that
    are added up over the shards. `references` are the measures of the reference answers, where a metric has them, and
    `labels` the labels of the references. `judge_counts` are the counts of each of several judges, by model.
    """

    values: Mapping[ContestantName, Sequence[AnswerScores]]
    about: MetricFacts = field(default_factory=MetricFacts)
    counts: Mapping[str, int] = field(default_factory=dict)
    references: Sequence[Measures] | None = None
    labels: Sequence[str] | None = None
    judge_counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScoringContext:
    """What metrics need beside the items.

    `encoder` is BERTScore's; None means the packaged one. `language` is a BCP 47 primary tag, such as `en`, or empty
    when it is not known. `task` has the labels or the fields of the dataset. `scorer` is the deployer's own function,
    and `questions` has the questions with their conversations that it gets, by their ids.
    """

    judges: Sequence[Judge] = ()
    encoder: EncoderSource | None = None
    language: str = ""
    task: TaskDescription = TaskDescription()  # noqa: RUF009 - frozen
    scorer: ScoringFunction | None = None
    questions: Mapping[str, EvaluationQuestion] = field(default_factory=dict)


class Metric(ABC):
    """A metric. It has a module of its own in this folder, and is found there by its `name`."""

    name: ClassVar[str]
    measures: ClassVar[tuple[Measure, ...]]
    needs_judge: ClassVar[bool] = False
    # Which items the metric applies to, in words, when that is not all.
    only_for: ClassVar[str] = ""

    def requests(self, items: Sequence[GradedItem], judge: Judge) -> list[Request]:
        """What `grade` asks a judge; nothing for metrics without one."""
        return []

    @abstractmethod
    def grade(self, items: Sequence[GradedItem], context: ScoringContext) -> Grades:
        """Grades every answer. A measure is None where there is no answer, or where no score could be made."""


class TextMetric(Metric):
    """A metric that compares one answer at a time with its reference."""

    def grade(self, items: Sequence[GradedItem], context: ScoringContext) -> Grades:
        """Grades each answer by itself."""
        about = self.prepare(context)
        return Grades(
            {
                name: [AnswerScores(measures=self._measures(item, item.answers[name])) for item in items]
                for name in contestants_of(items)
            },
            about,
        )

    def prepare(self, context: ScoringContext) -> MetricFacts:
        """Sets up what `measure` needs, once for all answers. Returns `Grades.about`."""
        return MetricFacts()

    def applies(self, item: GradedItem) -> bool:
        """Whether the metric says anything about answers to this question. If not, its measures are absent.

        A reference without a token, such as a dash, cannot be compared with. An answer without a token can: it scores
        0, because it has nothing of the reference.
        """
        return bool(tokens(item.reference))

    @abstractmethod
    def measure(self, answer: str, item: GradedItem) -> Measures:
        """The measures of an answer."""

    def _measures(self, item: GradedItem, answer: str | None) -> Measures:
        references = (item.reference, *item.accepted)
        usable = [each for each in (replace(item, reference=text) for text in references) if self.applies(each)]
        if not usable:
            return {}
        if answer is None:
            return {measure.name: None for measure in self.measures}
        # Of several right answers, the one that scores best counts, by the metric's first measure.
        return max((self.measure(answer, each) for each in usable), key=lambda found: next(iter(found.values())) or 0)
