"""Scores a run: its evaluation questions and both models' answers, from its folder and back into it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from tuner.aws.run_folder import RunFolder
from tuner.evaluation.exam import MODELS, Exam, Question, match
from tuner.evaluation.judge import CONCURRENCY, Judge, Verdicts, instructions
from tuner.evaluation.language import detect
from tuner.evaluation.metrics import Equipment, Metric, chosen
from tuner.evaluation.pacing import Pacer
from tuner.evaluation.people import with_people
from tuner.evaluation.review import candidates, human_scores, listed, sheet, vocabulary
from tuner.evaluation.scores import Graded, grade, merged, summarize
from tuner.run import Keys, Manifest

REVIEW = "scores/review.csv"
PEOPLE = "scores/people.json"


def score_shard(folder: RunFolder, shard: int, shard_size: int, packaged_encoder: str) -> int:
    """Grades one shard of the questions and returns how many that are; a shard past the last has none."""
    work = _Work(folder, shard_size, packaged_encoder)
    return len(work.graded(shard).records) if shard < work.shards else 0


def score_run(folder: RunFolder, shard_size: int, packaged_encoder: str) -> int:
    """Writes scores.json from all shards, grading those that are not graded yet. Returns the number of questions.

    Raises EvaluationError when there is nothing to score.
    """
    work = _Work(folder, shard_size, packaged_encoder)
    whole = merged([work.graded(shard) for shard in range(work.shards)])
    settings = work.manifest.settings
    document = summarize(whole, work.exam.warnings, settings.evaluation.seed, settings.gate)
    if given := folder.find_json(PEOPLE):
        document = with_people(document, given, settings.evaluation.seed, settings.gate)
    for_people = candidates(work.exam, document, vocabulary(_texts(folder.read_lines(Keys.TRAINING))))
    document["review"] = listed(for_people)
    folder.write(REVIEW, b"\xef\xbb\xbf" + sheet(work.exam, for_people).encode())  # a spreadsheet needs the mark
    folder.write_json(Keys.SCORES, document)
    return len(whole.records)


def merge_review(folder: RunFolder, text: str) -> dict[str, Any]:
    """Puts the scores of a filled-in review.csv into scores.json, and returns that.

    Raises EvaluationError, with every finding, when the file cannot be used; then nothing is changed.
    """
    settings, document = folder.manifest().settings, folder.read_json(Keys.SCORES)
    given = human_scores(text, {record["id"] for record in document["questions"]})
    people = (folder.find_json(PEOPLE) or {}) | given
    summed = with_people(document, people, settings.evaluation.seed, settings.gate)
    folder.write_json(PEOPLE, people)
    folder.write_json(Keys.SCORES, summed)
    return summed


def _texts(records: Iterable[Any]) -> Iterator[str]:
    """Every text in JSON records, however deep, names of members left out."""
    for value in records:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _texts(value.values())
        elif isinstance(value, list):
            yield from _texts(value)


class _Work:
    """One run's grading, shard by shard; what is graded already is not graded again."""

    def __init__(self, folder: RunFolder, shard_size: int, packaged_encoder: str) -> None:
        self.folder = folder
        self.manifest = folder.manifest()
        self.exam: Exam = match(folder.read_lines(Keys.EVALUATION), {model: folder.answers(model) for model in MODELS})
        self.metrics: Sequence[Metric] = chosen(self.manifest.settings.evaluation.metrics)
        self._size = shard_size
        self._pacer = Pacer(CONCURRENCY)  # what one shard learns about the judge's quota serves the next
        self._equipment = _equipment(self.manifest, self.exam, packaged_encoder)

    @property
    def shards(self) -> int:
        """How many shards there are."""
        return -(-len(self.exam.questions) // self._size)

    def graded(self, shard: int) -> Graded:
        """One shard's grades: those in the folder if they are of the same answers and settings, else made now."""
        questions = self.exam.questions[shard * self._size : (shard + 1) * self._size]
        name = f"scores/shards/{shard:05d}.json"
        fingerprint = self._fingerprint(questions)
        known = self.folder.find_json(name)
        if known is not None and known["fingerprint"] == fingerprint:
            return Graded(tuple(known["records"]), known["about"], known["counts"])
        with _remembered(self.folder, shard) as verdicts:
            made = grade(questions, self.metrics, self._with_judge(verdicts))
        self.folder.write_json(name, {"fingerprint": fingerprint, **asdict(made)})
        return made

    def _with_judge(self, verdicts: Verdicts) -> Equipment:
        judge = Judge(self.manifest.judge_model, self.manifest.settings.judge, verdicts, pacer=self._pacer)
        return Equipment(judge, self._equipment.encoder, self._equipment.layer, self._equipment.language)

    def _fingerprint(self, questions: Sequence[Question]) -> str:
        settings = self.manifest.settings
        parts: list[Any] = [
            [asdict(question) for question in questions],
            [metric.name for metric in self.metrics],
            [
                self.manifest.judge_model,
                settings.judge.model_dump(),
                *map(instructions, ("rubric.md", "preference.md")),
            ],
            [self._equipment.encoder, self._equipment.layer, self._equipment.language],
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _equipment(manifest: Manifest, exam: Exam, packaged_encoder: str) -> Equipment:
    settings = manifest.settings
    language = settings.evaluation.language or detect(question.reference for question in exam.questions)
    encoder = settings.bertscore.model or packaged_encoder
    return Equipment(encoder=encoder, layer=settings.bertscore.layer, language=language)


@contextmanager
def _remembered(folder: RunFolder, shard: int) -> Iterator[Verdicts]:
    """The shard's verdicts from earlier attempts; what is added is kept also when the grading fails half-way."""
    name = f"scores/verdicts/{shard:05d}.json"
    verdicts: Verdicts = folder.find_json(name) or {}
    known = len(verdicts)
    try:
        yield verdicts
    finally:
        if len(verdicts) > known:
            folder.write_json(name, verdicts)
