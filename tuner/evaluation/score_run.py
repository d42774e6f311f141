"""Scores a run: reads its evaluation questions and answers from its folder, and writes the scores there."""

from __future__ import annotations

from tuner.artifacts.evaluation.judgments import PEOPLE, PeopleScores, people_scores_json, read_people_scores
from tuner.artifacts.evaluation.scores import Scores
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.evaluation.encoder.files import EncoderSource
from tuner.evaluation.judging.human_scores import with_human_scores
from tuner.evaluation.judging.review import read_review, review_candidates, review_sheet, vocabulary
from tuner.evaluation.previous_best import with_earlier_runs
from tuner.evaluation.scores import grouped, merged, summarize
from tuner.evaluation.shards import Shards

REVIEW = "scores/review.csv"
# Without this mark, spreadsheets do not take the file for UTF-8.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def score_shard(folder: RunFolder, shard: int, shard_size: int, encoder: EncoderSource) -> int:
    """Grades one shard of the questions. Returns how many questions it has; a shard after the last one has none."""
    shards = Shards(folder, shard_size, encoder)
    return len(shards.graded(shard, shards.samples_of(shard)).records) if shard < shards.count else 0


def score_run(folder: RunFolder, shard_size: int, encoder: EncoderSource) -> int:
    """Writes scores.json from all shards, and grades those that are not graded yet. Returns the number of questions.

    Raises EvaluationError when there is nothing to score.
    """
    shards = Shards(folder, shard_size, encoder)
    samples = shards.samples()
    settings = shards.manifest.settings.evaluation
    graded = merged([shards.graded(shard, samples) for shard in range(shards.count)])
    graded = grouped(graded, shards.questions, settings)
    seed = settings.seed
    scores = summarize(graded, samples.warnings, seed, decides=settings.decides)
    if shards.task.name != "answer":
        scores = scores.model_copy(update={"task": shards.task})
    # When the step is repeated, people may have scored answers already.
    if given := _people_scores(folder):
        scores = with_human_scores(scores, given, seed)
    scores = with_earlier_runs(folder, scores, seed)
    candidates = review_candidates(samples, scores, vocabulary(folder.read_lines(Keys.TRAINING)))
    folder.write(REVIEW, _BYTE_ORDER_MARK + review_sheet(samples, candidates).encode())
    folder.save(scores.model_copy(update={"review": candidates}))
    return len(graded.records)


def merge_review(folder: RunFolder, text: str, file: str = "review.csv") -> Scores:
    """Puts the scores of a filled-in review.csv, whose name is `file`, into scores.json, and returns the new scores.

    Raises EvaluationError, with every finding, when the file cannot be used; then nothing is changed.
    """
    seed, scores = folder.manifest().settings.evaluation.seed, folder.load(Scores)
    given = read_review(text, {record.id for record in scores.questions}, file)
    people = _people_scores(folder) | given
    merged_scores = with_earlier_runs(folder, with_human_scores(scores, people, seed), seed)
    folder.write(PEOPLE, people_scores_json(people))
    folder.save(merged_scores)
    return merged_scores


def _people_scores(folder: RunFolder) -> PeopleScores:
    return read_people_scores(folder.find(PEOPLE), folder.uri(PEOPLE))
