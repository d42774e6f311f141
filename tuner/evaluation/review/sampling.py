"""Draws the questions that people are asked about: a stratified random sample, or the flagged questions."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Sequence

from tuner.artifacts.evaluation.contestants import BASE, TUNED
from tuner.artifacts.evaluation.people import ReviewSheet, ReviewStratum

# The fewest questions of a stratum: fewer cannot estimate its variance.
_FEWEST_OF_STRATUM = 5


def sample_name(count: int, seed: int) -> str:
    """The name of the sheet with a number of questions. The same draw gets the same name."""
    return f"random-{count}-{seed}"


def draw_sample(
    questions: Sequence[str], flagged: Collection[str], count: int, seed: int, answers_each: int = 1
) -> ReviewSheet:
    """About `count` of the questions, drawn at random: the flagged ones and the others by their shares.

    A stratum gives at least five questions, or all that it has. The order is random too, so that whoever stops early
    has scored a smaller random sample. A larger sample of the same seed contains the smaller one.
    """
    strata = []
    for name, members in (
        ("flagged", [key for key in questions if key in flagged]),
        ("others", [key for key in questions if key not in flagged]),
    ):
        share = round(count * len(members) / len(questions))
        drawn = _shuffled(members, seed)[: max(_FEWEST_OF_STRATUM, share)]
        if drawn:
            probability = len(drawn) / len(members)
            strata.append(
                ReviewStratum(name=name, questions=tuple(members), drawn=tuple(drawn), probability=probability)
            )
    chosen = _shuffled((key for stratum in strata for key in stratum.drawn), seed)
    return ReviewSheet(
        name=sample_name(count, seed), seed=seed, answers_each=answers_each, strata=tuple(strata), first=_first(chosen)
    )


def flagged_sheet(name: str, flagged: Iterable[str], answers_each: int = 1) -> ReviewSheet:
    """All flagged questions, in their order. They are no sample."""
    return ReviewSheet(name=name, answers_each=answers_each, first=_first(flagged))


def _shuffled(questions: Iterable[str], seed: int) -> list[str]:
    """In an order that seed and ids decide."""
    return sorted(questions, key=lambda key: hashlib.sha256(f"{seed}\n{key}".encode()).digest())


def _first(questions: Iterable[str]) -> dict[str, str]:
    """The contestant whose answer is shown first. It is drawn at random, so the question's id does not reveal it."""
    return {key: secrets.choice((BASE, TUNED)) for key in questions}
