"""Which language texts are in, as far as tokens and BERTScore's baselines depend on it; and tokens that suit it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_KANA = re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_HANGUL = re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")
_LATIN = re.compile(r"[A-Za-z]+")
_ENGLISH = frozenset(
    ("the", "of", "and", "to", "in", "is", "that", "for", "with", "are", "on", "as", "by", "it", "an", "be")
)
_UNSPACED = r"\u3040-\u30ff\uff66-\uff9f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
SHORT = 8
"""Tokens of the longest reference that an answer is expected to hit word for word."""
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


def detect(texts: Iterable[str]) -> str:
    """`ja`, `zh`, `ko`, `en`, or empty: some other language.

    Japanese writes kana beside its Chinese characters, and English cannot do without its small words.
    """
    text = " ".join(texts)
    letters = sum(character.isalpha() for character in text) or 1
    if len(_KANA.findall(text)) / letters > 0.05:
        return "ja"
    if len(_HAN.findall(text)) / letters > 0.2:
        return "zh"
    if len(_HANGUL.findall(text)) / letters > 0.2:
        return "ko"
    words = [word.lower() for word in _LATIN.findall(text)]
    return "en" if words and sum(word in _ENGLISH for word in words) / len(words) > 0.15 else ""


def tokens(text: str) -> list[str]:
    """Words without case, punctuation or differences of width; one character each where a script has no spaces."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).lower())


def is_short(reference: str) -> bool:
    """Whether an answer could be expected to be this, word for word: a name, a number, a few words."""
    return 0 < len(tokens(reference)) <= SHORT
