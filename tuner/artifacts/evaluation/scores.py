"""`scores/scores.json`: how the contestants' answers scored, and what the differences show. See docs/evaluation.md.

    Scores                          the whole file
    ├── verdict: Verdict            better, worse or undecided, by the measure that decides
    ├── metrics: {measure: MeasureScores}      in measure_scores.py
    │   ├── base, tuned: Aggregate  mean, standard error, and how many answers are in it
    │   ├── comparison: Comparison  tuned minus base, paired by question
    │   └── conclusion: Conclusion  what this measure says by itself
    ├── questions: QuestionScores   one per question, in question_scores.py
    │   └── base, tuned: AnswerScores
    ├── earlier: PreviousBest       the same comparison with the dataset's best earlier run
    ├── people: HumanScores         how many scores people gave, in people.py
    └── judge, bertscore, ...       what each metric says about itself, in metric_details.py

A *metric* is a plug-in that scores answers; a *measure* is one of the numbers that it yields. The members `metrics` and
`verdict.metric` hold measures: they are named as in release 0.1.0, because programs read them.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tuner.artifacts.base import Artifact, Part
from tuner.artifacts.dataset import QuestionGroups
from tuner.artifacts.evaluation.answers import Stopping
from tuner.artifacts.evaluation.gate import GateResult
from tuner.artifacts.evaluation.measure_scores import MeasureScores, Slices
from tuner.artifacts.evaluation.metric_details import BertScoreDetails, BleuDetails, JudgeDetails, PreferenceDetails
from tuner.artifacts.evaluation.people import HumanScores
from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.artifacts.evaluation.task_details import ClassificationDetails, ExtractionDetails, ScorerDetails
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.artifacts.task import TaskDescription
from tuner.core.artifact_keys import Keys
from tuner.core.wording import plural


class Correlation(Part):
    """Spearman's rank correlation of what two measures gained (tuned minus base) per question."""

    one: str
    other: str
    rho: float
    n: int = Field(description="questions")


# With so many decisions, chance alone can make the best of equal models look better than the base model by more than
# the interval reaches. The expected maximum of k standard normal variables is at most √(2 ln k), and an interval
# reaches 1.96. Blum and Hardt, "The Ladder: A Reliable Leaderboard for Machine Learning Competitions", ICML 2015,
# describe why more looks at one test set mislead.
OVERUSED = 7


class SetReuse(Part):
    """How often the questions of this evaluation decided before, in runs of the same dataset."""

    earlier_decisions: int = Field(description="earlier runs with a verdict by the same questions")

    @property
    def decisions(self) -> int:
        """How many decisions there are with this one."""
        return self.earlier_decisions + 1

    @property
    def is_overused(self) -> bool:
        """Whether the questions decided so often that a model can pass by luck."""
        return self.decisions >= OVERUSED

    @property
    def sentence(self) -> str:
        """How often the questions decided, what that means, and what to do."""
        runs = plural(self.earlier_decisions, "earlier run")
        counted = f"The same questions decided {runs} of this dataset; this is decision {self.decisions}."
        if self.is_overused:
            return (
                f"{counted} The evaluation set was used too often: the best of {self.decisions} equally good models "
                "can look better by luck by as much as an interval reaches. Use new questions."
            )
        # Each of them is called better by chance in 1 of 40 cases, if no model is better.
        lucky = round(100 * (1 - 0.975**self.decisions))
        return (
            f"{counted} If no model was better than the base model, one of {self.decisions} would be called better by "
            f"luck in up to {lucky} of 100 cases. Use new questions after {OVERUSED - 1} decisions."
        )


class PreviousBest(Part):
    """The dataset's best earlier run, and this run's tuned model compared with that run's."""

    run_id: str
    ended_at: str
    chosen_of: int | None = Field(
        None, description="how many earlier runs there were to choose from; null in files of earlier versions"
    )
    # Measures, as `Scores.metrics`, with the earlier run's tuned model in the place of the base model.
    metrics: dict[str, MeasureScores]
    warnings: tuple[str, ...] = ()

    @property
    def selection(self) -> str:
        """What the choice of the best run means for its scores; empty where there was nothing to choose from."""
        if self.chosen_of is None or self.chosen_of < 2:
            return ""
        return f"chosen as the best of {self.chosen_of} by these questions, so its score is probably too high"


class ReviewCandidate(Part):
    """A question that a person should look at, and why."""

    id: str
    reasons: tuple[str, ...]


class FileIdentity(Part):
    """A file that was evaluated without a run."""

    name: str
    sha256: str


class ScoringMembers(Part):
    """How scores were made: members that `scores.json` and the report have. What does not apply is absent."""

    # What a metric says about itself has a member of the metric's name. `judge` is of all metrics that ask the judge.
    judge: JudgeDetails | None = None
    bertscore: BertScoreDetails | None = None
    bleu: BleuDetails | None = None
    preference: PreferenceDetails | None = None
    classification: ClassificationDetails | None = None
    extraction: ExtractionDetails | None = None
    scorer: ScorerDetails | None = None
    task: TaskDescription | None = Field(None, description="absent for answers that are free text")
    decides: str | None = Field(None, description="the measure that run.yaml names to decide the verdict")
    samples: int = Field(1, description="answers to each question; absent for one")
    groups: QuestionGroups | None = Field(None, description="how questions are related; absent if each is independent")
    documents: int | None = Field(
        None, description="how many documents all questions are from; absent if they are from others, or from enough"
    )
    slices: tuple[Slices, ...] = Field((), description="results by the fields of evaluation.slices; absent without")
    reuse: SetReuse | None = Field(None, description="how often the questions decided before; absent if never")
    stopping: Stopping | None = Field(
        None, description="how many questions were asked; absent for runs without a look before the end"
    )
    warnings: tuple[str, ...] = ()
    files: dict[str, FileIdentity] = Field(
        default_factory=dict, description="the files that were compared, where there was no run"
    )


class Scores(ScoringMembers, Artifact):
    """The whole file. Members that do not apply to a run are absent from it."""

    NAME: ClassVar[str] = Keys.SCORES
    OMIT_UNSET: ClassVar[bool] = True

    verdict: Verdict
    # By measure, despite the name: see the module's docstring.
    metrics: dict[str, MeasureScores] = Field(default_factory=dict)
    questions: tuple[QuestionScores, ...] = ()
    agreement: tuple[Correlation, ...] = ()
    review: tuple[ReviewCandidate, ...] = ()
    people: HumanScores | None = None
    earlier: PreviousBest | None = None
    # Set only by an evaluation without a run. A run's gate is `scores/gate.json`.
    gate: GateResult | None = None
