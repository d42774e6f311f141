"""Checks and completes the hyperparameters of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal

from tuner.catalog.models import Hyperparameter, Model
from tuner.core.errors import SettingsError
from tuner.core.wording import did_you_mean

WARMUP = "learningRateWarmupSteps"
SMALLEST = 1e-9
"""The smallest accepted number other than 0, of all settings of a run. No useful rate is smaller, a plain decimal of a
smaller one has more digits than AWS is known to accept, and quotients of smaller ones can be infinite."""


def check_hyperparameters(
    model: Model, asked: Mapping[str, int | float | str], where: str = "run.yaml"
) -> dict[str, str]:
    """All hyperparameters of the model's family as strings, which Bedrock expects. Missing ones get their defaults.

    Raises SettingsError with every finding, one per line.
    """
    known = model.family.hyperparameters
    findings = [_unknown(name, model) for name in asked if name not in known]
    values: dict[str, str] = {}
    for name, rule in known.items():
        try:
            values[name] = _checked(name, asked.get(name, rule.default), rule, model)
        except ValueError as error:
            findings.append(str(error))
    if findings:
        raise SettingsError("\n".join(f"{where}: hyperparameters.{finding}" for finding in findings))
    return values


def recommended_warmup(model: Model, training_records: int) -> int | None:
    """The warm-up steps that AWS recommends for this number of records. None when it has no recommendation.

    The number is rounded down: with a longer warm-up, training on a small dataset would never reach the learning rate.
    """
    if model.warmup_divisor is None or WARMUP not in model.family.hyperparameters:
        return None
    rule = model.family.hyperparameters[WARMUP]
    return int(min(max(training_records // model.warmup_divisor, rule.minimum), rule.maximum))


def plain_decimal(number: float) -> str:
    """The shortest decimal without exponent that parses to the same number: `0.00001`, not `1e-05`.

    AWS documents only that a hyperparameter is a string with a number. All its samples have plain decimals.
    """
    # Adding 0.0 turns -0.0 into 0.0. `repr` gives the shortest digits.
    text = format(Decimal(repr(number + 0.0)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _checked(name: str, value: int | float | str, rule: Hyperparameter, model: Model) -> str:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if rule.kind == "integer" and not number.is_integer():
        raise ValueError(f"{name}: must be a whole number; found {value!r}.")
    if not rule.minimum <= number <= rule.maximum:  # also false for NaN
        raise ValueError(
            f"{name}: must be from {plain_decimal(rule.minimum)} to {plain_decimal(rule.maximum)} for {model.name}; "
            f"found {value!r}."
        )
    if 0 < number < SMALLEST:
        raise ValueError(f"{name}: must be 0 or at least {plain_decimal(SMALLEST)}; found {value!r}.")
    return plain_decimal(number)


def _unknown(name: str, model: Model) -> str:
    return f"{name}: {model.name} has no such hyperparameter. {did_you_mean(name, model.family.hyperparameters)}"
