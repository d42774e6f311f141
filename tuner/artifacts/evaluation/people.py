"""What people are asked about the answers, what they said, and how it corrects the judge.

scores/reviews/NAME.json   a `ReviewSheet`: which questions one export asks about, and which answer it shows first
scores/people.json         `PeopleScores`: the scores of all reviews that were imported
scores/scores.json         `HumanScores`, and a `Correction` of the judge's measure (measure_scores.py)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from tuner.artifacts.base import Part
from tuner.artifacts.evaluation.contestants import BASE, MAIN, TUNED, ContestantName
from tuner.core.errors import ArtifactError

PEOPLE = "scores/people.json"
# The reviewer of scores that were given without a name.
UNNAMED = "people"
_HALF_OF_THE_SCALE = 5
# With fewer answers, equal or low scores are no surprise.
_ENOUGH_TO_JUDGE_THE_SCALE = 10


class ReviewStratum(Part):
    """Questions of which the same share was drawn."""

    name: Literal["flagged", "others"]
    questions: tuple[str, ...]
    drawn: tuple[str, ...]
    probability: float = Field(description="of each question to be drawn")


class ReviewSheet(Part):
    """One export of questions to people.

    The answers are blind: `first` has, by question, whose answer is shown first. It is drawn at random and is in no
    exported file, so that a reader cannot find out which model gave an answer. Its order is that of the questions.
    """

    schema_version: int = 1
    name: str
    seed: int | None = Field(None, description="of the draw; null for the flagged questions")
    answers_each: int = Field(1, description="how many answers each question has; the sheet shows the first")
    strata: tuple[ReviewStratum, ...] = Field((), description="none for the flagged questions, which are no sample")
    first: dict[str, ContestantName]

    @property
    def is_sample(self) -> bool:
        """Whether the questions were drawn at random."""
        return bool(self.strata)

    def order(self, question: str) -> tuple[ContestantName, ContestantName]:
        """Whose answers are shown, in their order."""
        return (BASE, TUNED) if self.first[question] == BASE else (TUNED, BASE)


def sheet_file(name: str) -> str:
    """Where a sheet is in the run's folder."""
    return f"scores/reviews/{name}.json"


Given = dict[ContestantName, int]


def _known_contestants(scores: object) -> object:
    """Ignores a contestant that this version does not know."""
    return {name: scores[name] for name in MAIN if name in scores} if isinstance(scores, Mapping) else scores


def _by_reviewer(scores: Any) -> Any:
    """A file of an earlier version has one person's scores by question, without a name."""
    if isinstance(scores, Mapping) and any(isinstance(value, int) for value in scores.values()):
        return {UNNAMED: scores}
    return scores


# By question, then by the reviewer's name.
PeopleScores = dict[
    str, Annotated[dict[str, Annotated[Given, BeforeValidator(_known_contestants)]], BeforeValidator(_by_reviewer)]
]

_people_scores = TypeAdapter(PeopleScores)


def read_people_scores(data: bytes | None, place: str) -> PeopleScores:
    """People's scores of a file; none when there is no file. Raises ArtifactError that names `place`."""
    try:
        return _people_scores.validate_json(data) if data else {}
    except ValidationError:
        raise ArtifactError(f"{place} does not hold people's scores. Delete it and import the reviews again.") from None


def people_scores_json(scores: PeopleScores) -> bytes:
    """People's scores as a file."""
    return json.dumps(_people_scores.dump_python(scores, mode="json"), ensure_ascii=False, indent=2).encode() + b"\n"


def joined(one: PeopleScores, other: PeopleScores) -> PeopleScores:
    """The scores of both. What the same person said later about a question replaces what they said before."""
    return {key: one.get(key, {}) | other.get(key, {}) for key in (*one, *(key for key in other if key not in one))}


class JudgeAgreement(Part):
    """How far the judge agrees with people about the same answers."""

    n: int = Field(description="answers that both scored")
    kappa: float | None = Field(None, description="Cohen's kappa with quadratic weights; 0 is what chance gives")
    kappa_interval: tuple[float, float] | None = Field(None, description="95 % interval of kappa")
    of_sample: bool = Field(False, description="of the questions drawn at random, weighted; else of all")
    rho: float | None = Field(None, description="Spearman's rank correlation")
    mean_difference: float | None = Field(None, description="judge minus people; of the sample, weighted as kappa")
    mean_differences: dict[ContestantName, float] = Field(
        default_factory=dict, description="the same for the answers of each model: does the judge favour one?"
    )


class PeopleAgreement(Part):
    """How far people agree with each other about the same answers."""

    n: int = Field(description="answers that several people scored")
    alpha: float | None = Field(None, description="Krippendorff's alpha, ordinal metric; 0 is what chance gives")
    alpha_interval: tuple[float, float] | None = Field(None, description="95 % interval of alpha")


class HumanScores(Part):
    """The scores that people gave."""

    questions: int
    answers: int
    of_answers: int
    answers_each: int = Field(1, description="how many answers each question has; people scored the first")
    reviewers: tuple[str, ...] = ()
    lowest: int | None = Field(None, description="the lowest score that anybody gave")
    highest: int | None = Field(None, description="the highest score that anybody gave")
    undecided: str | None = Field(None, description="why the scores do not correct the judge; null when they do")
    judge_agreement: JudgeAgreement | None = None
    agreement: PeopleAgreement | None = Field(None, description="null for one person only")

    @property
    def unused_scale(self) -> str | None:
        """A warning if all scores are equal or in the lower half of the scale, probably by mistake; else None."""
        if self.answers < _ENOUGH_TO_JUDGE_THE_SCALE or self.lowest is None or self.highest is None:
            return None
        if self.lowest == self.highest:
            return f"Every score that people gave is {self.lowest}, so their scores show no difference between answers."
        if self.highest <= _HALF_OF_THE_SCALE:
            return (
                f"No score that people gave is above {self.highest}, and the scale is 1 to 10. If they used another "
                "scale, such as 1 to 5, convert the scores and import them again."
            )
        return None

    @property
    def of_several_answers(self) -> str | None:
        """A note that people scored only the first of several answers to each question; None for one answer."""
        if self.answers_each == 1:
            return None
        return (
            f"Each model gave {self.answers_each:,} answers to each question, and people score the first. On average "
            "it is as good as the others, so their scores are right for all, but less exact."
        )
