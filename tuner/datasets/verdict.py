"""What the findings come to, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuner.datasets.findings import Finding
from tuner.errors import DatasetError

_SHOWN = 10
_SHOWN_PER_RULE = 3


def refusal(document: Mapping[str, Any], address: str) -> DatasetError | None:
    """The error that ends a run whose dataset has errors; None when it has none.

    `document` has the shape of `findings.json`, which is at `address`. The message holds the first findings, few of
    each rule, and counts the others.
    """
    if not document["errors"]:
        return None
    errors = [Finding(**entry) for entry in document["findings"] if entry["severity"] == "error"]
    shown: list[Finding] = []
    for finding in errors:
        if sum(earlier.rule == finding.rule for earlier in shown) < _SHOWN_PER_RULE and len(shown) < _SHOWN:
            shown.append(finding)
    lines = [str(finding) for finding in shown]
    if more := document["errors"] - len(shown):
        lines.append(f"... and {more:,} more: {address} has the findings.")
    return DatasetError("The dataset is not ready. " + "\n".join(lines))
