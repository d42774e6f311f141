"""Holds part of the training data out for validation, by what each record says and never by where it stands.

A record's side depends on a hash of its question alone: appending rows moves no earlier row, and the same question in
other words of case or punctuation stays on one side.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tuner.catalog import Family

_SPACE = 2**64
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
    plain = "".join(letter for letter in prompt.casefold() if letter.isalnum()) or prompt
    digest = hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def held_out(
    prompts: Iterable[str], fraction: float, family: Family, leaders: Mapping[int, int] | None = None
) -> HeldOut:
    """Holds out about `fraction` of the records. `leaders` keeps near duplicates on one side.

    More where the family's minimum asks for it, fewer where its maximum does, at least one, and never so many that the
    training data falls below its own minimum while there is a choice. Only then does a side depend on the other rows.
    """
    leaders = leaders or {}
    threshold = int(fraction * _SPACE)
    records = below = 0
    smallest: list[int] = []  # negated, so that the heap's first is the largest of the smallest
    for prompt in prompts:
        number = side(prompt)
        number = leaders.get(number, number)
        records += 1
        below += number < threshold
        if len(smallest) < _MOST_REMEMBERED:
            heapq.heappush(smallest, -number)
        else:
            heapq.heappushpop(smallest, -number)
    fewest, most = _bounds(records, family)
    wanted = min(max(below, fewest), most)
    if wanted == below or wanted >= len(smallest):
        return HeldOut(threshold, leaders)
    ordered = sorted(-number for number in smallest)
    return HeldOut(ordered[wanted], leaders)


def _bounds(records: int, family: Family) -> tuple[int, int]:
    fewest_validation, most_validation = family.records.validation
    spare = records - max(family.records.training[0] or 1, 1)
    most = max(min(spare, most_validation or records), min(1, records - 1), 0)
    return min(max(fewest_validation or 1, 1), most), most
