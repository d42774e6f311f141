"""Checks the hyperparameters of a model family, and translates them for the local network."""

from __future__ import annotations

from dataclasses import dataclass

from local.bedrock.errors import ValidationError
from local.trainer.spec import EarlyStopping
from tuner.catalog import Hyperparameter, Model, plain_decimal

LOCAL_LEARNING_RATE = {"smollm2": 1e-3, "tiny": 1e-2}
"""The learning rate for a family's default, found by experiment. Ratios to the default are kept."""

LOCAL_BATCH_SIZE = 8
"""The batch size for families without a hyperparameter for it."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The training schedule of the local network."""

    epochs: int
    batch_size: int
    learning_rate: float
    warmup_steps: int
    early_stopping: EarlyStopping | None


def check(model: Model, given: dict[str, str]) -> dict[str, str]:
    """The hyperparameters of a job with defaults for those that are not given, as Bedrock returns them.

    Raises:
        ValidationError: a name is unknown, or a value is not a number or out of the family's range.
    """
    rules = model.family.hyperparameters
    unknown = sorted(set(given) - set(rules))
    if unknown:
        raise ValidationError(
            f"Invalid hyperparameter(s) for model {model.id}: {', '.join(unknown)}. Supported: {', '.join(rules)}."
        )
    for name, text in given.items():
        _check_value(name, text, rules[name], model)
    return {name: given.get(name, _text(rule)) for name, rule in rules.items()}


def _check_value(name: str, text: str, rule: Hyperparameter, model: Model) -> None:
    try:
        number = int(text) if rule.kind == "integer" else float(text)
    except ValueError:
        number = None
    if number is None or not rule.minimum <= number <= rule.maximum:
        raise ValidationError(
            f"Value '{text}' of hyperparameter {name} is invalid for model {model.id}: "
            f"it must be {'an integer' if rule.kind == 'integer' else 'a number'} "
            f"between {plain_decimal(rule.minimum)} and {plain_decimal(rule.maximum)}."
        )


def _text(rule: Hyperparameter) -> str:
    return plain_decimal(rule.default)


def schedule(model: Model, values: dict[str, str], network: str) -> Schedule:
    """The schedule for checked hyperparameters."""
    stopping = None
    if model.family.stops_early:
        stopping = EarlyStopping(
            threshold=float(values["earlyStoppingThreshold"]), patience=int(values["earlyStoppingPatience"])
        )
    rate = next(name for name in ("learningRate", "learningRateMultiplier") if name in values)
    # The family's values are for a much larger model. Only their ratio to the default has a meaning here.
    ratio = float(values[rate]) / model.family.hyperparameters[rate].default
    return Schedule(
        epochs=int(values["epochCount"]),
        batch_size=int(values.get("batchSize", LOCAL_BATCH_SIZE)),
        learning_rate=LOCAL_LEARNING_RATE[network] * ratio,
        warmup_steps=int(values.get("learningRateWarmupSteps", 0)),
        early_stopping=stopping,
    )
