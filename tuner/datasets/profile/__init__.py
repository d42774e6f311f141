"""What a dataset is like, beyond being right: repetitions, leaks, gaps, style, languages and secrets.

It looks at the first records of each file only, so that memory stays flat; no model of the catalog takes more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tuner.datasets.findings import Findings, Flaw
from tuner.datasets.profile.coverage import Coverage
from tuner.datasets.profile.duplicates import Duplicates, Leakage
from tuner.datasets.profile.languages import language
from tuner.datasets.profile.privacy import Privacy
from tuner.datasets.profile.style import Style
from tuner.datasets.records.record import Record, Role

MOST_RECORDS = 20_000
_LANGUAGE_SAMPLE = 500


@dataclass(frozen=True, slots=True)
class File:
    """One file to be studied: its name in findings, and a way to read its records."""

    name: str
    records: Callable[[], Iterable[Record]]


@dataclass(frozen=True, slots=True)
class Studied:
    """`summary` goes to the report; `leaders` keeps near duplicates on one side of a split."""

    summary: dict[str, Any]
    leaders: Mapping[int, int]


def study(
    files: Mapping[Role, File], tokens: Callable[[str], int], findings: Findings, leakage: Leakage = "refuse"
) -> Studied:
    """Adds what is found to `findings`: leaks into evaluation as errors by default, all else as warnings."""
    return _Study(files, tokens, findings, leakage).run()


class _Study:
    def __init__(
        self, files: Mapping[Role, File], tokens: Callable[[str], int], findings: Findings, leakage: Leakage
    ) -> None:
        self._files = files
        self._tokens = tokens
        self._findings = findings
        self._duplicates = Duplicates(leakage)
        self._coverage = Coverage()
        self._summary: dict[str, Any] = {}

    def run(self) -> Studied:
        with Privacy() as privacy:
            if "evaluation" in self._files:
                for record in self._records("evaluation"):
                    self._coverage.ask(record, shown=not privacy.has_secret(record))
            for role in ("training", "validation", "evaluation"):
                if role in self._files:
                    self._study(role, privacy)
        if {"evaluation", "training"} <= self._files.keys():
            for line, flaw in self._coverage.flaws():
                self._findings.at(self._files["evaluation"].name, line, flaw)
            self._summary["coverage"] = self._coverage.summary()
        return Studied(self._summary, self._duplicates.leaders)

    def _records(self, role: Role) -> Iterable[Record]:
        return islice(self._files[role].records(), MOST_RECORDS)

    def _study(self, role: Role, privacy: Privacy) -> None:
        name, style, languages = self._files[role].name, Style(self._tokens), Counter[str]()
        for number, record in enumerate(self._records(role)):
            found = list(privacy.look(record))
            flaws: list[Flaw] = [
                *self._duplicates.look(record, role, name),
                *style.look(record, shown=not any(flaw.rule == "secret" for flaw in found)),
                *found,
            ]
            for flaw in flaws:
                self._findings.at(name, record.line, flaw)
            if role == "training":
                self._coverage.train(record)
            if number < _LANGUAGE_SAMPLE:
                languages[language(f"{record.prompt}\n{record.completion}")] += 1
        for flaw in style.flaws():
            self._findings.at(name, None, flaw)
        self._summary[role] = {**style.summary(), "languages": dict(languages.most_common())}
