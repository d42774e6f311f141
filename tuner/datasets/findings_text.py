"""What the findings come to, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tuner.core.errors import DatasetError
from tuner.datasets.findings import Finding, Findings

_SHOWN = 10
_SHOWN_PER_RULE = 3


def examples(findings: Iterable[Finding], limit: int = _SHOWN) -> list[Finding]:
    """The first findings, few of each rule, so that one flaw in every record does not hide another."""
    seen: Counter[str] = Counter()
    shown: list[Finding] = []
    for finding in findings:
        seen[finding.rule] += 1
        if seen[finding.rule] <= _SHOWN_PER_RULE and len(shown) < limit:
            shown.append(finding)
    return shown


def verdict(findings: Findings) -> dict[str, Any]:
    """`{"state", "sentence", "fix_first"}`: ready, ready with warnings or not ready, and what to mend first.

    First come errors, then what concerns the most records; at most three.
    """
    first = {finding.rule: finding for finding in reversed(findings.kept)}
    ranked = sorted(first.values(), key=lambda finding: (finding.severity, -findings.counts[finding.rule]))
    fix_first = [_advice(finding, findings.counts[finding.rule]) for finding in ranked[:3]]
    state = "not ready" if findings.errors else "ready with warnings" if findings.warnings else "ready"
    found = [
        f"{count:,} {name}{'' if count == 1 else 's'}"
        for name, count in (("error", findings.errors), ("warning", findings.warnings))
        if count
    ]
    sentence = state.capitalize() + (f": {' and '.join(found)}." if found else ".")
    return {"state": state, "sentence": sentence, "fix_first": fix_first}


def refusal(document: Mapping[str, Any], address: str) -> DatasetError | None:
    """The error that ends a run whose dataset has errors; None when it has none.

    `document` has the shape of `findings.json`, which is at `address`. The message holds the first findings, few of
    each rule, and counts the others.
    """
    if not document["errors"]:
        return None
    shown = examples(Finding(**entry) for entry in document["findings"] if entry["severity"] == "error")
    lines = [str(finding) for finding in shown]
    if more := document["errors"] - len(shown):
        lines.append(f"... and {more:,} more: {address} has the findings.")
    return DatasetError("The dataset is not ready. " + "\n".join(lines))


def _advice(finding: Finding, count: int) -> str:
    return f"{finding} ({count:,} in all.)" if count > 1 else str(finding)
