"""docs/datasets.md names every rule that the code knows."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]


def test_every_rule_is_documented():
    code = "".join(path.read_text("utf-8") for path in (CHECKOUT / "tuner/datasets").rglob("*.py"))
    rules = set(re.findall(r'\bIssue\(\s*"([a-z-]+)"', code)) | {"near-duplicate", "duplicate"}
    page = (CHECKOUT / "docs/datasets.md").read_text("utf-8")
    assert len(rules) > 25
    assert {rule for rule in rules if f"`{rule}`" not in page} == set()
