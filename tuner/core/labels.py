"""The labels of a classification, and how an answer is matched with one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

# What can follow a label at its end. Signs and symbols stay, because `C`, `C#` and `C++` are different labels.
_END = ".,;:!?…。、，；：！？"
# Letters of a text outside the labels that are shown.
_SHOWN = 80


def normalised(text: str) -> str:
    """The text without what does not distinguish labels: case, outer and repeated spaces, punctuation at its end."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    plain = " ".join(folded.split())
    return plain.rstrip(f"{_END} ") or plain


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
