"""Detects the language of texts, as far as the metrics depend on it, and splits texts into tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_KANA = re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_HANGUL = re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")
_LATIN = re.compile(r"[A-Za-z]+")
# The most frequent English words.
_ENGLISH = frozenset(
    ("the", "of", "and", "to", "in", "is", "that", "for", "with", "are", "on", "as", "by", "it", "an", "be")
)
# Scripts that are written without spaces: kana, Chinese characters, Thai.
_UNSPACED = r"\u3040-\u30ff\uff66-\uff9f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
# Tokens of the longest reference that an answer can be expected to match word for word.
SHORT = 8
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


def detect(texts: Iterable[str]) -> str:
    """`ja`, `zh`, `ko` or `en`; empty for any other language.

    Japanese texts have kana beside Chinese characters. English is recognised by its most frequent words.
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
    """Words without case, punctuation and character width. Scripts without spaces are split into characters."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).lower())


def is_short(reference: str) -> bool:
    """Whether an answer can be expected to match the reference word for word: a name, a number, a few words."""
    return 0 < len(tokens(reference)) <= SHORT
