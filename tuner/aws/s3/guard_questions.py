"""Writes and reads the guard questions of a run."""

from __future__ import annotations

from collections.abc import Iterable

from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.guard import GuardRecord
from tuner.aws.s3.run_folder import RunFolder
from tuner.catalog.guard_questions import drawn
from tuner.core.artifact_keys import Keys
from tuner.settings import EvaluationSettings


def guard_records(settings: EvaluationSettings, own: Iterable[GuardRecord] = ()) -> list[GuardRecord]:
    """What a run with these settings asks: packaged questions, then the dataset's `own`."""
    return [*(GuardRecord(**dict(question)) for question in drawn(settings.guard, settings.seed)), *own]


def save_guard_questions(folder: RunFolder, settings: EvaluationSettings, own: Iterable[GuardRecord] = ()) -> None:
    """Writes the guard questions of a run that asks some."""
    if records := guard_records(settings, own):
        folder.save_records(Keys.GUARD, records)


def guard_questions(folder: RunFolder) -> list[GuardRecord]:
    """The guard questions of the run; none if it asks none."""
    return list(folder.load_records(Keys.GUARD, GuardRecord)) if Keys.GUARD in folder.list(Keys.GUARD) else []


def guard_answers(folder: RunFolder, contestant: ContestantName) -> list[Answer]:
    """A contestant's answers to the guard questions; none if it has not been asked."""
    name = Keys.guard_answers(contestant)
    return list(folder.load_records(name, Answer)) if name in folder.list(name) else []
