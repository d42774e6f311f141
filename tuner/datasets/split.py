"""Chooses the training records that are held out for validation: by a hash of the question, never by position.

Appending records therefore moves no earlier record to the other side, and questions that differ only in case or
punctuation stay together.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tuner.catalog import Family

_HASH_SPACE = 2**64
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")  # neither letter nor digit, in any script
_MAX_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class HeldOutRecords:
    """Records whose question hash is below `threshold` are held out. A near duplicate goes with its leader."""

    threshold: int
    leaders: Mapping[int, int] = field(default_factory=dict)

    def contains(self, prompt: str, _: str = "") -> bool:
        """Whether a record with this question is held out."""
        number = question_hash(prompt)
        return self.leaders.get(number, number) < self.threshold


def question_hash(prompt: str) -> int:
    """A number from 0 to 2^64 - 1, equal for questions that differ only in case, spaces or punctuation."""
    plain = _NOT_ALPHANUMERIC.sub("", prompt.casefold()) or prompt
    digest = hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


class HashCounter:
    """Counts records and keeps the smallest hashes, so that one pass is enough to choose a threshold."""

    def __init__(self, fraction: float) -> None:
        self.records = 0
        self._threshold = int(fraction * _HASH_SPACE)
        self._below = 0
        self._smallest: list[int] = []  # negated: heapq is a min-heap, and the largest kept hash must be replaced first

    def add(self, number: int) -> None:
        """Adds the hash of a record."""
        self.records += 1
        self._below += number < self._threshold
        if len(self._smallest) < _MAX_KEPT:
            heapq.heappush(self._smallest, -number)
        else:
            heapq.heappushpop(self._smallest, -number)

    def threshold(self, fewest: int, most: int) -> int:
        """The threshold of the fraction, moved only as far as needed to hold out from `fewest` to `most` records."""
        wanted = min(max(self._below, fewest), most)
        if wanted == self._below or wanted >= len(self._smallest):
            return self._threshold
        return sorted(-number for number in self._smallest)[wanted]


def choose_held_out(
    prompts: Iterable[str], fraction: float, family: Family, leaders: Mapping[int, int] | None = None
) -> HeldOutRecords:
    """Holds out about `fraction` of the records. `leaders` keeps near duplicates on one side.

    The family's limits for validation data can raise or lower the number. At least one record is held out, and training
    data keeps its own minimum if possible. Only when a limit applies does the side of a record depend on the others.
    """
    leaders = leaders or {}
    hashes = HashCounter(fraction)
    for prompt in prompts:
        number = question_hash(prompt)
        hashes.add(leaders.get(number, number))
    return HeldOutRecords(hashes.threshold(*_bounds(hashes.records, family)), leaders)


def _bounds(records: int, family: Family) -> tuple[int, int]:
    """The fewest and the most records to hold out."""
    fewest_validation, most_validation = family.records.validation
    spare = records - max(family.records.training[0] or 1, 1)
    most = max(min(spare, most_validation or records), min(1, records - 1), 0)
    return min(max(fewest_validation or 1, 1), most), most
