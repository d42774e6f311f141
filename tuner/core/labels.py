"""The labels of a classification, and how an answer is matched with one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# What can follow a label at its end. Signs and symbols stay, because `C`, `C#` and `C++` are different labels.
_END = ".,;:!?…。、，；：！？"
# What can stand around a label: models write it as a quotation, as code, in bold type or in brackets.
_AROUND = {'"': '"', "'": "'", "`": "`", "*": "*", "“": "”", "„": "“", "‘": "’", "‚": "‘", "«": "»", "»": "«",
           "「": "」", "『": "』", "(": ")", "[": "]", "【": "】"}  # fmt: skip
# A whole number with decimals: pandas writes 3.0 where a value of the column is missing.
_WHOLE = re.compile(r"([+-]?\d+)\.0+")
# Letters of a text outside the labels that are shown.
_SHOWN = 80


def normalised(text: str) -> str:
    """The text without what does not distinguish labels.

    That is case, the width of letters (`Ａ` for `A`), outer and repeated spaces, quotation marks and brackets around
    the whole, punctuation at its end, and the decimals of a whole number.

    >>> normalised(' "Straße". '), normalised("(A)"), normalised("3.0"), normalised("C++")
    ('strasse', 'a', '3', 'c++')
    """
    composed = unicodedata.normalize("NFC", "".join(map(_narrow, text)))
    plain = " ".join(unicodedata.normalize("NFC", composed.casefold()).split())
    while (shorter := _without_marks(plain)) and shorter != plain:
        plain = shorter
    whole = _WHOLE.fullmatch(plain)
    return whole[1] if whole else plain


def _narrow(letter: str) -> str:
    return unicodedata.normalize("NFKC", letter) if unicodedata.east_asian_width(letter) == "F" else letter


def _without_marks(text: str) -> str:
    """The text without punctuation at its end, or else without one pair of marks around it."""
    shorter = text.rstrip(f"{_END} ")
    if shorter != text:
        return shorter
    first, last, inner = text[:1], _AROUND.get(text[:1], ""), text[1:-1]
    # `(a) or (b)` is not in brackets, and `**a**` is in two pairs of marks.
    encloses = len(text) > 1 and text[-1] == last and first not in inner.strip(first + last)
    return inner.strip() if encloses else text


class LabelSet:
    """Labels by their normalised form. Of several spellings of a label, the first one is shown."""

    def __init__(self, labels: Iterable[str]) -> None:
        self._by_form: dict[str, str] = {}
        for label in labels:
            self._by_form.setdefault(normalised(label), " ".join(label.split()))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, each in one spelling."""
        return tuple(self._by_form.values())

    def find(self, answer: str) -> str | None:
        """The label that the answer is. None for any other text, also for a sentence that has the label in it."""
        return self._by_form.get(normalised(answer))

    def named(self, answer: str) -> str:
        """The label that the answer is, or else the beginning of its text."""
        return self.find(answer) or " ".join(answer.split())[:_SHOWN]
