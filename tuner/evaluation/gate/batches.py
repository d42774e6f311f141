"""Divides the evaluation questions into batches, for a run that may stop early: its scores are looked at in between.

The questions are in random order already (`tuner.datasets.question_groups.in_random_order`), so the first ones are a
random sample of all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from tuner.artifacts.dataset import DatasetSummary
from tuner.artifacts.evaluation.answers import MOST_LOOKS

_FEWEST_QUESTIONS = 5


def questions_of_a_batch(questions: int) -> int:
    """About how many questions a batch has: no shard of them may have more."""
    return max(_FEWEST_QUESTIONS, math.ceil(questions / MOST_LOOKS))


def batches(summary: DatasetSummary, size: int, fewest_units: int) -> list[tuple[int, ...]]:
    """The shards of each batch. The first one has `fewest_units` independent questions, or groups of them.

    One batch only: there is nothing to look at before all questions are asked.
    """
    questions = summary.evaluation_records
    units = summary.groups.groups if summary.groups else questions
    first = math.ceil(fewest_units * questions / units) if units else questions
    return list(_batches(questions, size, first))


def next_batch(known: list[tuple[int, ...]], done: tuple[int, ...]) -> tuple[int, ...]:
    """The batch after `done`; none after the last one."""
    later = [batch for batch in known if batch[0] > done[-1]]
    return later[0] if later else ()


def _batches(questions: int, size: int, first: int) -> Iterator[tuple[int, ...]]:
    shards = math.ceil(questions / size)
    start, wanted = 0, max(first, questions_of_a_batch(questions))
    while start < shards:
        end = min(shards, start + math.ceil(wanted / size))
        yield tuple(range(start, end))
        start, wanted = end, questions_of_a_batch(questions)
