"""Chooses the training records that are held out for validation: by a hash of the input, never by position.

Appending records therefore moves no earlier record to the other side, and the same question stays together.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from tuner.catalog import Family

_HASH_SPACE = 2**64
_MAX_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class HeldOutRecords:
    """Records whose input hash is below `threshold` are held out. A near duplicate goes with its leader."""

    threshold: int
    leaders: Mapping[int, int] = field(default_factory=dict)

    def contains(self, number: int) -> bool:
        """Whether the record with this input hash is held out."""
        return self.leaders.get(number, number) < self.threshold


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
        """The threshold of the fraction, moved only as far as needed to hold out from `fewest` to `most` records.

        Records with the same hash stay together. Where they allow no number between the two, neither side is left empty
        if there are at least two hashes.
        """
        if fewest <= self._below <= most or min(max(self._below, fewest), most) >= len(self._smallest):
            return self._threshold
        counted, held = 0, []  # the thresholds that can be chosen, each with the number of records below it
        for number, same in groupby(sorted(-number for number in self._smallest)):
            counted += len(list(same))
            held.append((counted, number + 1))
        enough = [pair for pair in held if fewest <= pair[0] <= most]
        if enough:
            return (enough[0] if self._below < fewest else enough[-1])[1]
        parts = [pair for pair in held if pair[0] < self.records] if most else []
        return min(parts, key=lambda pair: abs(pair[0] - most))[1] if parts else 0


def choose_held_out(
    inputs: Iterable[int], fraction: float, family: Family, leaders: Mapping[int, int] | None = None
) -> HeldOutRecords:
    """Holds out about `fraction` of the records, by their input hashes. `leaders` keeps near duplicates on one side.

    The family's limits for validation data can raise or lower the number. At least one record is held out, and training
    data keeps its own minimum if possible. Only when a limit applies does the side of a record depend on the others.
    """
    leaders = leaders or {}
    hashes = HashCounter(fraction)
    for number in inputs:
        hashes.add(leaders.get(number, number))
    return HeldOutRecords(hashes.threshold(*held_out_bounds(hashes.records, family)), leaders)


def held_out_bounds(records: int, family: Family) -> tuple[int, int]:
    """The fewest and the most of so many records to hold out."""
    fewest_validation, most_validation = family.records.validation
    spare = records - max(family.records.training[0] or 1, 1)
    most = max(min(spare, most_validation or records), min(1, records - 1), 0)
    return min(max(fewest_validation or 1, 1), most), most
