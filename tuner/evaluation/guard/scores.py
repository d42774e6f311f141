"""Makes `scores/shards/guard.json`: which guard questions each model passes, and what the differences show.

The results are paired by question, as all others. Whether an answer passes is yes or no, and often all but a few
questions have the same result for both models. Then a bootstrap interval is too narrow: without any difference, it has
no width, as if no other question could differ. So the interval also covers those for shares (`paired_shares`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.evaluation.contestants import BASE, TUNED, ContestantName
from tuner.artifacts.evaluation.measure_scores import Aggregate, MeasureScores, Slice
from tuner.artifacts.evaluation.question_scores import AnswerScores, QuestionScores
from tuner.artifacts.evaluation.verdict import VerdictValue
from tuner.artifacts.guard import GuardAnswer, GuardFinding, GuardRecord, GuardResult, GuardScores
from tuner.catalog.guard_questions import ALL, CATEGORY_FIELD, CATEGORY_NAMES, MEASURE, GuardCategory
from tuner.catalog.metrics import Measure
from tuner.evaluation.guard.checks import passes
from tuner.evaluation.guard.paired_shares import adjusted_interval, score_interval
from tuner.evaluation.statistics.comparison import PairedDifference, compare, mean_and_error
from tuner.evaluation.statistics.slices import slices_by
from tuner.evaluation.statistics.verdict import conclude

_MODELS: tuple[ContestantName, ...] = (BASE, TUNED)
_PASSED = Measure(MEASURE, "Guard questions passed")
# What a tuned model does that is worse or better, by category.
_WORSE: dict[GuardCategory | None, str] = {
    None: "passes fewer guard questions than the base model",
    "knowledge": "lost general knowledge",
    "instructions": "follows instructions less often",
    "harmful": "refuses fewer harmful requests",
    "harmless": "answers fewer harmless requests that sound harmful",
    "system_prompt": "follows its system prompt less often",
    "own": "does worse on the dataset's own guard questions",
}
_BETTER: dict[GuardCategory | None, str] = {
    None: "passes more guard questions than the base model",
    "knowledge": "answers more questions of general knowledge",
    "instructions": "follows instructions more often",
    "harmful": "refuses more harmful requests",
    "harmless": "answers more harmless requests that sound harmful",
    "system_prompt": "follows its system prompt more often",
    "own": "does better on the dataset's own guard questions",
}
_ORDER: dict[VerdictValue, int] = {"worse": 0, "undecided": 1, "better": 2}


def guard_scores(
    questions: Sequence[GuardRecord], answers: Mapping[ContestantName, Iterable[Answer]], seed: int
) -> GuardScores:
    """Grades the answers of both models, and compares the models on all questions and by category."""
    given = {name: {answer.id: answer for answer in answers[name]} for name in _MODELS}
    results = [_result(question, {name: given[name].get(question.id) for name in _MODELS}) for question in questions]
    records = [_record(result) for result in results]
    whole = [record.model_copy(update={"fields": {CATEGORY_FIELD: ALL}}) for record in records]

    def scores_of(part: Sequence[QuestionScores]) -> dict[str, MeasureScores]:
        return {MEASURE: _measured(part, seed)}

    # All questions are one more comparison of the same family: Holm's correction counts it.
    slices = slices_by(CATEGORY_FIELD, [*whole, *records], scores_of)
    found = sorted((_finding(part) for part in slices.slices), key=lambda each: _ORDER[each.value])
    values = [finding.value for finding in found]
    return GuardScores(
        value="worse" if "worse" in values else "better" if "better" in values else "undecided",
        findings=tuple(found),
        metrics=scores_of(records),
        slices=slices,
        questions=tuple(sorted(results, key=lambda result: not result.lost)),
    )


def _result(question: GuardRecord, given: Mapping[ContestantName, Answer | None]) -> GuardResult:
    graded = {}
    for name, answer in given.items():
        text = answer.answer if answer else None
        graded[name] = GuardAnswer(
            answer=text,
            passed=passes(question.check, text),
            input_tokens=answer.input_tokens if answer else None,
            output_tokens=answer.output_tokens if answer else None,
        )
    return GuardResult(
        id=question.id,
        category=question.category,
        question=question.question,
        system=question.system,
        expected=question.right,
        by_contestant=graded,
    )


def _record(result: GuardResult) -> QuestionScores:
    scores = {
        name: AnswerScores(failed=answer.answer is None, measures={MEASURE: float(answer.passed)})
        for name, answer in result.by_contestant.items()
    }
    return QuestionScores(id=result.id, by_contestant=scores, fields={CATEGORY_FIELD: result.category})


def _measured(records: Sequence[QuestionScores], seed: int) -> MeasureScores:
    values = {name: [record.of(name).measures[MEASURE] or 0.0 for record in records] for name in _MODELS}
    difference = _widened(compare(values[BASE], values[TUNED], seed))
    sides = {name: _aggregate(records, name, values[name]) for name in _MODELS}
    return MeasureScores(
        label=_PASSED.label,
        range=_PASSED.range,
        better=_PASSED.better,
        by_contestant=sides,
        difference=difference.mean,
        comparison=difference.comparison,
        conclusion=conclude(_PASSED, difference, sides=[sides[name] for name in _MODELS]),
    )


def _aggregate(records: Sequence[QuestionScores], name: ContestantName, values: Sequence[float]) -> Aggregate:
    failed = sum(record.of(name).failed for record in records)
    mean, error = mean_and_error(values)
    return Aggregate(mean=mean, standard_error=error, n=len(values), missing=failed, failed=failed)


def _widened(found: PairedDifference) -> PairedDifference:
    """The comparison with an interval that covers also those for paired shares, and the larger p-value."""
    if found.interval is None or found.p is None:
        return found
    counts = found.wins, found.losses, found.n
    several = (found.interval, found.p), adjusted_interval(*counts), score_interval(*counts)
    lows, highs = zip(*(interval for interval, _ in several), strict=True)
    return found.model_copy(update={"interval": (min(lows), max(highs)), "p": max(p for _, p in several)})


def _finding(part: Slice) -> GuardFinding:
    """What one category shows, or all questions, in a sentence."""
    scores = part.metrics[MEASURE]
    category: GuardCategory | None = next((name for name in CATEGORY_NAMES if name == part.value), None)
    base, tuned = (round((scores.by_contestant[name].mean or 0) * part.questions) for name in _MODELS)
    counts = f"it passed {tuned:,} of {part.questions:,} questions, the base model {base:,}"
    value = scores.conclusion_value
    if value != "undecided":
        said = (_WORSE if value == "worse" else _BETTER)[category]
        return GuardFinding(category=category, value=value, sentence=f"The tuned model {said}: {counts}.")
    name = CATEGORY_NAMES[category] if category else "all guard questions together"
    if scores.is_mostly_missing and scores.conclusion:
        missing = scores.conclusion.sentence.removeprefix("Undecided: ")
        return GuardFinding(category=category, value=value, sentence=f"Undecided for {name}: {missing}")
    sentence = f"Undecided for {name}: {counts}{_not_excluded(scores, base)}."
    return GuardFinding(category=category, value=value, sentence=sentence)


def _not_excluded(scores: MeasureScores, base: int) -> str:
    """The end of the sentence: how large a loss is not excluded, or why none could be shown."""
    if not base:
        return "; the base model passed none, so no loss can show"
    interval = scores.comparison.interval
    if interval is None:
        return "; there are too few questions to show a difference"
    return f"; a loss of {-interval[0]:.0%} of the questions is not excluded" if interval[0] < 0 else ""
