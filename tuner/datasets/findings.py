"""Collects what is wrong with a dataset: where, which rule, what is wrong and what to do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tuner.artifacts.dataset import DatasetFindings, Finding, Severity
from tuner.core.json_types import JsonObject


@dataclass(frozen=True, slots=True)
class Issue:
    """What a rule reports about a record. The caller knows the file and the line, and makes a `Finding` of it.

    `field` is the name of the member in the file (`answer`, `messages[1].content`).
    """

    rule: str
    message: str
    remedy: str
    field: str | None = None
    severity: Severity = "error"


def printable(text: str) -> str:
    """`text` without line breaks, control characters and lone surrogates: it may come from a dataset."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


_KEPT, _KEPT_PER_RULE = 1000, 200


class Findings:
    """Collects findings in constant memory: all are counted, only the first are kept.

    At most 200 findings of a rule are kept, so that an issue in every record does not hide rarer ones.
    """

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._severities: Counter[Severity] = Counter()
        self.counts: Counter[str] = Counter()

    def add(self, file: str, line: int | None, issue: Issue) -> None:
        """Counts an issue, and keeps it if it is one of the first. Without a `line` it concerns the whole file."""
        self._severities[issue.severity] += 1
        self.counts[issue.rule] += 1
        if len(self._kept) == _KEPT or self.counts[issue.rule] > _KEPT_PER_RULE:
            return
        finding = Finding(
            severity=issue.severity,
            file=file,
            line=line,
            field=None if issue.field is None else printable(issue.field),
            rule=issue.rule,
            message=printable(issue.message),
            remedy=issue.remedy,
        )
        self._kept.append(finding)

    @property
    def errors(self) -> int:
        """Number of errors, including those not kept."""
        return self._severities["error"]

    @property
    def warnings(self) -> int:
        """Number of warnings, including those not kept."""
        return self._severities["warning"]

    @property
    def kept(self) -> tuple[Finding, ...]:
        """The first findings: errors before warnings, otherwise in the order of discovery."""
        return tuple(sorted(self._kept, key=lambda finding: finding.severity))

    def artifact(self) -> DatasetFindings:
        """The content of `dataset/findings.json`."""
        return DatasetFindings(errors=self.errors, warnings=self.warnings, findings=self.kept, counts=dict(self.counts))

    def as_json(self) -> JsonObject:
        """The findings in the output of `--json`: plain JSON, whose members are part of the commands' interface."""
        return self.artifact().model_dump(mode="json", exclude={"schema_version"})
