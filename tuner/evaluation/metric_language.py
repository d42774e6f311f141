"""Detects the language of texts, as far as the metrics depend on it."""

from __future__ import annotations

from collections.abc import Iterable

import regex

from tuner.evaluation.tokens import tokens

# Languages that their script tells, with the share of the letters that must be in it. Japanese comes before Chinese,
# because Japanese texts have kana beside Chinese characters.
_SCRIPTS = tuple(
    (language, share, regex.compile(rf"(?V1)[{scripts}]"))
    for language, share, scripts in (
        ("ja", 0.05, r"\p{Hiragana}\p{Katakana}"),
        ("zh", 0.2, r"\p{Han}"),
        ("ko", 0.2, r"\p{Hangul}"),
        ("th", 0.2, r"\p{Thai}"),
        ("lo", 0.2, r"\p{Lao}"),
        ("km", 0.2, r"\p{Khmer}"),
        ("my", 0.2, r"\p{Myanmar}"),
        ("bo", 0.2, r"\p{Tibetan}"),
    )
)
# The most frequent English words.
_ENGLISH = frozenset(
    ("the", "of", "and", "to", "in", "is", "that", "for", "with", "are", "on", "as", "by", "it", "an", "be")
)


def detect(texts: Iterable[str]) -> str:
    """A language of `_SCRIPTS`, such as `ja`, or `en`; empty for any other one.

    English is recognised by its most frequent words.
    """
    text = " ".join(texts)
    letters = sum(character.isalpha() for character in text) or 1
    for language, share, script in _SCRIPTS:
        if len(script.findall(text)) / letters > share:
            return language
    words = [token for token in tokens(text) if token[0].isalpha()]
    return "en" if words and sum(word in _ENGLISH for word in words) / len(words) > 0.15 else ""
