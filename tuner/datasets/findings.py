"""What was found in a dataset: each finding says where, which rule, what is wrong and what to do."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Flaw:
    """What a rule says of one record; the file and the line are known to whoever read it.

    `field` names the member as it is in the file (`answer`, `messages[1].content`).
    """

    rule: str
    message: str
    remedy: str
    field: str | None = None
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """A flaw at its place. `line` is where the record starts, from 1; None speaks of the whole file."""

    severity: Severity
    file: str
    line: int | None
    field: str | None
    rule: str
    message: str
    remedy: str

    @property
    def place(self) -> str:
        """File, line and field, as far as they are known."""
        line = "" if self.line is None else f", line {self.line}"
        field = "" if self.field is None else f", field '{self.field}'"
        return f"{self.file}{line}{field}"

    def __str__(self) -> str:
        """One sentence for people: where, what, what to do."""
        return f"{self.place}: {self.message} {self.remedy}"


def printable(text: str) -> str:
    """`text` without line breaks, control characters and lone surrogates: data may hold anything."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


class Findings:
    """Collects findings without growing with the dataset: all are counted, the first ones are kept.

    At most `per_rule` of a rule are kept, so that one flaw in every record does not hide another in a few.
    """

    def __init__(self, limit: int = 1000, per_rule: int = 200) -> None:
        self._limit = limit
        self._per_rule = per_rule
        self._kept: list[Finding] = []
        self._severities: Counter[Severity] = Counter()
        self.counts: Counter[str] = Counter()

    def add(self, finding: Finding) -> None:
        """Counts the finding, and keeps it when it is one of the first."""
        self._severities[finding.severity] += 1
        self.counts[finding.rule] += 1
        if len(self._kept) < self._limit and self.counts[finding.rule] <= self._per_rule:
            self._kept.append(finding)

    def at(self, file: str, line: int | None, flaw: Flaw) -> None:
        """Adds a flaw at its place."""
        field = None if flaw.field is None else printable(flaw.field)
        self.add(Finding(flaw.severity, file, line, field, flaw.rule, printable(flaw.message), flaw.remedy))

    @property
    def errors(self) -> int:
        """How many errors were found, those not kept included."""
        return self._severities["error"]

    @property
    def warnings(self) -> int:
        """How many warnings were found, those not kept included."""
        return self._severities["warning"]

    @property
    def kept(self) -> tuple[Finding, ...]:
        """The first findings, errors before warnings, otherwise in the order they were found."""
        return tuple(sorted(self._kept, key=lambda finding: finding.severity))

    def document(self) -> dict[str, Any]:
        """The shape of `findings.json`."""
        return {
            "errors": self.errors,
            "warnings": self.warnings,
            "findings": [asdict(finding) for finding in self.kept],
            "counts": dict(self.counts),
        }
