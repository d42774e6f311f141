"""Finds the earlier runs with the same questions: how many were decided by them, and the best one to compare with."""

from __future__ import annotations

from tuner.artifacts.evaluation.scores import PreviousBest, Scores, SetReuse
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import ArtifactError
from tuner.evaluation.earlier_runs import MOST_ATTEMPTS, best_first, earlier_runs
from tuner.evaluation.run_comparison import compare_runs
from tuner.evaluation.statistics.verdict import deciding_measures


def with_earlier_runs(folder: RunFolder, scores: Scores, seed: int = 0) -> Scores:
    """The scores with the members `earlier`, and `reuse` where the questions decided before.

    They decided every run that has a verdict. Without a gate, people decide by the verdict.
    """
    decided = sum(summary.verdict.metric is not None for summary in earlier_runs(folder))
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
    ranked = list(best_first(earlier_runs(folder), measure, scores.metrics[measure].better))
    for summary in ranked[:MOST_ATTEMPTS]:
        earlier = _scores_of(folder.sibling(summary.run_id))
        if earlier is None:
            continue
        found = compare_runs(earlier, scores, (summary.run_id, folder.run_id), seed)
        if measure in found.metrics:
            return PreviousBest(
                run_id=summary.run_id,
                ended_at=summary.ended_at,
                chosen_of=len(ranked),
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
