"""The similarity of an answer to a reference, from 0 to 1. docs/local-judge.md explains each term.

No language model is used. The similarity is computed from word overlap and sentence embeddings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

EMBEDDING_SHARE = 0.5
NUMBER_PENALTY = 0.3
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
# A number, but not a digit inside of a name such as S3.
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?!\w)")
_FUNCTION_WORDS = frozenset(
    word
    for line in (
        "a an the and or but nor so of in on at by to for from with without as is are was were be been being it its",
        "this that these those which who what when where why how do does did can could may might will would shall",
        "should must has have had not no than then there their they them you your we our i he she his her if into",
        "over also",
    )
    for word in line.split()
)


@dataclass(frozen=True, slots=True)
class Similarity:
    """The terms of a similarity and the result, `score`. `gain` is None if there were no embeddings."""

    gain: float | None
    overlap: float
    unknown_numbers: tuple[str, ...]
    score: float

    def explained(self) -> str:
        """The terms as text, for the reasoning of a grade."""
        parts = [f"overlap of the words that carry the answer (token F1) {self.overlap:.2f}"]
        if self.gain is not None:
            parts.insert(0, f"closeness to the reference beyond the question's own (embedding gain) {self.gain:.2f}")
        if self.unknown_numbers:
            parts.append(
                f"numbers that are in neither the reference nor the question: {', '.join(self.unknown_numbers)}"
            )
        return "; ".join(parts)


def similarity(question: str, reference: str, answer: str, vectors: Sequence[Sequence[float]] | None) -> Similarity:
    """Compares an answer to a reference. `vectors` are the embeddings of question, reference and answer."""
    # Words of the question do not count, because every answer on the topic repeats them.
    asked = set(_words(question))
    overlap = _token_f1([w for w in _words(reference) if w not in asked], [w for w in _words(answer) if w not in asked])
    known = set(_NUMBER.findall(f"{question} {reference}"))
    unknown = tuple(dict.fromkeys(number for number in _NUMBER.findall(answer) if number not in known))
    gain = _gain(vectors) if vectors and answer.strip() else None if vectors is None else 0.0
    score = overlap if gain is None else EMBEDDING_SHARE * gain + (1 - EMBEDDING_SHARE) * overlap
    if unknown:
        score *= 1 - NUMBER_PENALTY
    return Similarity(gain, overlap, unknown, score if answer.strip() else 0.0)


def _gain(vectors: Sequence[Sequence[float]]) -> float:
    """The position of the answer between the question (0) and the reference (1).

    An answer that repeats the question has no gain, although it is often close to the reference.
    """
    question, reference, answer = vectors
    start = _cosine(question, reference)
    if start >= 1:
        return 1.0
    return min(1.0, max(0.0, (_cosine(answer, reference) - start) / (1 - start)))


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.casefold()) if word not in _FUNCTION_WORDS]


def _token_f1(reference: Sequence[str], answer: Sequence[str]) -> float:
    if not reference or not answer:
        return float(reference == answer)
    common = sum((Counter(reference) & Counter(answer)).values())
    return 2 * common / (len(reference) + len(answer))
