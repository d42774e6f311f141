"""Holds part of the training data out for validation, by what each record says and never by where it stands.

A record's side depends on a hash of its question alone: appending rows moves no earlier row, and the same question in
other words of case or punctuation stays on one side.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tuner.catalog import Family

_SPACE = 2**64
_NO_LETTERS = re.compile(r"[\W_]+")  # neither letter nor digit, in any script
_MOST_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Every record whose hash is below `threshold` is held out; a near duplicate goes where its leader goes."""

    threshold: int
    leaders: Mapping[int, int] = field(default_factory=dict)

    def takes(self, prompt: str, _: str = "") -> bool:
        """Whether a record with this question is held out."""
        number = side(prompt)
        return self.leaders.get(number, number) < self.threshold


def side(prompt: str) -> int:
    """A number from 0 to 2^64 - 1, the same for questions that differ only in case, spaces or punctuation."""
    plain = _NO_LETTERS.sub("", prompt.casefold()) or prompt
    digest = hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


class Sides:
    """Counts records and remembers the smallest sides, so that a threshold can be chosen after one pass."""

    def __init__(self, fraction: float) -> None:
        self.records = 0
        self._threshold = int(fraction * _SPACE)
        self._below = 0
        self._smallest: list[int] = []  # negated, so that the heap's first is the largest of the smallest

    def add(self, number: int) -> None:
        """One record's side."""
        self.records += 1
        self._below += number < self._threshold
        if len(self._smallest) < _MOST_REMEMBERED:
            heapq.heappush(self._smallest, -number)
        else:
            heapq.heappushpop(self._smallest, -number)

    def threshold(self, fewest: int, most: int) -> int:
        """The fraction's own threshold, moved only as far as it takes to hold out from `fewest` to `most` records."""
        wanted = min(max(self._below, fewest), most)
        if wanted == self._below or wanted >= len(self._smallest):
            return self._threshold
        return sorted(-number for number in self._smallest)[wanted]


def held_out(
    prompts: Iterable[str], fraction: float, family: Family, leaders: Mapping[int, int] | None = None
) -> HeldOut:
    """Holds out about `fraction` of the records. `leaders` keeps near duplicates on one side.

    More where the family's minimum asks for it, fewer where its maximum does, at least one, and never so many that the
    training data falls below its own minimum while there is a choice. Only then does a side depend on the other rows.
    """
    leaders = leaders or {}
    sides = Sides(fraction)
    for prompt in prompts:
        number = side(prompt)
        sides.add(leaders.get(number, number))
    return HeldOut(sides.threshold(*_bounds(sides.records, family)), leaders)


def _bounds(records: int, family: Family) -> tuple[int, int]:
    fewest_validation, most_validation = family.records.validation
    spare = records - max(family.records.training[0] or 1, 1)
    most = max(min(spare, most_validation or records), min(1, records - 1), 0)
    return min(max(fewest_validation or 1, 1), most), most
