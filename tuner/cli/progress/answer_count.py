"""Counts the answers that a running step has written."""

from __future__ import annotations

from pathlib import PurePosixPath

from tuner.artifacts.dataset import DatasetSummary
from tuner.artifacts.evaluation.contestants import BASE, TUNED, ContestantName
from tuner.artifacts.manifest import Manifest
from tuner.aws.s3.run_folder import RunFolder
from tuner.serving.inference import shard_size

ANSWER_STATES: dict[str, ContestantName] = {
    "Answer with the base model": BASE,
    "Answer with the chosen base model": BASE,
    "Ask a batch of the questions": TUNED,
    "Answer with the tuned model": TUNED,
}
"""The states that ask a model (statemachine/customization.asl.json)."""


class AnswerCount:
    """The answers of one run. A shard that is complete is not read again."""

    def __init__(self, folder: RunFolder, shard_size: int) -> None:
        self._folder = folder
        self._configured_size = shard_size
        self._questions: int | None = None
        self._samples = 1
        self._known: dict[str, int] = {}

    def note(self, model: ContestantName) -> str:
        """`12 of 40`; empty when the number of questions is not known."""
        if self._questions is None:
            summary = self._folder.load_if_present(DatasetSummary)
            self._questions = summary.evaluation_records if summary else None
            manifest = self._folder.load_if_present(Manifest)
            self._samples = manifest.settings.evaluation.samples if manifest else 1
        if not self._questions:
            return ""
        size = shard_size(self._questions, self._configured_size, self._samples)
        count = 0
        for name in self._folder.list(f"answers/{model}/"):
            full = min(size, self._questions - int(PurePosixPath(name).stem) * size) * self._samples
            if self._known.get(name) != full:
                self._known[name] = self._folder.read(name).count(b"\n")
            count += self._known[name]
        return f"{count} of {self._questions * self._samples}"
