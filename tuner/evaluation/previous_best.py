"""The dataset's best earlier run, and the tuned model measured by it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tuner.artifacts.run_summary import RunSummary, questions_digest
from tuner.aws.s3.run_folder import RunFolder
from tuner.aws.s3.run_summaries import run_summaries
from tuner.core.artifact_keys import Keys
from tuner.evaluation.run_comparison import compare_runs
from tuner.evaluation.statistics.verdict import deciding

_RUN_SUFFIX = re.compile(r"-[0-9a-f]{12}(-r\d+)?$")
_MOST_TRIED = 5


def best_earlier(folder: RunFolder, document: Mapping[str, Any], seed: int = 0) -> dict[str, Any] | None:
    """{"run_id", "ended_at", "metrics", "warnings"}: the metrics of scores.json with the earlier tuned model as base.

    It is the run of the same dataset with the best mean by the measure that decides, among those that succeeded before,
    were asked the same questions and were scored on the same scale. None when there is none. Where a preference decides
    the verdict, the next measure in line is taken: the judge never saw these two answers side by side.
    """
    metrics = document["metrics"]
    measured = deciding(metrics, len(document["questions"]))
    metric = next((name for name in measured if name != "preference"), None)
    if metric is None:
        return None
    for rival in list(_rivals(folder, metric, metrics[metric]["better"]))[:_MOST_TRIED]:
        scores = folder.sibling(rival.run_id).find_json(Keys.SCORES)
        if scores is None:
            continue
        found = compare_runs(scores, document, (rival.run_id, folder.run_id), seed)
        if metric in found["metrics"]:
            named = {"run_id": rival.run_id, "ended_at": rival.ended_at}
            return {**named, "metrics": found["metrics"], "warnings": found["warnings"]}
    return None


def _rivals(folder: RunFolder, metric: str, better: str | None) -> Iterator[RunSummary]:
    """Summaries of the runs to compare with, the best first."""
    known = run_summaries(folder, _RUN_SUFFIX.sub("-", folder.run_id))
    own = next((card for card in known if card.run_id == folder.run_id), None)
    digest = questions_digest(record["id"] for record in folder.read_lines(Keys.EVALUATION))
    scored = [
        (card.scores[metric].tuned, card)
        for card in known
        if card.run_id != folder.run_id
        and card.status == "SUCCEEDED"
        and card.questions_digest == digest
        and metric in card.scores
        and (own is None or card.ended_at < own.ended_at)  # a run that is scored anew by people has later ones too
    ]
    sign = 1 if better == "lower" else -1
    ranked = sorted((sign * mean, card.run_id, card) for mean, card in scored if mean is not None)
    yield from (card for _, _, card in ranked)
