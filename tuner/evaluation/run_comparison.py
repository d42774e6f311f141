"""Compares the tuned models, or other contestants, of two runs on the questions that both runs asked."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.artifacts.dataset import QuestionGroups
from tuner.artifacts.evaluation.contestants import BASE, TUNED, ContestantName, title_of
from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.evaluation.question_scores import AnswerScores, QuestionScores
from tuner.artifacts.evaluation.scores import Scores
from tuner.core.errors import EvaluationError
from tuner.evaluation.grading.grades import Graded
from tuner.evaluation.scores import facts_of_scorer, summarize
from tuner.evaluation.statistics.early_stopping import Looks
from tuner.evaluation.statistics.slices import correct_together
from tuner.evaluation.statistics.verdict import Names

# Scores of another judge or encoder are on another scale. These are the first letters of their measures' names.
_OF_THE_JUDGE = ("correctness", "preference")
_OF_THE_ENCODER = ("bertscore",)
_OF_THE_SCORER = ("scorer",)
# The judge compared the answers of base and tuned model, and never those of two runs.
_PAIRWISE = ("preference",)


def compare_runs(
    earlier: Scores,
    later: Scores,
    names: tuple[str, str],
    seed: int = 0,
    contestants: tuple[ContestantName, ContestantName] = (TUNED, TUNED),
) -> Scores:
    """Scores with `earlier`'s tuned model as base and `later`'s tuned model as tuned. `names` are the runs' names.

    `contestants` are others of the two runs, in place of their tuned models. Two questions are the same when their ids
    are, which are made of question and reference. Preference is left out, and so are scores by different judges or
    encoders. Raises EvaluationError when the runs share no question.
    """
    before = {record.id: record.of(contestants[0]) for record in earlier.questions}
    shared = [record for record in later.questions if record.id in before]
    if not shared:
        raise EvaluationError(
            f"The runs {names[0]} and {names[1]} share no evaluation question, so their scores cannot be compared. "
            "Give both datasets the same evaluation file."
        )
    incomparable, warnings = _other_scales(earlier, later, names)
    records = [
        QuestionScores(
            id=record.id,
            by_contestant={
                BASE: _without(before[record.id], incomparable),
                TUNED: _without(record.of(contestants[1]), incomparable),
            },
            **({"label": record.label} if record.label is not None else {}),
            **({"group": record.group} if record.group is not None else {}),
        )
        for record in shared
    ]
    # The larger run decides: it is the one that has questions which the other one lacks.
    left_out = max(len(before), len(later.questions)) - len(shared)
    if left_out:
        warnings.append(f"Compared on the {len(shared)} questions that both runs asked; {left_out} left out.")
    one, other = (f"{title_of(who)} of {name}" for who, name in zip(contestants, names, strict=True))
    models = Names(one, other)
    graded = Graded(tuple(records), {}, {}, _groups(later, records))
    looks = Looks.of(later.stopping or earlier.stopping)
    return summarize(graded, warnings, seed, models, later.decides, facts_of_scorer(later), looks)


def corrected(found: Sequence[Scores]) -> tuple[Scores, ...]:
    """Comparisons with the same run, with conclusions that are corrected for their number."""
    if len(found) < 2:
        return tuple(found)
    metrics = [dict(scores.metrics) for scores in found]
    for measure in dict.fromkeys(name for each in metrics for name in each):
        correct_together(measure, metrics, "comparisons", Names(groups=found[0].groups))
    return tuple(_with_metrics(scores, each) for scores, each in zip(found, metrics, strict=True))


def _with_metrics(scores: Scores, metrics: dict[str, MeasureScores]) -> Scores:
    """The scores with these metrics, and with a verdict that says what the deciding one says."""
    verdict, decides = scores.verdict, metrics.get(scores.verdict.metric or "")
    if decides and decides.conclusion and decides.conclusion_value != verdict.value:
        verdict = verdict.model_copy(update=dict(decides.conclusion))
    return scores.model_copy(update={"metrics": metrics, "verdict": verdict})


def _groups(later: Scores, records: Sequence[QuestionScores]) -> QuestionGroups | None:
    """The groups of the shared questions, as the later run found them."""
    count = len({record.unit for record in records})
    if later.groups is None or count == len(records):
        return None
    return later.groups.model_copy(update={"questions": len(records), "groups": count})


def _other_scales(earlier: Scores, later: Scores, names: tuple[str, str]) -> tuple[tuple[str, ...], list[str]]:
    """The first letters of the measures that cannot be compared, and a warning for each scale."""
    judges = (_judges(earlier), _judges(later))
    encoders = (earlier.bertscore and earlier.bertscore.model, later.bertscore and later.bertscore.model)
    scorers = (_scorer(earlier), _scorer(later))
    incomparable: tuple[str, ...] = _PAIRWISE
    warnings = []
    for (one, other), measures in ((judges, _OF_THE_JUDGE), (encoders, _OF_THE_ENCODER), (scorers, _OF_THE_SCORER)):
        if one != other:
            incomparable += measures
            used = f"{names[0]} used {one or 'none'}, {names[1]} used {other or 'none'}"
            warnings.append(f"{' and '.join(measures)} left out, because the scores have different scales: {used}.")
    return incomparable, warnings


def _judges(scores: Scores) -> str | None:
    """The judges and how they were asked: the same judge may grade otherwise when it is asked for text."""
    each = scores.judge.all if scores.judge else ()
    names = [f"{judge.name} (asked for JSON as text)" if judge.as_text else judge.name for judge in each]
    return ", ".join(dict.fromkeys(names)) or None


def _scorer(scores: Scores) -> str | None:
    """The deployer's own scorer with its range: scores of different ranges are not comparable."""
    return f"{scores.scorer.name} ({scores.scorer.range[0]:g} to {scores.scorer.range[1]:g})" if scores.scorer else None


def _without(answer: AnswerScores, incomparable: tuple[str, ...]) -> AnswerScores:
    """The answer without these measures, and without the judge's reasons for them."""
    members = {name: getattr(answer, name) for name in answer.model_fields_set if not name.startswith(incomparable)}
    kept = {name: value for name, value in answer.measures.items() if not name.startswith(incomparable)}
    return AnswerScores(**{**members, "measures": kept})
