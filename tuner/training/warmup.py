"""The warm-up of the learning rate: decided when the number of training records is known, unless the run sets it."""

from __future__ import annotations

from collections.abc import Mapping

from tuner import catalog
from tuner.catalog import WARMUP, Model


def sent(model: Model, pinned: Mapping[str, str], training_records: int) -> dict[str, str]:
    """The hyperparameters of the customization job: those of run.json, and the warm-up where the run sets none."""
    steps = catalog.recommended_warmup(model, training_records)
    return {**pinned} if WARMUP in pinned or steps is None else {**pinned, WARMUP: str(steps)}


def why(model: Model, pinned: Mapping[str, str], training_records: int) -> dict[str, str]:
    """By its name, the reason of a hyperparameter that neither run.yaml nor the model's defaults decide."""
    if WARMUP in pinned or catalog.recommended_warmup(model, training_records) is None:
        return {}
    return {
        WARMUP: f"AWS recommends the number of training records ({training_records:,}) divided by "
        f"{model.warmup_divisor} for {model.name}"
    }


def warning(model: Model, asked: Mapping[str, object], training_records: int) -> str | None:
    """What to know about a warm-up that the run sets itself, when it is longer than AWS recommends."""
    steps = catalog.recommended_warmup(model, training_records)
    if WARMUP not in asked or steps is None or float(str(asked[WARMUP])) <= steps:
        return None
    return (
        f"hyperparameters.{WARMUP} is {asked[WARMUP]}: for {training_records:,} training records of {model.name}, AWS "
        f"recommends {steps}. The dataset may be too small for the learning rate ever to be reached: leave the key out."
    )
