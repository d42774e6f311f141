"""Scores a run: its evaluation questions and both models' answers, from its folder and back into it."""

from __future__ import annotations

from typing import Any

from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.evaluation.encoder.files import EncoderSource
from tuner.evaluation.judging.human_scores import with_people
from tuner.evaluation.judging.review import candidates, human_scores, listed, sheet, vocabulary
from tuner.evaluation.previous_best import best_earlier
from tuner.evaluation.scores import merged, summarize
from tuner.evaluation.shards import Shards

REVIEW = "scores/review.csv"
PEOPLE = "scores/people.json"


def score_shard(folder: RunFolder, shard: int, shard_size: int, encoder: EncoderSource) -> int:
    """Grades one shard of the questions and returns how many that are; a shard past the last has none."""
    shards = Shards(folder, shard_size, encoder)
    return len(shards.graded(shard, shards.part(shard)).records) if shard < shards.count else 0


def score_run(folder: RunFolder, shard_size: int, encoder: EncoderSource) -> int:
    """Writes scores.json from all shards, grading those that are not graded yet. Returns the number of questions.

    Raises EvaluationError when there is nothing to score.
    """
    shards = Shards(folder, shard_size, encoder)
    exam = shards.exam()
    whole = merged([shards.graded(shard, exam) for shard in range(shards.count)])
    settings = shards.manifest.settings
    document = summarize(whole, exam.warnings, settings.evaluation.seed)
    if given := folder.find_json(PEOPLE):
        document = with_people(document, given, settings.evaluation.seed)
    document["earlier"] = best_earlier(folder, document, settings.evaluation.seed)
    for_people = candidates(exam, document, vocabulary(folder.read_lines(Keys.TRAINING)))
    document["review"] = listed(for_people)
    folder.write(REVIEW, b"\xef\xbb\xbf" + sheet(exam, for_people).encode())  # a spreadsheet needs the mark
    folder.write_json(Keys.SCORES, document)
    return len(whole.records)


def merge_review(folder: RunFolder, text: str, file: str = "review.csv") -> dict[str, Any]:
    """Puts the scores of a filled-in review.csv, `file`, into scores.json, and returns that.

    Raises EvaluationError, with every finding, when the file cannot be used; then nothing is changed.
    """
    settings, document = folder.manifest().settings, folder.read_json(Keys.SCORES)
    given = human_scores(text, {record["id"] for record in document["questions"]}, file)
    people = (folder.find_json(PEOPLE) or {}) | given
    summed = with_people(document, people, settings.evaluation.seed)
    summed["earlier"] = best_earlier(folder, summed, settings.evaluation.seed)
    folder.write_json(PEOPLE, people)
    folder.write_json(Keys.SCORES, summed)
    return summed
