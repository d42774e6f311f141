"""Says whether a dataset is ready, and what to fix first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from tuner.artifacts.dataset import DatasetFindings, Finding, Readiness
from tuner.core.errors import DatasetError
from tuner.core.wording import plural
from tuner.datasets.findings import Findings

_SHOWN = 10
_SHOWN_PER_RULE = 3
_FIX_FIRST = 3


def first_findings(findings: Iterable[Finding]) -> list[Finding]:
    """The first findings, at most 3 of each rule, so that an issue in every record does not hide others."""
    seen: Counter[str] = Counter()
    shown: list[Finding] = []
    for finding in findings:
        seen[finding.rule] += 1
        if seen[finding.rule] <= _SHOWN_PER_RULE and len(shown) < _SHOWN:
            shown.append(finding)
    return shown


def findings_by_rule(findings: Findings) -> list[list[Finding]]:
    """The kept findings of each rule: rules with errors first, then those with the most findings."""
    rules: dict[str, list[Finding]] = {}
    for finding in findings.kept:
        rules.setdefault(finding.rule, []).append(finding)
    return sorted(rules.values(), key=lambda found: (found[0].severity, -findings.counts[found[0].rule]))


def readiness(findings: Findings) -> Readiness:
    """Ready, ready with warnings or not ready, and the three rules to fix first.

    Errors come first, then the rules with the most findings. What only says how a file was read is not to be fixed.
    """
    ranked = [found[0] for found in findings_by_rule(findings) if not found[0].remedy.startswith("Nothing to do")]
    found = [
        plural(count, name) for name, count in (("error", findings.errors), ("warning", findings.warnings)) if count
    ]
    state = _state(findings)
    return Readiness(
        state=state,
        sentence=state.capitalize() + (f": {' and '.join(found)}." if found else "."),
        fix_first=tuple(_advice(finding, findings.counts[finding.rule]) for finding in ranked[:_FIX_FIRST]),
    )


def _state(findings: Findings) -> Literal["ready", "ready with warnings", "not ready"]:
    if findings.errors:
        return "not ready"
    return "ready with warnings" if findings.warnings else "ready"


def _advice(finding: Finding, count: int) -> str:
    return f"{finding} ({count:,} in all.)" if count > 1 else str(finding)


def refusal(findings: DatasetFindings, address: str) -> DatasetError | None:
    """The error that ends a run whose dataset has errors; None when it has none.

    The message has the first errors and the number of the others. `address` is where all findings are.
    """
    if not findings.errors:
        return None
    shown = first_findings(finding for finding in findings.findings if finding.severity == "error")
    lines = [str(finding) for finding in shown]
    if more := findings.errors - len(shown):
        lines.append(f"... and {more:,} more: {address} has the findings.")
    return DatasetError("The dataset is not ready. " + "\n".join(lines))
