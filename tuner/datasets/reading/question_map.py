"""Reads an object that maps questions to answers: `{"How deep?": "Nine metres.", "How long?": "Two kilometres."}`."""

from __future__ import annotations

import json
import re

from tuner.datasets.field_and_role_names import Fields
from tuner.datasets.reading.rows import Row

# Latin, full width, Arabic, Armenian, Greek, Ethiopic.
QUESTION_MARKS = ("?", "\uff1f", "\u061f", "\u055e", "\u037e", ";", "\u1367")
_MEMBER = re.compile(r'\s*,?\s*("(?:[^"\\]|\\.)*")\s*:\s*("(?:[^"\\]|\\.)*")')


def is_question_map(value: Fields) -> bool:
    """Whether most names are questions, and all values are texts."""
    questions = sum(name.rstrip().endswith(QUESTION_MARKS) for name in value)
    return questions > len(value) / 2 and all(isinstance(answer, str) for answer in value.values())


def rows_of_map(text: str) -> tuple[Row, ...]:
    """A row with `question` and `answer` for each member of a map of texts, in valid JSON."""
    rows: list[Row] = []
    line, counted, at = 1, 0, text.index("{") + 1
    while match := _MEMBER.match(text, at):
        line += text.count("\n", counted, match.start(1))
        counted, at = match.start(1), match.end()
        question, answer = (json.loads(match.group(group)) for group in (1, 2))
        rows.append(Row(line, {"question": question, "answer": answer}))
    return tuple(rows)
