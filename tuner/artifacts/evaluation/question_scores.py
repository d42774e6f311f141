"""How the answers to one question scored, by every measure that applies to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from tuner.artifacts.base import Part
from tuner.artifacts.evaluation.contestants import BASE, MAIN, TUNED, ContestantName, PerContestant
from tuner.artifacts.evaluation.measure_scores import MeasureScores, Number

JUDGED: Mapping[str, str] = {"correctness": "judge_grades", "preference": "judge_preferences"}
"""The measures of the judge, and the members of an answer that have the values of each judge."""

Outcome = Literal["win", "tie", "loss"]


class AnswerNotes(Part):
    """What is known of an answer's scores beside the numbers: in scores.json and in the report."""

    failed: bool = Field(False, description="no answer to score: counts as the worst score")
    reasoning: str | None = Field(None, description="the judge's reasons for its grade, `correctness`")
    problem: str | None = Field(None, description="why the judge's grade could not be used")
    unsure: bool = Field(False, description="the judge says that a person should look at the answer")
    judge_grades: dict[str, Number | None] = Field(
        default_factory=dict, description="of several judges, the grade of each; `correctness` is their mean"
    )
    judge_preferences: dict[str, Number | None] = Field(
        default_factory=dict, description="of several judges, the preference of each; `preference` is their mean"
    )
    characters: int | None = Field(None, description="length of an answer that was compared with the other one")
    preference_reasoning: str | None = Field(None, description="the judge's reasons for its preference")
    preference_problem: str | None = Field(None, description="why the judge's preference could not be used")
    people: dict[str, int] = Field(default_factory=dict, description="people's scores from 1 to 10, by reviewer")
    human: bool = Field(False, description="`correctness` is people's score: no judge was asked, or an earlier version")
    judge_correctness: Number | None = Field(None, description="the judge's grade, if an earlier version replaced it")
    label: str | None = Field(None, description="of a classification: the answer's label, or its text if it is none")
    scorer_problem: str | None = Field(None, description="why the deployer's own scorer gave no score")


class AnswerScores(AnswerNotes):
    """How one answer scored: in the file, its measures stand beside the other members."""

    # The measures that apply to the answer. None: the measure applies, but no score could be made.
    measures: dict[str, Number | None] = Field(default_factory=dict)
    # If the question was asked several times, the scores of each answer. Then `measures` has their means.
    repeats: tuple[AnswerScores, ...] = ()

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
        """NaN and infinity are no scores: no mean and no JSON can have them.

        Raises ValueError for a measure with the name of a member: in the file, one would replace the other.
        """
        if not isinstance(measures, Mapping):
            return measures
        if taken := sorted(cls.model_fields.keys() & measures.keys()):
            raise ValueError(f"a measure cannot be called '{taken[0]}', which is a member of the scores of an answer")
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
        if any(measure in each.measures for each in self.repeats):
            counted = [value for each in self.repeats if (value := each.counted(measure, worst)) is not None]
            return sum(counted) / len(counted) if counted else None
        if measure not in self.measures:
            return None
        value = self.measures[measure]
        return worst if value is None and self.failed else value

    @property
    def shown(self) -> AnswerScores:
        """The scores of the answer that people are shown: of several, the first."""
        return self.repeats[0] if self.repeats else self

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
    group: str | None = Field(
        None, description="questions of the same group are related; null if every question is independent"
    )
    fields: dict[str, str] = Field(default_factory=dict, description="the values of evaluation.slices")

    @property
    def unit(self) -> str:
        """The name of the question's group. An independent question is a group of its own."""
        return self.group or self.id

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

    @property
    def single_answers(self) -> tuple[QuestionScores, ...]:
        """The same question once for each answer, if it was asked several times; else only itself.

        Two runs can have asked it differently often: then the first answers, which both have, are compared.
        """
        answers = {name: each.repeats or (each,) for name, each in self.by_contestant.items()}
        if not any(each.repeats for each in self.by_contestant.values()):
            return (self,)
        return tuple(
            self.model_copy(update={"by_contestant": dict(zip(answers, together, strict=True))})
            for together in zip(*answers.values(), strict=False)
        )

    def by_judge(self, measure: str) -> dict[ContestantName, dict[str, Number | None]]:
        """The values of each of several judges by a measure of theirs, for each answer; empty for one judge."""
        member = JUDGED[measure]
        found = {name: getattr(answer, member) for name, answer in self.by_contestant.items()}
        return {name: values for name, values in found.items() if values}

    def difference(self, measure: str) -> float | None:
        """Tuned minus base of the values as they are. None where one of them has none, as a failed answer."""
        base, tuned = (self.of(name).measures.get(measure) for name in (BASE, TUNED))
        return None if base is None or tuned is None else tuned - base

    def gain(self, measure: str, scores: MeasureScores) -> float | None:
        """Tuned minus base, positive when the tuned answer is the better one. None where one of them has no score.

        `scores` says which values of the measure are better, and which one is the worst.
        """
        base, tuned = (self.of(name).counted(measure, scores.worst) for name in (BASE, TUNED))
        if base is None or tuned is None or scores.better is None:
            return None
        return tuned - base if scores.better == "higher" else base - tuned


def contestants_in(records: Iterable[QuestionScores]) -> tuple[ContestantName, ...]:
    """The contestants with answers in the records. Base and tuned model are always there, and come first."""
    return tuple(dict.fromkeys((*MAIN, *(name for record in records for name in record.by_contestant))))


def by_id(records: Iterable[QuestionScores]) -> dict[str, QuestionScores]:
    """The questions by their ids."""
    return {record.id: record for record in records}
