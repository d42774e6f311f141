"""What the metrics say about themselves: the members of scores.json beside the measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tuner.artifacts.base import Part
from tuner.artifacts.evaluation.metric_details import (
    BertScoreDetails,
    BleuDetails,
    JudgeDetails,
    MetricFacts,
    OneJudge,
    PreferenceDetails,
)
from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.artifacts.evaluation.task_details import ExtractionDetails, ScorerDetails
from tuner.evaluation.metrics import all_metrics
from tuner.evaluation.statistics.confusion import classification_details

# By metric: its facts, and its sums over all answers.
About = Mapping[str, MetricFacts]
Counts = Mapping[str, Mapping[str, int]]

_DETAILS: Mapping[str, type[Part]] = {
    "bertscore": BertScoreDetails,
    "bleu": BleuDetails,
    "preference": PreferenceDetails,
    "extraction": ExtractionDetails,
    "scorer": ScorerDetails,
}

_IN_BATCH = ("in_batch", "batch_input_tokens", "batch_output_tokens")


def scorer_warning(records: Sequence[QuestionScores], about: About, counts: Counts) -> Iterator[str]:
    """A warning with the first problem of the deployer's own scorer."""
    if "scorer" not in about:
        return
    problems = [answer.scorer_problem for record in records for answer in record.by_contestant.values()]
    found = [problem for problem in problems if problem]
    if found:
        yield (
            f"The scorer '{about['scorer'].name}' gave no usable score for {len(found):,} of "
            f"{counts['scorer']['asked']:,} answers: {found[0]}."
        )


def details_of(records: Sequence[QuestionScores], about: About, counts: Counts) -> dict[str, Part]:
    """What the metrics say about themselves, by the member of `Scores`."""
    details: dict[str, Part] = {}
    for name, model in _DETAILS.items():
        facts = about.get(name, MetricFacts())
        known = {**facts.model_dump(exclude_unset=True, exclude={"judges"}), **counts.get(name, {})}
        if known:
            details[name] = model.model_validate(known)
    if labels := classification_details(records):
        details["classification"] = labels
    judged = [name for name in about if all_metrics()[name].needs_judge]
    if judged:
        details["judge"] = _judge_details(judged, about, counts)
    return details


def _judge_details(metrics: Sequence[str], about: About, counts: Counts) -> JudgeDetails:
    """The judge, with the sums over all metrics that asked it."""
    facts = about[metrics[0]]
    together = _one_judge(facts, [counts[name] for name in metrics]).model_dump(exclude_unset=True)
    if not facts.judges:
        return JudgeDetails.model_validate(together)
    each = [
        _one_judge(judge, [counts[counted_by_judge(name, judge.model or "")] for name in metrics])
        for judge in facts.judges
    ]
    return JudgeDetails.model_validate({**together, "each": tuple(each)})


def _one_judge(facts: MetricFacts, counts: Sequence[Mapping[str, int]]) -> OneJudge:
    total = sum(map(Counter, counts), Counter[str]())
    return OneJudge.model_validate(
        {
            **facts.model_dump(exclude_unset=True, exclude={"judges"}),
            "stand_in": total["stand_in"] > 0,
            "asked": total["asked"],
            "missing": total["missing"],
            "input_tokens": total["input_tokens"],
            "output_tokens": total["output_tokens"],
            **{name: total[name] for name in _IN_BATCH if total[name]},
        }
    )


def counted_by_judge(metric: str, model: str) -> str:
    """Where `Counts` has the sums of one of several judges."""
    return f"{metric} by {model}"
