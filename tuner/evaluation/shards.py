"""One run's grading, shard by shard: each can be done by another invocation, and none is done twice."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from tuner.artifacts.contestants import CONTESTANTS, ContestantName
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.evaluation.encoder.files import EncoderSource
from tuner.evaluation.judging.judge import CONCURRENCY, Judge, Verdicts, instructions
from tuner.evaluation.language import detect
from tuner.evaluation.metrics import Equipment, chosen
from tuner.evaluation.samples import Exam, Question, match
from tuner.evaluation.scores import Graded, grade

_SECONDS = 12 * 60
"""A function may run for 15 minutes: one that is stopped could not keep the verdicts it got."""


class Shards:
    """A run's evaluation questions, `size` to a shard, and the grades of each shard in the run's folder."""

    def __init__(self, folder: RunFolder, size: int, encoder: EncoderSource) -> None:
        self.folder = folder
        self.manifest = folder.manifest()
        self._records = list(folder.read_lines(Keys.EVALUATION))
        self._size = size
        self._encoder = encoder
        settings = self.manifest.settings
        self._metrics = chosen(settings.evaluation.metrics)
        self._until = time.monotonic() + _SECONDS
        self._limiter = ConcurrencyLimiter(CONCURRENCY)  # what one shard learns about the judge's quota serves the next
        self._equipment = Equipment(
            encoder=encoder,
            language=settings.evaluation.language or detect(str(record.get("reference")) for record in self._records),
        )

    @property
    def count(self) -> int:
        """How many shards there are."""
        return -(-len(self._records) // self._size)

    def exam(self) -> Exam:
        """All questions with all answers."""
        return match(self._records, {model: self.folder.answers(model) for model in CONTESTANTS})

    def part(self, shard: int) -> Exam:
        """One shard's questions with their answers."""
        records = self._slice(shard)
        ids = {record["id"] for record in records}
        return match(records, {model: self._answers(model, shard, ids) for model in CONTESTANTS})

    def graded(self, shard: int, exam: Exam) -> Graded:
        """The shard's grades: those in the folder if they are of the same answers and settings, else made now.

        `exam` holds the shard's questions, and perhaps others.
        """
        ids = {record["id"] for record in self._slice(shard)}
        questions = [question for question in exam.questions if question.id in ids]
        name = f"scores/shards/{shard:05d}.json"
        fingerprint = self._fingerprint(questions)
        known = self.folder.find_json(name)
        if known is not None and known["fingerprint"] == fingerprint:
            return Graded(tuple(known["records"]), known["about"], known["counts"])
        with self._remembered(shard) as verdicts:
            settings = self.manifest.settings.judge
            judge = Judge(self.manifest.judge_model, settings, verdicts, limiter=self._limiter, until=self._until)
            made = grade(questions, self._metrics, replace(self._equipment, judge=judge))
        self.folder.write_json(name, {"fingerprint": fingerprint, **asdict(made)})
        return made

    def _slice(self, shard: int) -> list[dict[str, Any]]:
        return self._records[shard * self._size : (shard + 1) * self._size]

    def _answers(self, model: ContestantName, shard: int, ids: set[str]) -> list[dict[str, Any]]:
        """A model's answers to these questions: in its shard of the same number, unless shards had another size."""
        name = Keys.answers(model, shard)
        near = list(self.folder.read_lines(name)) if name in self.folder.list(name) else []
        found = near if ids <= {record["id"] for record in near} else self.folder.answers(model)
        return [record for record in found if record["id"] in ids]

    def _fingerprint(self, questions: Sequence[Question]) -> str:
        """Of everything that decides what the grades are."""
        equipment = self._equipment
        parts: list[Any] = [
            [asdict(question) for question in questions],
            [metric.name for metric in self._metrics],
            [self.manifest.judge_model, self.manifest.settings.judge.model_dump()],
            [instructions(name) for name in ("rubric.md", "preference.md")],
            [self._encoder.identity, equipment.language],
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @contextmanager
    def _remembered(self, shard: int) -> Iterator[Verdicts]:
        """The shard's verdicts from earlier attempts; what is added is kept also when the grading fails half-way."""
        name = f"scores/verdicts/{shard:05d}.json"
        verdicts: Verdicts = self.folder.find_json(name) or {}
        known = len(verdicts)
        try:
            yield verdicts
        finally:
            if len(verdicts) > known:
                self.folder.write_json(name, verdicts)
