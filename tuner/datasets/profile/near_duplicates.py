"""Finds similar texts by MinHash and locality-sensitive hashing (rensa): texts that share most words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tuner.datasets.profile.words import shingles
from tuner.datasets.same_question import comparable

_PERMUTATIONS = 128
_THRESHOLD = 0.8  # similarity from which texts are near duplicates
# 16 bands of 8 rows: of two texts with similarity 0.7 about half are candidates, with 0.85 nearly all.
_BANDS = 16
# In a dataset made from a template, all texts are similar, and each would be compared with all others. So many similar
# texts are indexed; further ones are only looked up.
_MOST_SIMILAR = 40


@dataclass(frozen=True, slots=True)
class Match:
    """An earlier text, by the number that `add` gave it. `similarity` is the Jaccard index of the shingles."""

    number: int
    similarity: float


class NearDuplicateIndex:
    """An index of texts. Each takes about half a kilobyte."""

    def __init__(self) -> None:
        import rensa  # native code: imported only when a dataset is profiled

        self._new: Any = rensa.RMinHash
        self._lsh: Any = rensa.RMinHashLSH(threshold=_THRESHOLD, num_perm=_PERMUTATIONS, num_bands=_BANDS)
        self._sketches: list[Any] = []

    def sketch(self, text: str) -> Any:
        """The MinHash of a text; None for a text without words and signs, which is similar to no other."""
        found = shingles(comparable(text))
        if not found:
            return None
        sketch = self._new(num_perm=_PERMUTATIONS, seed=1)
        sketch.update(found)
        return sketch

    def nearest(self, sketch: Any) -> Match | None:
        """The most similar text above the threshold, the earliest among equals; None when there is none."""
        if sketch is None:
            return None
        best: Match | None = None
        for number in self._candidates(sketch):
            similarity = self._sketches[number].jaccard(sketch)
            if similarity >= _THRESHOLD and (best is None or similarity > best.similarity):
                best = Match(number, similarity)
        return best

    def add(self, sketch: Any) -> int | None:
        """Adds a text and returns its number, counted from 0; None if the index has enough texts like it."""
        if sketch is None or len(self._candidates(sketch)) >= _MOST_SIMILAR:
            return None
        number = len(self._sketches)
        self._sketches.append(sketch)
        self._lsh.insert(number, sketch)
        return number

    def _candidates(self, sketch: Any) -> list[int]:
        return sorted(self._lsh.query(sketch))
