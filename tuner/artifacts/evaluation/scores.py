"""`scores/scores.json`: how the contestants' answers scored, and what the differences show. See docs/evaluation.md.

    Scores                          the whole file
    ├── verdict: Verdict            better, worse or undecided, by the measure that decides
    ├── metrics: {measure: MeasureScores}
    │   ├── base, tuned: Aggregate  mean, standard error, and how many answers are in it
    │   ├── comparison: Comparison  tuned minus base, paired by question
    │   └── conclusion: Conclusion  what this measure says by itself
    ├── questions: QuestionScores   one per question
    │   └── base, tuned: AnswerScores
    ├── earlier: PreviousBest       the same comparison with the dataset's best earlier run
    └── people: HumanScores         how many scores people gave

A *metric* is a plug-in that scores answers; a *measure* is one of the numbers that it yields. The members `metrics` and
`verdict.metric` hold measures: they are named as in release 0.1.0, because programs read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, ClassVar, Literal

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from tuner.artifacts.base import Artifact, Part
from tuner.artifacts.evaluation.contestants import BASE, TUNED, ContestantName, PerContestant
from tuner.artifacts.evaluation.gate import GateResult
from tuner.artifacts.evaluation.tasks import ClassificationDetails, ExtractionDetails, ScorerDetails
from tuner.artifacts.evaluation.verdict import Verdict, VerdictValue
from tuner.artifacts.task import TaskDescription
from tuner.catalog.metrics import worst_value
from tuner.core.artifact_keys import Keys

Outcome = Literal["win", "tie", "loss"]
# An integer stays an integer in the file: a judge's grade is 7, not 7.0.
Number = int | float


class Aggregate(Part):
    """One contestant's answers by one measure."""

    mean: float | None = None
    standard_error: float | None = None
    n: int | None = Field(None, description="answers that count towards the mean")
    missing: int = Field(0, description="answers without a score of their own")
    failed: int = Field(0, description="answers that were not given; they count as the worst score")


class Comparison(Part):
    """Tuned minus base, paired by question. Members are null where `n` is too small for them."""

    n: int = Field(0, description="questions that both models have a score for")
    standard_error: float | None = None
    interval: tuple[float, float] | None = Field(None, description="95 % interval of the mean difference")
    p: float | None = Field(None, description="p-value of the interval: below 0.05 where it excludes zero")
    sign_test_p: float | None = Field(None, description="of wins and losses only, however large they are")
    wins: int = 0
    ties: int = 0
    losses: int = 0
    smallest_detectable: float | None = Field(None, description="what this many questions could show")


class Conclusion(Part):
    """What one measure says by itself."""

    value: VerdictValue
    sentence: str
    more_questions: int | None = Field(None, description="how many more would decide; null when no number is known")


class MeasureScores(PerContestant):
    """The contestants by one measure."""

    label: str | None = None
    range: tuple[Number, Number] | None = Field(None, description="lowest and highest possible value")
    better: Literal["higher", "lower"] | None = Field("higher", description="null for one that only describes")
    by_contestant: dict[ContestantName, Aggregate] = Field(default_factory=dict)
    difference: float | None = Field(None, description="tuned minus base")
    comparison: Comparison = Comparison()
    references: Aggregate | None = Field(None, description="the same, measured on the reference answers")
    conclusion: Conclusion | None = Field(None, description="null for a measure that only describes")

    @property
    def base(self) -> Aggregate:
        """The base model; empty where it was not measured."""
        return self.by_contestant.get(BASE, Aggregate())

    @property
    def tuned(self) -> Aggregate:
        """The tuned model; empty where it was not measured."""
        return self.by_contestant.get(TUNED, Aggregate())

    @property
    def worst(self) -> Number | None:
        """The worst possible value; None for a measure that only describes."""
        return worst_value(self.range, self.better)

    @property
    def conclusion_value(self) -> VerdictValue:
        """What the measure shows; undecided for one that only describes."""
        return self.conclusion.value if self.conclusion else "undecided"


class AnswerScores(Part):
    """How one answer scored: in the file, its measures stand beside the other members."""

    # The measures that apply to the answer. None: the measure applies, but no score could be made.
    measures: dict[str, Number | None] = Field(default_factory=dict)
    failed: bool = Field(False, description="the answer was not given")
    reasoning: str | None = Field(None, description="the judge's reasons for its grade")
    problem: str | None = Field(None, description="why there is no grade")
    unsure: bool = Field(False, description="the judge says that a person should look at it")
    preference_reasoning: str | None = Field(None, description="the judge's reasons for its preference")
    preference_problem: str | None = Field(None, description="why there is no preference")
    human: bool = Field(False, description="`correctness` is a person's score")
    judge_correctness: Number | None = Field(None, description="the judge's grade, where a person's replaced it")
    label: str | None = Field(None, description="of a classification: the answer's label, or its text if it is none")
    scorer_problem: str | None = Field(None, description="why the deployer's own scorer gave no score")

    @model_validator(mode="before")
    @classmethod
    def _gather_measures(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or "measures" in data:
            return data
        # A text that this version does not know is no measure, and is ignored.
        measures = {name: value for name, value in data.items() if name not in cls.model_fields and _is_score(value)}
        return {**{name: value for name, value in data.items() if name not in measures}, "measures": measures}

    @field_validator("measures", mode="before")
    @classmethod
    def _finite(cls, measures: Any) -> Any:
        """NaN and infinity are no scores: no mean and no JSON can have them."""
        if not isinstance(measures, Mapping):
            return measures
        return {
            name: None if isinstance(value, float) and not isfinite(value) else value
            for name, value in measures.items()
        }

    @model_serializer(mode="wrap")
    def _spread_measures(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        members: dict[str, Any] = handler(self)
        measures: dict[str, Any] = members.pop("measures", {})
        return members | measures

    def counted(self, measure: str, worst: Number | None) -> Number | None:
        """What the answer counts for by a measure whose worst value is `worst`.

        This is the one place of the rule: an answer that was not given counts as the worst, since whoever asked got
        nothing. An answer that was given and has no score (the judge's grade was unusable, for instance) counts for
        nothing: None. So does an answer that the measure does not apply to.
        """
        if measure not in self.measures:
            return None
        value = self.measures[measure]
        return worst if value is None and self.failed else value

    def joined(self, other: AnswerScores) -> AnswerScores:
        """The members of both; those of `other` win."""
        own, more = ({name: getattr(each, name) for name in each.model_fields_set} for each in (self, other))
        return AnswerScores(**{**own, **more, "measures": self.measures | other.measures})


def _is_score(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


class QuestionScores(PerContestant):
    """How the answers to one question scored."""

    id: str
    by_contestant: dict[ContestantName, AnswerScores] = Field(default_factory=dict)
    reference: dict[str, Number | None] | None = Field(None, description="the reference's own measures")
    label: str | None = Field(None, description="of a classification: the reference's label")
    outcome: Outcome | None = Field(None, description="of the tuned model, by verdict.metric; null without a score")

    def of(self, contestant: ContestantName) -> AnswerScores:
        """One contestant's answer; without any score where it is not in the file."""
        return self.by_contestant.get(contestant, AnswerScores())

    @property
    def base(self) -> AnswerScores:
        """The base model's answer."""
        return self.of(BASE)

    @property
    def tuned(self) -> AnswerScores:
        """The tuned model's answer."""
        return self.of(TUNED)

    def difference(self, measure: str) -> float | None:
        """Tuned minus base of the values as they are. None where one of them has none, as a failed answer."""
        base, tuned = (self.of(name).measures.get(measure) for name in (BASE, TUNED))
        return None if base is None or tuned is None else tuned - base

    def gain(self, measure: str, scores: MeasureScores) -> float | None:
        """Tuned minus base, positive when the tuned answer is the better one. None where one of them has no score.

        `scores` are those of the measure: they say which values are better, and which one is the worst.
        """
        base, tuned = (self.of(name).counted(measure, scores.worst) for name in (BASE, TUNED))
        if base is None or tuned is None or scores.better is None:
            return None
        return tuned - base if scores.better == "higher" else base - tuned


class Correlation(Part):
    """Spearman's rank correlation of what two measures gained (tuned minus base) per question."""

    one: str
    other: str
    rho: float
    n: int = Field(description="questions")


class JudgeAgreement(Part):
    """How far the judge agrees with people about the same answers."""

    n: int = Field(description="answers that both scored")
    rho: float | None = Field(None, description="Spearman's rank correlation")
    mean_difference: float | None = Field(None, description="judge minus people")


class HumanScores(Part):
    """The scores that people gave in the judge's place."""

    questions: int
    answers: int
    of_answers: int
    judge_agreement: JudgeAgreement | None = None


class PreviousBest(Part):
    """The dataset's best earlier run, and this run's tuned model compared with that run's."""

    run_id: str
    ended_at: str
    # Measures, as `Scores.metrics`, with the earlier run's tuned model in the place of the base model.
    metrics: dict[str, MeasureScores]
    warnings: tuple[str, ...] = ()


class JudgeDetails(Part):
    """The model that graded, how it was asked, and how many of its judgments could be used."""

    model: str
    name: str
    assumed: bool = Field(False, description="the catalog does not list the model")
    # Converse's inferenceConfig: which parameters it has depends on the model.
    inference: dict[str, Number] = Field(default_factory=dict)
    stand_in: bool = Field(False, description="something else judged in the model's place: the local cloud")
    asked: int = Field(0, description="judgments that were asked for")
    missing: int = Field(0, description="judgments that could not be used")
    # Runs of earlier versions did not count them.
    input_tokens: int | None = None
    output_tokens: int | None = None


class BertScoreDetails(Part):
    """BERTScore's encoder."""

    model: str
    revision: str | None = None
    layer: int | None = None
    runtime: str | None = None
    language: str | None = None
    baseline: float | None = None
    truncated: int = Field(0, description="answers that were longer than the encoder reads")


class PreferenceDetails(Part):
    """How the judge compared two answers."""

    model: str | None = None
    name: str | None = None
    assumed: bool = False
    inference: dict[str, Number] = Field(default_factory=dict)
    asked: int = 0
    missing: int = 0
    stand_in: int = Field(0, description="judgments that something else gave in the model's place")
    input_tokens: int = 0
    output_tokens: int = 0
    compared: int = Field(0, description="questions with a usable judgment in both orders")
    flipped: int = Field(0, description="those where the judge preferred the other answer in the other order")
    decided: int = Field(0, description="those where it preferred the same answer in both orders")
    longer_won: int = Field(0, description="those of the decided where it preferred the longer answer")


class BleuDetails(Part):
    """How texts were cut into tokens for BLEU."""

    tokenizer: str


class MetricFacts(Part):
    """What a metric says about itself for one shard: the members that apply are set. Members of the four models above.

    `warning` is for the reader of the scores: it joins the warnings of the whole file.
    """

    model: str | None = None
    name: str | None = None
    assumed: bool | None = None
    inference: dict[str, Number] | None = None
    revision: str | None = None
    layer: int | None = None
    runtime: str | None = None
    language: str | None = None
    baseline: float | None = None
    tokenizer: str | None = None
    warning: str | None = None
    range: tuple[float, float] | None = None


class ReviewCandidate(Part):
    """A question that a person should look at, and why."""

    id: str
    reasons: tuple[str, ...]


class FileIdentity(Part):
    """A file that was evaluated without a run."""

    name: str
    sha256: str


class Scores(Artifact):
    """The whole file. Members that do not apply to a run are absent from it."""

    NAME: ClassVar[str] = Keys.SCORES
    OMIT_UNSET: ClassVar[bool] = True

    verdict: Verdict
    # By measure, for all its name: see the module's docstring.
    metrics: dict[str, MeasureScores] = Field(default_factory=dict)
    questions: tuple[QuestionScores, ...] = ()
    agreement: tuple[Correlation, ...] = ()
    # What a metric says about itself has a member of the metric's name. `judge` is of all metrics that ask the judge.
    judge: JudgeDetails | None = None
    bertscore: BertScoreDetails | None = None
    bleu: BleuDetails | None = None
    preference: PreferenceDetails | None = None
    classification: ClassificationDetails | None = None
    extraction: ExtractionDetails | None = None
    scorer: ScorerDetails | None = None
    task: TaskDescription | None = None
    decides: str | None = Field(None, description="the measure that run.yaml names to decide the verdict")
    warnings: tuple[str, ...] = ()
    review: tuple[ReviewCandidate, ...] = ()
    people: HumanScores | None = None
    earlier: PreviousBest | None = None
    # Of an evaluation without a run only; a run's gate is `scores/gate.json`.
    gate: GateResult | None = None
    files: dict[str, FileIdentity] = Field(default_factory=dict)


class GradedShard(Artifact):
    """`scores/shards/NNNNN.json`: the grades of one shard of the questions, before statistics.

    By metric, `about` is the same for all shards; `counts` are added up over the shards.
    """

    OMIT_UNSET: ClassVar[bool] = True
    NAME: ClassVar[str] = "scores/shards/"  # a folder: one file per shard

    fingerprint: str
    records: tuple[QuestionScores, ...]
    about: dict[str, MetricFacts] = Field(default_factory=dict)
    counts: dict[str, dict[str, int]] = Field(default_factory=dict)

    @classmethod
    def name(cls, shard: int) -> str:
        """Where a shard's file is in the run's folder."""
        return f"{cls.NAME}{shard:05d}.json"


def by_id(records: Iterable[QuestionScores]) -> dict[str, QuestionScores]:
    """The questions by their ids."""
    return {record.id: record for record in records}
