"""Placeholders, HTML entities and separators are warnings; texts that only look a little like them are not."""

from __future__ import annotations

import pytest

from tuner.datasets.profile.leftovers import leftovers
from tuner.datasets.records.record import pair


@pytest.mark.parametrize(
    ("question", "answer", "rules"),
    [
        ("q", "nan", ["placeholder"]),
        ("q", " None\n", ["placeholder"]),
        ("q", "NULL", ["placeholder"]),
        ("q", "N/A", ["placeholder"]),
        ("q", "[object Object]", ["placeholder"]),
        ("q", "None of them.", []),
        ("nan", "It is not a number.", []),
        ("Salt &amp; water?", "Yes.", ["html-entity"]),
        ("q", "It&#39;s", ["html-entity"]),
        ("q", "f&uuml;r", ["html-entity"]),
        ("q", "R&D; and more", []),
        ("q", "a & b; c", []),
        ("q", "Nine.</s>", ["separator"]),
        ("q", "Nine.<|im_end|>", ["separator"]),
        ("q", "Nine.\n###", ["separator"]),
        ("### Instruction:\nq", "a", ["separator"]),
        ("q", "Nine.\n\nHuman: more?", ["separator"]),
        ("[INST] q [/INST]", "a", ["separator"]),
        ("q", "### Depth\nNine.", []),
        ("Is a < s > b?", "C# and ###", []),
    ],
)
def test_leftovers(question, answer, rules):
    found = list(leftovers(pair(question, answer)))
    assert [issue.rule for issue in found] == rules
    assert all(issue.severity == "warning" for issue in found)
