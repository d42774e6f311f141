"""Finds the earlier runs with the same questions, and the answers of the best one: the contestant `best`.

Without numpy: the step that answers the questions uses it too.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.evaluation.contestants import BEST, TUNED
from tuner.artifacts.report.run_summary import RunSummary, questions_digest
from tuner.aws.s3.run_folder import RunFolder
from tuner.aws.s3.run_summaries import run_summaries
from tuner.catalog.tasks import DECIDING
from tuner.core.artifact_keys import Keys
from tuner.core.errors import ArtifactError

# The part of a run's id that is not of the dataset: see core/run.py.
_RUN_SUFFIX = re.compile(r"-[0-9a-f]{12}(-r\d+)?$")
# Each attempt reads another run's files.
MOST_ATTEMPTS = 5
NONE_EARLIER = (
    "compare_with: best: there is no earlier run of this dataset that succeeded with the same evaluation questions and "
    "has an answer to each. So the tuned model is not compared with one. The next run can be compared with this one."
)


def earlier_runs(folder: RunFolder) -> Iterator[RunSummary]:
    """The runs of the same dataset that succeeded before, with the same questions."""
    dataset = folder.manifest().dataset
    # The ids of a dataset's runs begin alike, and so do those of other datasets: `faq-` and `faq-old-`.
    found = run_summaries(folder, _RUN_SUFFIX.sub("-", folder.run_id))
    known = [summary for summary in found if summary.dataset == dataset]
    own = next((summary for summary in known if summary.run_id == folder.run_id), None)
    digest = questions_digest(question.id for question in _questions(folder))
    for summary in known:
        # A run that people score later has runs after it, which were not there when it ended.
        is_earlier = own is None or summary.ended_at < own.ended_at
        succeeded = summary.run_id != folder.run_id and summary.status == "SUCCEEDED"
        if succeeded and is_earlier and summary.questions_digest == digest:
            yield summary


def best_first(runs: Iterable[RunSummary], measure: str, better: str | None) -> Iterator[RunSummary]:
    """The runs by the mean of their tuned models, the best one first."""
    sign = 1 if better == "lower" else -1
    means = [(summary.scores[measure].tuned, summary) for summary in runs if measure in summary.scores]
    ranked = [(sign * mean, summary.run_id, summary) for mean, summary in means if mean is not None]
    yield from (summary for _, _, summary in sorted(ranked, key=lambda entry: entry[:2]))


@dataclass(frozen=True, slots=True)
class BestAnswers:
    """The answers that the tuned model of the best earlier run gave, by the id of the question and their number."""

    run_id: str
    chosen_of: int
    answers: dict[tuple[str, int], Answer]

    @property
    def sentence(self) -> str:
        """The run whose answers are compared, and what its selection means for its scores."""
        chosen = (
            f", which was chosen as the best of {self.chosen_of} by these questions, so its score is probably too high"
            if self.chosen_of > 1
            else ""
        )
        return f"compare_with: best: the answers are those of the tuned model of {self.run_id}{chosen}."


def best_answers(folder: RunFolder) -> BestAnswers | None:
    """The answers of the best run that had ended when this one started; None without one.

    The best one has the best mean by the measure that decides. It must have answered all questions, each as often as
    this run asks it: a run that stopped early, or whose files are gone, is passed over. Later attempts of the step find
    the same run.
    """
    manifest = folder.manifest()
    settings = manifest.settings.evaluation
    asked = set(_keys(_questions(folder), settings.samples))
    started = dt.datetime.fromisoformat(manifest.started_at)
    # `ended_at` is in whole seconds and rounded down, so a run that ended in this one's first second is earlier too.
    known = [summary for summary in earlier_runs(folder) if dt.datetime.fromisoformat(summary.ended_at) <= started]
    measure = _deciding(known, settings.decides)
    if measure is None:
        return None
    better = next(summary.scores[measure].better for summary in known if measure in summary.scores)
    ranked = list(best_first(known, measure, better))
    for summary in ranked[:MOST_ATTEMPTS]:
        answers = _answers(folder.sibling(summary.run_id))
        if asked <= answers.keys():
            return BestAnswers(summary.run_id, len(ranked), answers)
    return None


def copy_best_answers(folder: RunFolder, shards: Sequence[int], size: int) -> tuple[int, int]:
    """Writes the shards of the answers of `best`. Nobody is asked. Returns how many are answers, and how many failed.

    Without an earlier run, nothing is written: then the run has no such contestant.
    """
    found = best_answers(folder)
    if found is None:
        return 0, 0
    questions, samples = _questions(folder), folder.manifest().settings.evaluation.samples
    copied = []
    for shard in shards:
        asked = _keys(questions[shard * size : (shard + 1) * size], samples)
        answers = [found.answers[key] for key in asked]
        folder.save_records(Keys.answers(BEST, shard), answers)
        copied += answers
    failed = sum(answer.answer is None for answer in copied)
    return len(copied) - failed, failed


def _questions(folder: RunFolder) -> list[EvaluationQuestion]:
    return list(folder.load_records(Keys.EVALUATION, EvaluationQuestion))


def _keys(questions: Iterable[EvaluationQuestion], samples: int) -> Iterator[tuple[str, int]]:
    """The ids of the questions, each with the numbers of its answers."""
    return ((question.id, number) for question in questions for number in range(samples))


def _deciding(runs: Sequence[RunSummary], decides: str | None) -> str | None:
    """The measure to choose by. The judge never compared the answers of two runs, so no preference."""
    measured = {name for summary in runs for name in summary.scores}
    usable = (decides,) if decides and decides != "preference" else DECIDING
    return next((name for name in usable if name in measured and name != "preference"), None)


def _answers(folder: RunFolder) -> dict[tuple[str, int], Answer]:
    """A run's tuned answers. Empty where this version cannot read them: then the next best run is taken."""
    try:
        return {(answer.id, answer.number): answer for answer in folder.answers(TUNED)}
    except ArtifactError:
        return {}
