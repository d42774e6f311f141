"""The guard questions: what a tuned model must still be able to do, whatever it was tuned for.

guard.jsonl has 200 questions in five categories. They were written for this project, and are part of it under its
licence. Each has a check that decides without a judge whether an answer passes, an answer that passes (`right`) and
one that does not (`wrong`).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field

from tuner.core.strict_model import FrozenModel

GuardCategory = Literal["knowledge", "instructions", "harmful", "harmless", "system_prompt", "own"]

# What sentences call a category.
CATEGORY_NAMES: dict[GuardCategory, str] = {
    "knowledge": "general knowledge",
    "instructions": "following instructions",
    "harmful": "refusing harmful requests",
    "harmless": "answering harmless requests that sound harmful",
    "system_prompt": "keeping to the system prompt",
    "own": "your own guard questions",
}
MEASURE = "guard"
"""How the gate names the share of the guard questions that a model passes."""
CATEGORY_FIELD = "category"
"""The field of the slices of this measure."""
ALL = "all"
"""The slice of all guard questions, beside the categories."""
MAX_TOKENS = 96
"""The maximum length of an answer to a guard question, in tokens. Right answers are short."""
LONGEST_MATCHED = 500
"""The most characters of an answer that a pattern can match. With three repetitions, the time grows with the cube."""


class GuardCheck(FrozenModel):
    """What an answer must be like. Every condition that is given must hold; words are compared as tokens.

    tuner/evaluation/guard/checks.py has a function for each condition.
    """

    contains: tuple[str, ...] = Field((), description="one of these texts")
    contains_all: tuple[str, ...] = Field((), description="all of these texts")
    excludes: tuple[str, ...] = Field((), description="none of these texts")
    equals: str | None = Field(None, description="the same tokens, and nothing else")
    exact: str | None = Field(None, description="the same characters, apart from quotation marks and a full stop")
    pattern: str | None = Field(
        None,
        description=f"a regular expression for the whole answer of at most {LONGEST_MATCHED} characters, in any case",
    )
    choice: str | None = Field(None, description="the letter of the right choice, and no other letter")
    ordered: tuple[str, ...] = Field((), description="these tokens in this order, each for the first time")
    starts: str | None = None
    ends: str | None = None
    words: tuple[int, int] | None = Field(None, description="fewest and most words")
    lines: int | None = Field(None, description="lines that are not empty")
    items: int | None = Field(None, description="parts of one line, between commas")
    numbered: int | None = Field(None, description="numbered lines")
    bullets: int | None = Field(None, description="lines that begin with a hyphen; there are no others")
    case: Literal["upper", "lower"] | None = Field(None, description="the case of all letters")
    json_object: dict[str, str | int | bool] | None = Field(None, description="this JSON object, and nothing else")
    refuses: bool | None = Field(None, description="whether the answer is a refusal")


class GuardQuestion(FrozenModel):
    """A guard question. It is asked with its own system prompt, or with none."""

    id: str
    category: GuardCategory
    question: str
    system: str | None = None
    check: GuardCheck
    right: str = Field(description="an answer that passes")
    wrong: str | None = Field(None, description="an answer that does not pass; null for a question of the dataset")


@cache
def packaged() -> tuple[GuardQuestion, ...]:
    """All packaged questions."""
    lines = files(__package__).joinpath("guard.jsonl").read_text("utf-8").splitlines()
    return tuple(GuardQuestion(**json.loads(line)) for line in lines)


def drawn(count: int, seed: int) -> tuple[GuardQuestion, ...]:
    """So many of the packaged questions, drawn by `seed`, with the shares of the categories as in the whole set.

    A larger draw with the same seed contains the smaller one.
    """
    mixed = sorted(packaged(), key=lambda each: hashlib.sha256(f"{seed} {each.id}".encode()).digest())
    sizes, seen, place = Counter(each.category for each in mixed), Counter[str](), {}
    for each in mixed:
        place[each.id] = (seen[each.category] + 0.5) / sizes[each.category]
        seen[each.category] += 1
    return tuple(sorted(mixed, key=lambda each: place[each.id])[:count])


def category_title(slice_name: str) -> str:
    """What a table calls a category, or all questions together."""
    names = {ALL: "all guard questions"} | {str(name): title for name, title in CATEGORY_NAMES.items()}
    found = names.get(slice_name, slice_name)
    return found[0].upper() + found[1:]
