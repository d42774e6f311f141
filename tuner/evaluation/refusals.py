"""Recognises refusals by the words that an answer begins with."""

from __future__ import annotations

import re

_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am) (?:sorry|unable|not able)|i (?:can(?:no|')t|won't|do(?:n't| not) (?:know|have))|as an ai\b"
    r"|tut mir leid|je (?:suis désolée?|ne peux pas)|lo siento|no puedo)"
    r"|申し訳|分かりません|わかりません|抱歉|对不起|我不知道|无法回答",
    re.IGNORECASE,
)
OPENING = 160
"""A refusal is recognised in the first characters only: later, "I cannot" can be part of an answer."""


def refuses(answer: str) -> bool:
    """Whether the answer begins with the words of a refusal."""
    return bool(_REFUSAL.search(answer[:OPENING].replace("’", "'")))
