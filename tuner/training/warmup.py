"""Chooses the warm-up steps of the learning rate, which depend on the number of training records."""

from __future__ import annotations

from collections.abc import Mapping

from tuner import catalog
from tuner.catalog import WARMUP, Model


def with_warmup(model: Model, pinned: Mapping[str, str], training_records: int) -> dict[str, str]:
    """The hyperparameters of the customization job: those of run.json, and the warm-up if the run does not set it."""
    # None for a model family without this hyperparameter.
    steps = catalog.recommended_warmup(model, training_records)
    return {**pinned} if WARMUP in pinned or steps is None else {**pinned, WARMUP: str(steps)}


def reasons(model: Model, pinned: Mapping[str, str], training_records: int) -> dict[str, str]:
    """The reason of each hyperparameter that neither run.yaml nor the model's defaults decide, by its name."""
    if WARMUP in pinned or catalog.recommended_warmup(model, training_records) is None:
        return {}
    return {
        WARMUP: f"AWS recommends the number of training records ({training_records:,}) divided by "
        f"{model.warmup_divisor} for {model.name}"
    }


def warning(model: Model, asked: Mapping[str, int | float | str], training_records: int) -> str | None:
    """A warning when the run sets a longer warm-up than AWS recommends; None otherwise."""
    steps = catalog.recommended_warmup(model, training_records)
    if WARMUP not in asked or steps is None or float(asked[WARMUP]) <= steps:
        return None
    return (
        f"hyperparameters.{WARMUP} is {asked[WARMUP]}: for {training_records:,} training records of {model.name}, AWS "
        f"recommends {steps}. With so few records the learning rate may never reach its full value: remove the key."
    )
