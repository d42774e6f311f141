"""docs/datasets.md names every rule and every file format that the code knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tuner.core.file_formats import COMPRESSIONS, FORMATS, FileFormat

CHECKOUT = Path(__file__).parents[3]
PAGE = (CHECKOUT / "docs/datasets.md").read_text("utf-8")


def test_every_rule_is_documented():
    code = "".join(path.read_text("utf-8") for path in (CHECKOUT / "tuner/datasets").rglob("*.py"))
    rules = set(re.findall(r'\bIssue\(\s*"([a-z-]+)"', code)) | {"near-duplicate", "duplicate"}
    assert len(rules) > 25
    assert {rule for rule in rules if f"`{rule}`" not in PAGE} == set()


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.ending)
def test_every_format_is_documented(entry: FileFormat):
    assert f"| `.{entry.ending}` | {entry.description} |" in PAGE


def test_every_compression_is_documented():
    assert all(f"{name} (`{ending}`)" in PAGE for ending, name in COMPRESSIONS.items())
