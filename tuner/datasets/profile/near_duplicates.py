"""Near duplicates by MinHash and locality-sensitive hashing (rensa): texts that share most of their words in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tuner.datasets.profile.words import shingles

_PERMUTATIONS = 128
_BANDS = 16  # with 8 rows each: texts of similarity 0.7 meet in a band about every second time, of 0.85 nearly always


@dataclass(frozen=True, slots=True)
class Match:
    """An earlier text, by the number it was added under, and the share of words and neighbours both have (Jaccard)."""

    number: int
    similarity: float


class NearIndex:
    """Texts by what they say, about half a kilobyte each."""

    def __init__(self, threshold: float = 0.8) -> None:
        import rensa  # native code: loaded only where a dataset is studied

        self._new: Any = rensa.RMinHash
        self._lsh: Any = rensa.RMinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS, num_bands=_BANDS)
        self._threshold = threshold
        self._sketches: list[Any] = []

    def sketch(self, text: str) -> Any:
        """What stands for the text; None for one without words, which is like no other."""
        found = shingles(text)
        if not found:
            return None
        sketch = self._new(num_perm=_PERMUTATIONS, seed=1)
        sketch.update(found)
        return sketch

    def nearest(self, sketch: Any) -> Match | None:
        """The most similar text, the earliest among equals, when it is similar enough."""
        if sketch is None:
            return None
        best: Match | None = None
        for number in sorted(self._lsh.query(sketch)):
            similarity = self._sketches[number].jaccard(sketch)
            if similarity >= self._threshold and (best is None or similarity > best.similarity):
                best = Match(number, similarity)
        return best

    def add(self, sketch: Any) -> int:
        """Remembers a text, and returns its number: they are counted from 0."""
        number = len(self._sketches)
        self._sketches.append(sketch)
        if sketch is not None:
            self._lsh.insert(number, sketch)
        return number
