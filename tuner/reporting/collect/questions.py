"""Joins each question of the evaluation with its answers and their scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tuner.artifacts.dataset import Coverage, DatasetSummary, EvaluationQuestion
from tuner.artifacts.evaluation.answers import Answer as GivenAnswer
from tuner.artifacts.evaluation.contestants import BASE, MAIN, TUNED, ContestantName
from tuner.artifacts.evaluation.question_scores import AnswerNotes, AnswerScores, QuestionScores, by_id
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.report import Answer, Question
from tuner.artifacts.report.evaluation import ScoredAnswer
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys

# The dataset's profile names a question by its first letters, and keeps this many.
_PROFILED_LETTERS = 200
# Differences of decimal scores have noise in their last digits, such as 0.09999999999999998.
_GAIN_DIGITS = 6


def run_questions(
    folder: RunFolder, contestants: Sequence[ContestantName], scores: Scores | None, deciding: str | None
) -> tuple[Question, ...]:
    """The questions that a run asked, in their order. `deciding` is the measure that each question's gain is in."""
    if folder.find(Keys.EVALUATION) is None:
        return ()
    answers = {name: folder.answers(name) for name in contestants}
    questions = folder.load_records(Keys.EVALUATION, EvaluationQuestion)
    if scores and scores.stopping:
        # What the tuned model was not asked is no missing answer.
        asked = {record.id for record in scores.questions}
        questions = (question for question in questions if question.id in asked)
    return joined_questions(questions, answers, scores, deciding)


def joined_questions(
    questions: Iterable[EvaluationQuestion],
    answers: Mapping[ContestantName, Iterable[GivenAnswer]],
    scores: Scores | None,
    deciding: str | None,
) -> tuple[Question, ...]:
    """The questions joined by id with their answers and scores."""
    # By id, never by position: a failed answer must not shift the ones after it.
    given = {name: _by_question(said) for name, said in answers.items()}
    scored = by_id(scores.questions) if scores else {}
    review = {candidate.id: candidate.reasons for candidate in scores.review} if scores else {}
    found = []
    for question in questions:
        graded = scored.get(question.id)
        shown = {name: _answer(said.get(question.id, ()), _scores_of(graded, name)) for name, said in given.items()}
        found.append(
            Question(
                id=question.id,
                question=question.question,
                reference=question.reference,
                accepted=question.accepted,
                base=shown[BASE],
                tuned=shown[TUNED],
                others={name: each for name, each in shown.items() if each and name not in MAIN},
                outcome=graded.outcome if graded else None,
                gain=_gain(graded, scores, deciding),
                review=review.get(question.id, ()),
            )
        )
    return tuple(found)


def with_coverage(questions: Iterable[Question], summary: DatasetSummary | None) -> tuple[Question, ...]:
    """The questions, each with how much the training data says about it where the dataset's profile knows it."""
    study = summary.study if summary else None
    known = {entry.question: entry for entry in study.coverage} if study else {}
    found = []
    for question in questions:
        entry = known.get(question.question[:_PROFILED_LETTERS])
        coverage = Coverage(subject=entry.subject, records=entry.records, mentions=entry.mentions) if entry else None
        found.append(question.model_copy(update={"coverage": coverage}))
    return tuple(found)


def _scores_of(graded: QuestionScores | None, name: ContestantName) -> AnswerScores | None:
    return graded.by_contestant.get(name) if graded else None


def _by_question(answers: Iterable[GivenAnswer]) -> dict[str, list[GivenAnswer]]:
    """The answers to each question, in the order of their numbers."""
    found: dict[str, list[GivenAnswer]] = {}
    for answer in sorted(answers, key=lambda answer: answer.number):
        found.setdefault(answer.id, []).append(answer)
    return found


def _answer(given: Sequence[GivenAnswer], scores: AnswerScores | None) -> Answer | None:
    """The first answer with the scores of all, and the further ones."""
    if not given and scores is None:
        return None
    said = given[0].model_dump(exclude={"id", "sample"}) if given else {}
    scored = {name: getattr(scores, name) for name in AnswerNotes.model_fields} if scores else {}
    single = [each.measures for each in scores.repeats] if scores else []
    further = tuple(
        ScoredAnswer.model_validate(each, from_attributes=True).model_copy(
            update={"scores": single[at] if at < len(single) else {}}
        )
        for at, each in enumerate(given[1:], 1)
    )
    return Answer(**said, **scored, scores=scores.measures if scores else {}, further=further)


def _gain(graded: QuestionScores | None, scores: Scores | None, deciding: str | None) -> float | None:
    if graded is None or scores is None or deciding is None or deciding not in scores.metrics:
        return None
    gain = graded.gain(deciding, scores.metrics[deciding])
    return None if gain is None else round(gain, _GAIN_DIGITS)
