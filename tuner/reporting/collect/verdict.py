"""The run in one sentence: the first thing that anyone reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuner.artifacts.report import Failure, Verdict


def verdict(failure: Failure | None, decided: Mapping[str, Any] | None) -> Verdict:
    """What the evaluation `decided`; without it, why there is nothing to say."""
    if failure:
        return Verdict(sentence=f"The run ended without a result: {failure.message.splitlines()[0]}")
    if decided:
        return Verdict.model_validate(decided)
    return Verdict(sentence="The model was tuned. Nobody has asked it anything, so nothing says whether it is better.")
