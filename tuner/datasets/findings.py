"""Collects what is wrong with a dataset: where, which rule, what is wrong and what to do."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from tuner.artifacts.dataset import DatasetFindings, Finding, Severity
from tuner.core.run import DataRole
from tuner.core.strict_model import JsonObject
from tuner.core.wording import shortened


@dataclass(frozen=True, slots=True)
class Issue:
    """What a rule reports about a record. The caller knows the file and the line, and makes a `Finding` of it.

    `field` is the name of the member in the file (`answer`, `messages[1].content`). `role` says which data an issue of
    a whole file is about, where the caller does not know it.
    """

    rule: str
    message: str
    remedy: str
    field: str | None = None
    severity: Severity = "error"
    role: DataRole | None = None


def at_place(issue: Issue, place: str) -> Issue:
    """The issue with the place of its record in the file (`data[3]`), if there is one, before its field."""
    return replace(issue, field=".".join(filter(None, (place, issue.field)))) if place else issue


def printable(text: str) -> str:
    """`text` without line breaks, control characters and lone surrogates: it may come from a dataset."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


_KEPT, _KEPT_PER_RULE = 1000, 200
_LONGEST_TEXT = 1000
# The keys of `fields` in run.yaml, and the option of `tuner data` that does the same.
_FIELD_OPTIONS = {
    "prompt": "--prompt-field",
    "completion": "--completion-field",
    "ignore": "--ignore-field",
    "minimum": "--minimum",
    "records": "--records",
}
_FIELD_SETTING = re.compile(r"(fields\.\w+) in run\.yaml \((--[^)]+)\)")


def field_setting(key: str, value: str = "") -> str:
    """A key of `fields`, for a message: `fields.ignore in run.yaml (--ignore-field)`. `value` follows the option.

    `Findings` writes only what the person can change: the settings file of a dataset, or the option of a command.
    """
    option = f"{_FIELD_OPTIONS[key]} {value}".rstrip()
    return f"fields.{key} in run.yaml ({option})"


class Findings:
    """Collects findings in constant memory: all are counted, only the first are kept.

    At most 200 findings of a rule are kept, so that an issue in every record does not hide rarer ones.
    `settings_name` is the settings file that remedies name. None is for a command that reads a file without one:
    remedies then name its options.
    """

    def __init__(self, settings_name: str | None = "run.yaml") -> None:
        self._settings_name = settings_name
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
            field=None if issue.field is None else shortened(printable(issue.field)),
            rule=issue.rule,
            message=self._with_settings(shortened(printable(issue.message), _LONGEST_TEXT)),
            remedy=self._with_settings(shortened(printable(issue.remedy), _LONGEST_TEXT)),
        )
        self._kept.append(finding)

    def _with_settings(self, text: str) -> str:
        if self._settings_name is None:
            return _FIELD_SETTING.sub(lambda match: match[2], text)
        return _FIELD_SETTING.sub(lambda match: f"{match[1]} in {self._settings_name}", text)

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
