"""Scores a run: reads its evaluation questions and answers from its folder, and writes the scores there."""

from __future__ import annotations

from tuner.artifacts.base import parse
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.answers import EarlyStop, Stopping
from tuner.artifacts.evaluation.contestants import BEST, MAIN
from tuner.artifacts.evaluation.people import (
    PEOPLE,
    UNNAMED,
    PeopleScores,
    ReviewSheet,
    joined,
    people_scores_json,
    read_people_scores,
    sheet_file,
)
from tuner.artifacts.evaluation.scores import Scores
from tuner.aws.s3.guard_questions import guard_answers, guard_questions
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import EvaluationError
from tuner.evaluation.best_run_comparison import with_earlier_runs
from tuner.evaluation.earlier_runs import NONE_EARLIER, best_answers
from tuner.evaluation.encoder.source import EncoderSource
from tuner.evaluation.grading.graded_items import GradedItemSet, match
from tuner.evaluation.grading.grades import grouped, merged
from tuner.evaluation.grading.shards import Shards
from tuner.evaluation.guard.scores import guard_scores
from tuner.evaluation.review.flagged_questions import review_candidates, vocabulary
from tuner.evaluation.review.human_scores import with_people
from tuner.evaluation.review.sampling import draw_sample, flagged_sheet, sample_name
from tuner.evaluation.review.spreadsheet import read_review, review_sheet
from tuner.evaluation.scores import summarize
from tuner.evaluation.statistics.early_stopping import FEWEST_TO_STOP, Looks
from tuner.evaluation.statistics.verdict import with_stopping

REVIEW = "scores/review.csv"
_NO_LOOKS = (
    "evaluation.stop_early had no effect: all questions were asked before the scores could be looked at, because "
    f"fewer than {FEWEST_TO_STOP} independent questions decide nothing early. Add questions, or remove the setting."
)
# The sheet of the questions that are flagged.
FLAGGED = "flagged"
# Without this mark, spreadsheets do not take the file for UTF-8.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def score_shard(folder: RunFolder, shard: int, shard_size: int, encoder: EncoderSource) -> int:
    """Grades one shard of the questions. Returns how many questions it has; a shard after the last one has none."""
    stopping = stopping_of(folder)
    shards = Shards(folder, shard_size, encoder, stopping.asked if stopping else None)
    return len(shards.graded(shard, shards.items_of(shard)).records) if shard < shards.count else 0


def score_run(folder: RunFolder, shard_size: int, encoder: EncoderSource) -> int:
    """Writes scores.json from all shards, and grades those that are not graded yet. Returns the number of questions.

    Raises EvaluationError when there is nothing to score.
    """
    stopping = stopping_of(folder)
    shards = Shards(folder, shard_size, encoder, stopping.asked if stopping else None)
    seed = shards.manifest.settings.evaluation.seed
    scores = scores_of_asked(shards, stopping)
    # When the step is repeated, people may have scored answers already.
    if given := _people_scores(folder):
        scores = with_people(scores, given, _sheets(folder), seed)
    scores = with_earlier_runs(folder, scores, seed)
    # A run that compares with the best earlier run says which run that was, or that there was none.
    if BEST in shards.manifest.contestant_names:
        found = best_answers(folder) if BEST in shards.contestants else None
        said = found.sentence if found else NONE_EARLIER
        scores = scores.model_copy(update={"warnings": (*scores.warnings, said)})
    items = shards.items()
    candidates = review_candidates(items, scores, vocabulary(folder.read_lines(Keys.TRAINING)))
    folder.write(REVIEW, BYTE_ORDER_MARK + review_sheet(items, candidates, scores.samples).encode())
    folder.save(scores.model_copy(update={"review": candidates}))
    _score_guard(folder, seed)
    return len(scores.questions)


def scores_of_asked(shards: Shards, stopping: Stopping | None) -> Scores:
    """The scores of the questions of the shards. `stopping` is given for a run that may stop early."""
    items = shards.items()
    settings = shards.manifest.settings.evaluation
    graded = merged([shards.graded(shard, items) for shard in range(shards.count)])
    every = shards.every_question if stopping else None
    graded = grouped(graded, shards.questions, settings, every)
    looks = Looks.of(stopping)
    scores = summarize(graded, items.warnings, settings.seed, decides=settings.decides, looks=looks)
    if settings.stop_early and not stopping:
        scores = scores.model_copy(update={"warnings": (*scores.warnings, _NO_LOOKS)})
    if stopping:
        scores = scores.model_copy(update={"stopping": stopping, "verdict": with_stopping(scores.verdict, stopping)})
    if shards.task.name != "answer":
        scores = scores.model_copy(update={"task": shards.task})
    return scores


def stopping_of(folder: RunFolder) -> Stopping | None:
    """How many questions a run that may stop early asked; None if its scores were not looked at before the end."""
    found = folder.load_if_present(EarlyStop)
    if found is None:
        return None
    if found.stopping.decided:
        return found.stopping
    return found.stopping.model_copy(update={"asked": found.stopping.questions})


def _score_guard(folder: RunFolder, seed: int) -> None:
    """Writes guard.json for a run that asked guard questions."""
    if questions := guard_questions(folder):
        folder.save(guard_scores(questions, {name: guard_answers(folder, name) for name in MAIN}, seed))


def nothing_flagged(run_id: str) -> EvaluationError:
    """The error of an export without questions."""
    return EvaluationError(
        f"No question is flagged for people. To draw some at random: tuner review export {run_id} --random 60"
    )


def exported_sheet(folder: RunFolder, count: int | None, seed: int = 0) -> tuple[ReviewSheet, GradedItemSet]:
    """A sheet of `count` questions that are drawn at random, or of the flagged ones; and the questions with answers.

    It is written to the run's folder, because it knows which model gave which answer. The same sheet is exported again
    as it was. Raises EvaluationError when there is nothing to review.
    """
    scores = folder.load(Scores)
    name = FLAGGED if count is None else sample_name(count, seed)
    flagged = {candidate.id: None for candidate in scores.review}
    sheet = find_sheet(folder, name)
    if sheet is None:
        questions = [record.id for record in scores.questions]
        each = max((len(record.single_answers) for record in scores.questions), default=1)
        sheet = (
            flagged_sheet(name, flagged, each) if count is None else draw_sample(questions, flagged, count, seed, each)
        )
        if not sheet.first:
            raise nothing_flagged(folder.run_id)
        folder.write(sheet_file(name), sheet.to_json_line().encode())
    answers = {name: [(each.id, each.answer) for each in folder.answers(name) if not each.number] for name in MAIN}
    return sheet, match(folder.load_records(Keys.EVALUATION, EvaluationQuestion), answers)


def merge_review(folder: RunFolder, text: str, file: str = "review.csv", reviewer: str = UNNAMED) -> Scores:
    """Adds the scores of a filled-in review.csv, whose name is `file`, to scores.json, and returns the new scores.

    `reviewer` is who filled it in. Raises EvaluationError, with every finding, when the file cannot be used, or
    when all its scores are of missing answers; then nothing is changed.
    """
    seed, scores = folder.manifest().settings.evaluation.seed, folder.load(Scores)
    known = {record.id for record in scores.questions}
    given = read_review(text, known, file, lambda name: find_sheet(folder, name), reviewer)
    people = joined(_people_scores(folder), given)
    merged_scores = with_earlier_runs(folder, with_people(scores, people, _sheets(folder), seed), seed)
    if merged_scores.people is None or not merged_scores.people.answers:
        raise EvaluationError(
            f"{file}: no score counts, because the models gave no answer to the questions that were scored. A missing "
            "answer counts as the worst score already. Score questions that have an answer."
        )
    folder.write(PEOPLE, people_scores_json(people))
    folder.save(merged_scores)
    return merged_scores


def find_sheet(folder: RunFolder, name: str) -> ReviewSheet | None:
    """A sheet of the run by its name."""
    return next((sheet for sheet in _sheets(folder) if sheet.name == name), None)


def _sheets(folder: RunFolder) -> list[ReviewSheet]:
    names = folder.list(sheet_file("").removesuffix(".json"))  # the beginning of the names of all sheets
    return [parse(ReviewSheet, folder.read(name), folder.uri(name)) for name in names]


def _people_scores(folder: RunFolder) -> PeopleScores:
    return read_people_scores(folder.find(PEOPLE), folder.uri(PEOPLE))
