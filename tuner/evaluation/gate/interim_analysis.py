"""Looks at the scores of the questions that were asked so far, and says whether they decide the gate or the verdict.

Only what stays decided counts: an interval that excludes the bound. `at_least: 6` is met by a mean of 6.01, and 20 more
questions can change that. `not_worse_than` is met where no loss is shown, so it is decided early only if the tuned
model is better, or worse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tuner.artifacts.dataset import DatasetSummary
from tuner.artifacts.evaluation.answers import EarlyStop, Stopping
from tuner.artifacts.evaluation.contestants import TUNED
from tuner.artifacts.evaluation.gate import GateDecision
from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.artifacts.evaluation.scores import Scores
from tuner.aws.s3.run_folder import RunFolder
from tuner.evaluation.encoder.source import EncoderSource
from tuner.evaluation.gate.batches import batches, next_batch
from tuner.evaluation.gate.rules import GateComparisons, decide_gate
from tuner.evaluation.grading.shards import Shards
from tuner.evaluation.metrics import measures
from tuner.evaluation.score_run import scores_of_asked
from tuner.evaluation.statistics.comparison import compare
from tuner.evaluation.statistics.early_stopping import FEWEST_TO_STOP, Looks
from tuner.settings import GateRule


def look(folder: RunFolder, shard_size: int, encoder: EncoderSource, batch: tuple[int, ...]) -> tuple[int, ...]:
    """Grades a batch of questions, and returns the next batch to ask; none if nothing more has to be asked.

    The last batch is not graded here: nothing could be saved any more, and the tuned model is paid for by the hour.
    """
    summary = folder.load(DatasetSummary)
    known = batches(summary, shard_size, FEWEST_TO_STOP)
    following = next_batch(known, batch)
    if not following:
        return ()
    questions = summary.evaluation_records
    stopping = Stopping(
        questions=questions,
        units=summary.groups.groups if summary.groups else questions,
        asked=min(questions, (batch[-1] + 1) * shard_size),
        looks=known.index(batch) + 1,
        decided=True,
    )
    shards = Shards(folder, shard_size, encoder, stopping.asked)
    scores = scores_of_asked(shards, stopping)
    decided = is_decided(scores, shards.manifest.settings.gate, Looks(stopping.units, complete=False))
    folder.save(EarlyStop(stopping=stopping.model_copy(update={"decided": decided})))
    return () if decided else following


def is_decided(scores: Scores, gate: Mapping[str, GateRule], looks: Looks) -> bool:
    """Whether the questions so far decide the gate, or the verdict of a run without a gate.

    One broken rule rejects the model, so the others do not matter then.
    """
    if not gate:
        return scores.verdict.value in ("better", "worse")
    decisions = [decision for name, rule in gate.items() for decision in _decisions(name, rule, scores, looks)]
    return "rejected" in decisions or all(decision == "accepted" for decision in decisions)


def _decisions(name: str, rule: GateRule, scores: Scores, looks: Looks) -> Iterator[GateDecision]:
    """What each condition of a rule comes to; undecided where more questions can change it."""
    found = scores.metrics.get(name, MeasureScores())
    for bound, sign in ((rule.at_least, 1), (rule.at_most, -1)):
        if bound is not None:
            yield _of_bound(name, found, scores.questions, (bound, sign), looks)
    if rule.better_than:
        yield _compared(name, GateRule(better_than="base"), rule.better_than, scores)
    if rule.not_worse_than:
        shown = _compared(name, GateRule(not_worse_than="base"), rule.not_worse_than, scores)
        yield shown if found.conclusion_value in ("better", "worse") else "undecided"
    if rule.not_worse_by:
        margin = rule.not_worse_by.model_copy(update={"than": "base"})
        yield _compared(name, GateRule(not_worse_by=margin), rule.not_worse_by.than, scores)
    if rule.each or rule.unknown_conditions:
        # Slices have few questions each, and this version does not know the other conditions.
        yield "undecided"


def _compared(name: str, rule: GateRule, than: str, scores: Scores) -> GateDecision:
    """A comparison with the base model. That with the best earlier run is made in the end only."""
    found = decide_gate({name: rule}, GateComparisons.of(scores)) if than == "base" else None
    return found.decision if found and found.decision != "none" else "undecided"


def _of_bound(
    name: str, found: MeasureScores, records: tuple[QuestionScores, ...], bound: tuple[float, int], looks: Looks
) -> GateDecision:
    """Whether the interval of the tuned model's mean is on one side of a bound."""
    limit, sign = bound
    known = measures().get(name)
    if known is None or known.of_all_answers or found.better is None:
        return "undecided"
    answers = [(record, record.of(TUNED).counted(name, known.worst)) for record in records]
    values = [float(value) for _, value in answers if value is not None]
    groups = [record.unit for record, value in answers if value is not None]
    mean = compare([limit] * len(values), values, 0, groups, looks.within(found.range))
    if not mean.differs or mean.mean is None:
        return "undecided"
    return "accepted" if mean.mean * sign > 0 else "rejected"
