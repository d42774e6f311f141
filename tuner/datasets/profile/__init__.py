"""Profiles a dataset: duplicates, leakage, coverage, style, languages, secrets and personal data.

Only the first records of each file are read, so that memory stays constant. No model of the catalog accepts more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from tuner.artifacts.dataset import DatasetProfile, FileProfile
from tuner.datasets.findings import Findings, at_place
from tuner.datasets.profile.coverage import CoverageCounter
from tuner.datasets.profile.duplicates import DuplicateFinder, Leakage
from tuner.datasets.profile.export_residue import leftovers
from tuner.datasets.profile.languages import language
from tuner.datasets.profile.privacy import PrivacyScan
from tuner.datasets.profile.style import StyleCounter
from tuner.datasets.records.record import DataRole, Record
from tuner.datasets.tasks.answers import Answers

MAX_RECORDS = 20_000
_LANGUAGE_SAMPLE = 500


@dataclass(frozen=True, slots=True)
class ProfileSource:
    """A file to profile: its name in findings, and a function that reads its records."""

    name: str
    records: Callable[[], Iterable[Record]]


@dataclass(frozen=True, slots=True)
class ProfileResult:
    """`leaders` keeps near duplicates on one side of a split: see `DuplicateFinder`.

    `answers` has the answers of each file. The task is recognised from them.
    """

    profile: DatasetProfile
    leaders: Mapping[int, int]
    answers: Mapping[DataRole, Answers]


def profile_dataset(
    files: Mapping[DataRole, ProfileSource],
    tokens: Callable[[str], int],
    findings: Findings,
    leakage: Leakage = "refuse",
    system_prompt: str | None = None,
) -> ProfileResult:
    """Profiles the files and adds to `findings`. Training records in the evaluation data are errors unless `leakage` is
    `warn`.

    `tokens` counts the tokens of a text, `system_prompt` is the run's. All other findings are warnings.
    """
    return _Profiler(files, tokens, findings, DuplicateFinder(leakage, system_prompt)).run()


class _Profiler:
    def __init__(
        self,
        files: Mapping[DataRole, ProfileSource],
        tokens: Callable[[str], int],
        findings: Findings,
        duplicates: DuplicateFinder,
    ) -> None:
        self._files = files
        self._tokens = tokens
        self._findings = findings
        self._duplicates = duplicates
        self._coverage = CoverageCounter()
        self._answers: dict[DataRole, Answers] = {}

    def run(self) -> ProfileResult:
        with PrivacyScan() as privacy:
            # The questions come first: the training records are then counted against their subjects in one pass.
            if "evaluation" in self._files:
                for record in self._records("evaluation"):
                    self._coverage.add_question(record, shown=not privacy.has_secret(record))
            training, validation, evaluation = (
                self._profile(role, privacy) if role in self._files else None
                for role in ("training", "validation", "evaluation")
            )
        covers = {"evaluation", "training"} <= self._files.keys()
        if covers:
            for line, issue in self._coverage.issues():
                self._findings.add(self._files["evaluation"].name, line, issue)
        profile = DatasetProfile(
            training=training,
            validation=validation,
            evaluation=evaluation,
            coverage=self._coverage.least_covered() if covers else (),
            shared_with_validation=self._duplicates.shared_with_validation(evaluation.records if evaluation else 0),
        )
        return ProfileResult(profile, self._duplicates.leaders, self._answers)

    def _records(self, role: DataRole) -> Iterable[Record]:
        return islice(self._files[role].records(), MAX_RECORDS)

    def _profile(self, role: DataRole, privacy: PrivacyScan) -> FileProfile:
        """Profiles one file, and adds its findings. Its answers are collected for the recognition of the task."""
        name, style, languages = self._files[role].name, StyleCounter(self._tokens), Counter[str]()
        answers = self._answers[role] = Answers(name)
        for number, record in enumerate(self._records(role)):
            private = list(privacy.issues(record))
            # The opening of an answer is shown in the summary, so a record with a secret is left out of it.
            shown = not any(issue.rule == "secret" for issue in private)
            for issue in (
                *self._duplicates.issues(record, role, name, shown=shown),
                *style.add(record, shown=shown),
                *private,
                *leftovers(record),
            ):
                self._findings.add(name, record.line, at_place(issue, record.place))
            answers.add(record.completion, record.line, record.turns[-1].field)
            if role == "training":
                self._coverage.add_training_record(record)
            if number < _LANGUAGE_SAMPLE:
                languages[language(f"{record.prompt}\n{record.completion}")] += 1
        for issue in style.issues():
            self._findings.add(name, None, issue)
        return style.profile(dict(languages.most_common()))
