"""docs/datasets.md names every rule and every file format that the code knows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.unit.datasets.memory_files import CLAUDE, MemorySink, MemorySource
from tuner.catalog import model
from tuner.core.file_formats import COMPRESSIONS, FORMATS, FileFormat
from tuner.datasets import RecordLimits, convert
from tuner.settings import FieldNames

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


EXAMPLES = re.findall(r"^\| ([^|]+) \| `\.(\w+)` \| `(.+)` \|$", PAGE, flags=re.MULTILINE)


def test_there_is_an_example_of_every_form():
    assert len(EXAMPLES) > 20
    assert {ending for _, ending, _ in EXAMPLES} | {"xlsx", "parquet"} == {entry.ending for entry in FORMATS}


@pytest.mark.parametrize(("form", "ending", "text"), EXAMPLES, ids=[form for form, _, _ in EXAMPLES])
def test_every_example_is_read(form, ending, text):
    text = text.replace(r"\|", "|")
    if ending in ("csv", "tsv"):
        text = text.replace(r"\n", "\n").replace(r"\t", "\t")
    sink = MemorySink()
    source = MemorySource(f"training.{ending}", text.encode())
    checked = convert(source, RecordLimits(model(CLAUDE), "training"), FieldNames(), sink)
    assert checked.ready, checked.findings.kept
    [record] = [json.loads(line) for line in (sink.committed or b"").splitlines()]
    asked, answered = (message["content"] for message in record["messages"][-2:])
    assert asked.startswith("How deep?")
    assert answered == ("B" if "choices" in text else "Nine.")


def test_every_compression_is_documented():
    assert all(f"{name} (`{ending}`)" in PAGE for ending, name in COMPRESSIONS.items())
