"""Matches an answer with the labels of a classification."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# What can follow a label at its end, in many scripts. Signs and symbols stay, because `C`, `C#` and `C++` are different
# labels.
_END = ".,;:!?…。、，；：！？؟۔،؛।॥։።၊။།"
# What can stand around a label: models write it as a quotation, as code, in bold type or in brackets.
_AROUND = {'"': '"', "'": "'", "`": "`", "*": "*", "“": "”", "„": "“", "‘": "’", "‚": "‘", "«": "»", "»": "«",
           "‹": "›", "_": "_", "《": "》", "「": "」", "『": "』", "(": ")", "[": "]", "【": "】"}  # fmt: skip
# A whole number with decimals: pandas writes 3.0 where a value of the column is missing.
_WHOLE = re.compile(r"([+-]?\d+)\.0+")
# What models write before a label. It is removed where a label follows.
_HEADING = re.compile(
    r"[*_]*(?:answer|category|class|classification|intent|label|sentiment|topic)[*_]*\s*[:：][*_]*", re.I
)
# Characters that show nothing: soft hyphen, zero-width space, marks of direction, variation selectors, byte-order mark.
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe0e\ufe0f\ufeff]")
# Typographic forms of the hyphen, which is also the minus, and of the apostrophe.
_SAME_SIGN = str.maketrans("‐‑−’‘", "---''")
# Letters of a text outside the labels that are shown.
_SHOWN = 80


def normalised(text: str) -> str:
    """The text without what does not distinguish labels.

    That is case, the width of letters (`Ａ` for `A`), invisible characters, typographic hyphens and apostrophes, and
    outer and repeated spaces. It is also marks around the whole, punctuation at its end, and the decimals of a whole
    number. The case is folded with `lower`: `casefold` would make the German words Maße and Masse equal.

    >>> normalised(' "Straße". '), normalised("(A)"), normalised("3.0"), normalised("C++")
    ('straße', 'a', '3', 'c++')
    """
    composed = unicodedata.normalize("NFC", "".join(map(_narrow, text)))
    plain = " ".join(unicodedata.normalize("NFC", _INVISIBLE.sub("", composed).lower()).split())
    while (shorter := _without_marks(plain)) and shorter != plain:
        plain = shorter
    # After the marks around the label, of which ‘ and ’ are some.
    plain = plain.translate(_SAME_SIGN)
    whole = _WHOLE.fullmatch(plain)
    return whole[1] if whole else plain


def alike(values: Iterable[str]) -> str | None:
    """The first two values that are written differently and are the same label, in words; None if there are none.

    >>> alike(["Billing", "returns", "billing"])
    "'Billing' and 'billing', which differ only in case, spaces or punctuation"
    """
    first: dict[str, str] = {}
    for value in values:
        other = first.setdefault(normalised(value), value)
        if other != value:
            return f"'{_shown(other)}' and '{_shown(value)}', which differ only in case, spaces or punctuation"
    return None


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
            # A label such as `Label: spam` is not another one than `spam`.
            if self.find(label) is None:
                self._by_form[normalised(label)] = " ".join(label.split())

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, each in one spelling."""
        return tuple(self._by_form.values())

    def find(self, answer: str) -> str | None:
        """The label that the answer is, also as `Label: spam`. None for any other text, such as a sentence with it."""
        found = self._by_form.get(normalised(answer))
        plain = answer.strip()
        if found is None and (heading := _HEADING.match(plain)):
            return self._by_form.get(normalised(plain[heading.end() :]))
        return found

    def named(self, answer: str) -> str:
        """The label that the answer is, or else the beginning of its text."""
        return self.find(answer) or _shown(answer)


def _shown(text: str) -> str:
    return " ".join(text.split())[:_SHOWN]
