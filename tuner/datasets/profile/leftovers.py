"""Finds what other programs left in texts: placeholders for missing values, HTML entities, separators of templates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5

from tuner.datasets.findings import Issue
from tuner.datasets.records.record import Record, Turn

# What pandas, spreadsheets and JavaScript write for a value that is missing.
_PLACEHOLDERS = frozenset((
    "nan", "none", "null", "nil", "na", "n/a", "#n/a", "#n/a!", "<na>", "nat", "undefined", "[object object]",
    "#value!", "#ref!", "#name?", "tbd", "todo", "-", "--", "?", "xxx",
))  # fmt: skip
_ENTITY = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,10});")
_SEPARATOR = re.compile(
    r"</?s>|<\|(?:im_start|im_end|eot_id|end_of_text|begin_of_text|endoftext|start_header_id|end_header_id|user|assistant"
    r"|system)\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<(?:bos|eos|pad)>|\[(?:CLS|SEP|PAD)\]"
    r"|^###\s*(?:Human|Assistant|Instruction|Response|Input|END|$)|\n###\s*$|(?:^|\n\n)(?:Human|Assistant):",
    re.MULTILINE,
)


def leftovers(record: Record) -> Iterator[Issue]:
    """Warnings: `placeholder` for an answer that is only that, `html-entity` and `separator` for any turn."""
    answer = record.turns[-1] if record.turns else Turn("assistant", "", "answer")
    if answer.text.strip().casefold() in _PLACEHOLDERS:
        message = f"the answer is '{answer.text.strip()}', which programs write for a missing value."
        remedy = "Write the answer, or remove the record, unless the model should answer that."
        yield Issue("placeholder", message, remedy, answer.field, "warning")
    for turn in record.turns:
        if entity := next(_entities(turn.text), None):
            message = f"has the HTML entity '{entity}': the model will write it too."
            yield Issue("html-entity", message, "Decode it (in Python: html.unescape).", turn.field, "warning")
        if separator := _SEPARATOR.search(turn.text):
            message = (
                f"has '{separator.group().strip()}', which separates turns in a template. The model will write it."
            )
            yield Issue("separator", message, "Remove it, unless the text is about it.", turn.field, "warning")


def _entities(text: str) -> Iterator[str]:
    for match in _ENTITY.finditer(text) if "&" in text else ():
        if match.group(1).startswith("#") or f"{match.group(1)};" in html5:
            yield match.group()
