"""The verdict of a run: whether the tuned model is better than the base model, in one sentence."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tuner.artifacts.base import Part

VerdictValue = Literal["better", "worse", "undecided"]


class Verdict(Part):
    """The comparison in one sentence."""

    value: VerdictValue | None = Field(None, description="null when there is nothing to decide on")
    sentence: str
    # A measure, for all its name: it is named as in release 0.1.0, because programs read it.
    metric: str | None = Field(None, description="the measure that decides; null when nothing was measured")
    more_questions: int | None = Field(None, description="how many more would decide; null when no number is known")
    notes: tuple[str, ...] = Field((), description="what to know before believing it")
