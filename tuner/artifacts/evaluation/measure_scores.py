"""How the contestants' answers scored by one measure: means, the paired comparison, and what it shows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tuner.artifacts.base import Part
from tuner.artifacts.evaluation.contestants import BASE, TUNED, ContestantName, PerContestant
from tuner.artifacts.evaluation.verdict import VerdictValue
from tuner.catalog.metrics import worst_value

# An integer stays an integer in the file: a judge's grade is 7, not 7.0.
Number = int | float


class Aggregate(Part):
    """One contestant's answers by one measure."""

    mean: float | None = None
    standard_error: float | None = None
    interval: tuple[float, float] | None = Field(
        None, description="95 % interval of the mean; null with few questions, and in files of earlier versions"
    )
    n: int | None = Field(None, description="answers that count towards the mean")
    missing: int = Field(0, description="answers without a score of their own")
    failed: int = Field(0, description="answers that were not given; they count as the worst score")
    spread_of_repeats: float | None = Field(
        None, description="standard deviation of the answers to the same question; null if each was asked once"
    )
    requests: int | None = Field(None, description="answers asked for; null if each question was asked once")
    requests_failed: int | None = Field(None, description="those of them that were not given")

    @property
    def is_mostly_missing(self) -> bool:
        """Whether most answers were not given, or have no grade. A comparison with others then decides nothing.

        A difference would show only that answers are missing. Answers without a grade are left out; so many are seldom
        left out by chance alone.
        """
        missing, asked = self._missing_of
        return 2 * missing > asked or self.is_mostly_ungraded

    @property
    def ungraded(self) -> int:
        """Questions with an answer that has no grade."""
        return self.missing - self.failed

    @property
    def is_mostly_ungraded(self) -> bool:
        """Whether most questions have an answer without a grade."""
        return 2 * self.ungraded > (self.n or 0) + self.ungraded

    def missing_words(self, who: str) -> str:
        """How many answers, or grades, are missing, in words."""
        missing, asked = self._missing_of
        if self.is_mostly_ungraded:
            return f"{who} has no grade for {self.ungraded:,} of {(self.n or 0) + self.ungraded:,} questions"
        return f"{who} gave no answer to {missing:,} of {asked:,} {'requests' if self.requests else 'questions'}"

    @property
    def _missing_of(self) -> tuple[int, int]:
        return (self.requests_failed or 0, self.requests) if self.requests else (self.failed, self.n or 0)


# Floats that differ by less are equal: the rest is rounding error.
_EQUAL = 1e-9
# Each tail of a two-sided 95 % interval.
_TAIL = 0.025


class Comparison(Part):
    """Tuned minus base, paired by question. Members are null where `n` is too small for them."""

    n: int = Field(0, description="questions that both models have a score for")
    groups: int | None = Field(None, description="groups of related questions; null if every question is independent")
    labelled: int | None = Field(
        None,
        description="questions, or groups, that people scored, if no others have a difference; null: all have",
    )
    standard_error: float | None = None
    expected_error: float | None = Field(
        None,
        description="standard error that groups of these sizes have on average, for the questions to add; null for "
        "groups of one size",
    )
    interval: tuple[float, float] | None = Field(None, description="95 % interval of the mean difference")
    p: float | None = Field(None, description="p-value of the interval: below 0.05 where it excludes zero")
    p_corrected: float | None = Field(
        None, description="corrected by Holm: of a slice for the number of slices, else for the number of contestants"
    )
    sign_test_p: float | None = Field(
        None, description="of wins and losses only (of questions, or of groups), however large they are"
    )
    wins: int = Field(0, description="questions, as ties and losses")
    ties: int = 0
    losses: int = 0
    smallest_detectable: float | None = Field(
        None, description="what this many questions could show; null if all differences are the same"
    )

    def share_that_may_differ(self, tail: float = _TAIL) -> float | None:
        """The largest share of other questions that may have another difference; None if the differences vary.

        If all questions (or groups) have the same difference, the interval has no width. It then shows nothing about
        the spread over other questions. The share is the upper end of the exact interval of Clopper and Pearson for no
        success in n trials, with this tail.
        """
        if self.interval is None or self.interval[1] - self.interval[0] >= _EQUAL:
            return None
        share: float = 1 - tail ** (1 / (self.labelled or self.groups or self.n))
        return share


class Conclusion(Part):
    """What one measure says by itself."""

    value: VerdictValue
    sentence: str
    more_questions: int | None = Field(None, description="how many more would decide; null when no number is known")


class Compared(Part):
    """The tuned model compared with another contestant by one measure."""

    difference: float | None = Field(None, description="tuned minus the other contestant")
    comparison: Comparison = Comparison()
    conclusion: Conclusion | None = Field(None, description="by `p_corrected`; null for a measure that only describes")


class ComparedPair(Compared):
    """Two contestants beside the tuned model, compared with each other: `contestant` and `against`."""

    contestant: ContestantName
    against: ContestantName
    difference: float | None = Field(None, description="contestant minus against")


class Aggregates(PerContestant):
    """One aggregate per contestant."""

    by_contestant: dict[ContestantName, Aggregate] = Field(default_factory=dict)

    @property
    def base(self) -> Aggregate:
        """The base model; empty where it was not measured."""
        return self.by_contestant.get(BASE, Aggregate())

    @property
    def tuned(self) -> Aggregate:
        """The tuned model; empty where it was not measured."""
        return self.by_contestant.get(TUNED, Aggregate())

    @property
    def is_mostly_missing(self) -> bool:
        """Whether most answers of base or tuned model were not given."""
        return self.base.is_mostly_missing or self.tuned.is_mostly_missing


class Correction(Aggregates):
    """The contestants by the judge and people together. The members that `MeasureScores` has too mean the same here."""

    method: Literal["sample", "all"] = Field(
        description="sample: people scored a random sample, which corrects the judge; all: they scored every question"
    )
    label: str
    labels: int = Field(description="questions that people scored, of those that were drawn")
    drawn: int = Field(description="questions that were drawn at random, or all questions")
    sheet: str | None = Field(None, description="the export that drew them")
    judge_weights: dict[str, float] = Field(default_factory=dict, description="from 0 (ignored) to 1, by stratum")
    decides: bool = Field(description="false where there are too few scores: then they are shown only")
    difference: float
    comparison: Comparison
    conclusion: Conclusion


class JudgeScores(Aggregates):
    """The contestants by one of several judges. The members that `MeasureScores` has too mean the same here."""

    model: str
    name: str
    difference: float | None = None
    comparison: Comparison = Comparison()
    conclusion: Conclusion | None = None

    def of_measure(self, measure: MeasureScores) -> MeasureScores:
        """The scores of the measure by this judge only."""
        members = ("by_contestant", "difference", "comparison", "conclusion")
        own = {member: getattr(self, member) for member in members}
        return measure.model_copy(update={**own, "label": self.name, "judges": None, "corrected": None})


class SeveralJudges(Part):
    """What each of several judges says by itself, and how far they agree about the same answers."""

    each: tuple[JudgeScores, ...]
    incomplete: int = Field(0, description="questions with a missing judgment of some judge: the other judges count")
    n: int = Field(0, description="answers (of a preference: questions) that several judges judged")
    alpha: float | None = Field(None, description="Krippendorff's alpha, ordinal metric; 0 is what chance gives")
    alpha_interval: tuple[float, float] | None = Field(None, description="95 % interval of alpha")


class EqualLength(Part):
    """The preference for answers of equal length, as a curve of preference and difference in length predicts it."""

    n: int = Field(description="questions that both models answered and that have a preference")
    groups: int | None = Field(None, description="their groups; null if every question is independent")
    difference: float = Field(description="tuned minus base, as that of the measure")
    standard_error: float
    interval: tuple[float, float] = Field(description="95 % interval of the difference")
    p: float
    slope: float = Field(description="how much a tuned answer gains that is longer by much more than usual")
    mean_longer: float = Field(description="characters by which the tuned model's answers are longer on average")
    extrapolated: bool = Field(description="one model's answers are always longer: equal length was never seen")

    @property
    def conclusion(self) -> VerdictValue:
        """What the interval shows."""
        low, high = self.interval
        return "better" if low > 0 else "worse" if high < 0 else "undecided"


class MeasureScores(Aggregates):
    """The contestants by one measure."""

    label: str | None = None
    range: tuple[Number, Number] | None = Field(None, description="lowest and highest possible value")
    better: Literal["higher", "lower"] | None = Field("higher", description="null for one that only describes")
    difference: float | None = Field(None, description="tuned minus base")
    comparison: Comparison = Comparison()
    references: Aggregate | None = Field(None, description="the same, measured on the reference answers")
    conclusion: Conclusion | None = Field(None, description="null for a measure that only describes")
    judges: SeveralJudges | None = Field(None, description="of several judges; the measure is their mean")
    equal_length: EqualLength | None = Field(None, description="of a preference: adjusted for the answers' length")
    corrected: Correction | None = Field(None, description="the judge's measure, corrected with people's scores")
    compared: dict[ContestantName, Compared] = Field(
        default_factory=dict, description="the tuned model with each other contestant; absent if there is only base"
    )

    pairs: tuple[ComparedPair, ...] = Field(
        (),
        description="each two contestants beside the tuned model; absent if there is only base, and for a measure that "
        "does not decide the verdict",
    )

    def against(self, contestant: ContestantName) -> MeasureScores:
        """The same measure with another contestant in the place of the base model.

        Beside others, the base model is one of the comparisons that are corrected for their number.
        """
        if contestant == BASE and BASE not in self.compared:
            return self
        found = self.compared[contestant]
        members = {name: getattr(found, name) for name in ("difference", "comparison", "conclusion")}
        sides = {BASE: self.by_contestant.get(contestant, Aggregate()), TUNED: self.tuned}
        return self.model_copy(update={**members, "by_contestant": sides, "compared": {}})

    @property
    def with_people(self) -> MeasureScores | None:
        """The corrected numbers in the place of the judge's; None where people's scores correct nothing."""
        if self.corrected is None:
            return None
        members = ("label", "by_contestant", "difference", "comparison", "conclusion")
        corrected = {name: getattr(self.corrected, name) for name in members}
        return self.model_copy(update={**corrected, "corrected": None, "judges": None})

    @property
    def decisive(self) -> MeasureScores:
        """What verdict and gate decide by: the corrected numbers, where people scored enough."""
        return (self.with_people if self.corrected and self.corrected.decides else None) or self

    def decisive_side(self, contestant: ContestantName) -> Aggregate:
        """The contestant's numbers that count: people correct those of base and tuned model, and of no other one."""
        return self.decisive.by_contestant.get(contestant) or self.by_contestant.get(contestant, Aggregate())

    @property
    def worst(self) -> Number | None:
        """The worst possible value; None for a measure that only describes."""
        return worst_value(self.range, self.better)

    @property
    def conclusion_value(self) -> VerdictValue:
        """What the measure shows; undecided for one that only describes."""
        return self.conclusion.value if self.conclusion else "undecided"


class Slice(Part):
    """The questions with one value of a field."""

    value: str
    questions: int
    metrics: dict[str, MeasureScores] = Field(
        default_factory=dict, description="by measure; conclusions are corrected for the number of slices"
    )


class Slices(Part):
    """The slices of the questions by one field, the largest first."""

    field: str
    values: int = Field(description="how many values the field has")
    left_out: int = Field(0, description="questions without a value")
    slices: tuple[Slice, ...] = Field((), description="empty where the field has too many values to be shown")
