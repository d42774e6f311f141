"""Finds the earlier runs with the same questions: how often these decided a gate, and the best run to compare with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.scores import PreviousBest, Scores, SetReuse
from tuner.artifacts.report.run_summary import RunSummary, questions_digest
from tuner.aws.s3.run_folder import RunFolder
from tuner.aws.s3.run_summaries import run_summaries
from tuner.core.artifact_keys import Keys
from tuner.core.errors import ArtifactError
from tuner.evaluation.run_comparison import compare_runs
from tuner.evaluation.statistics.verdict import deciding_measures

# The part of a run's id that is not of the dataset: see core/run.py.
_RUN_SUFFIX = re.compile(r"-[0-9a-f]{12}(-r\d+)?$")
# Each attempt reads another run's scores.json.
_MOST_ATTEMPTS = 5
_DECIDED = ("accepted", "rejected", "undecided")


def with_earlier_runs(folder: RunFolder, scores: Scores, seed: int = 0) -> Scores:
    """The scores with the members `earlier`, and `reuse` where the questions decided a gate before."""
    decided = sum(summary.gate in _DECIDED for summary in _earlier_runs(folder))
    reuse = {"reuse": SetReuse(earlier_decisions=decided)} if decided else {}
    return scores.model_copy(update={"earlier": previous_best(folder, scores, seed), **reuse})


def previous_best(folder: RunFolder, scores: Scores, seed: int = 0) -> PreviousBest | None:
    """The measures of the run's tuned model, with the tuned model of the best earlier run as base; None without one.

    The best one is the run of the same dataset with the best mean by the measure that decides. It must have succeeded
    before, with the same questions and scores on the same scale. Where a preference decides the verdict, the next
    measure is taken, because the judge never compared the answers of two runs.
    """
    measures = deciding_measures(scores.metrics, len(scores.questions), scores.decides)
    measure = next((name for name in measures if name != "preference"), None)
    if measure is None:
        return None
    rivals = list(_rivals(folder, measure, scores.metrics[measure].better))
    for rival in rivals[:_MOST_ATTEMPTS]:
        earlier = _scores_of(folder.sibling(rival.run_id))
        if earlier is None:
            continue
        found = compare_runs(earlier, scores, (rival.run_id, folder.run_id), seed)
        if measure in found.metrics:
            return PreviousBest(
                run_id=rival.run_id,
                ended_at=rival.ended_at,
                chosen_of=len(rivals),
                metrics=found.metrics,
                warnings=found.warnings,
            )
    return None


def _scores_of(folder: RunFolder) -> Scores | None:
    """A run's scores. None where it has none that this version can read: then the next best run is taken."""
    try:
        return folder.load_if_present(Scores)
    except ArtifactError:
        return None


def _rivals(folder: RunFolder, measure: str, better: str | None) -> Iterator[RunSummary]:
    """The runs to compare with, the best one first."""
    sign = 1 if better == "lower" else -1
    means = [(summary.scores[measure].tuned, summary) for summary in _earlier_runs(folder) if measure in summary.scores]
    ranked = [(sign * mean, summary.run_id, summary) for mean, summary in means if mean is not None]
    yield from (summary for _, _, summary in sorted(ranked, key=lambda entry: entry[:2]))


def _earlier_runs(folder: RunFolder) -> Iterator[RunSummary]:
    """The runs of the same dataset that succeeded before, with the same questions."""
    dataset = folder.manifest().dataset
    # The ids of a dataset's runs begin alike, and so do those of other datasets: `faq-` and `faq-old-`.
    found = run_summaries(folder, _RUN_SUFFIX.sub("-", folder.run_id))
    known = [summary for summary in found if summary.dataset == dataset]
    own = next((summary for summary in known if summary.run_id == folder.run_id), None)
    questions = folder.load_records(Keys.EVALUATION, EvaluationQuestion)
    digest = questions_digest(question.id for question in questions)
    for summary in known:
        # A run that people score later has runs after it, which were not there when it ended.
        is_earlier = own is None or summary.ended_at < own.ended_at
        succeeded = summary.run_id != folder.run_id and summary.status == "SUCCEEDED"
        if succeeded and is_earlier and summary.questions_digest == digest:
            yield summary
