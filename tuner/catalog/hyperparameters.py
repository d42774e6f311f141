"""Checks a run's hyperparameters against the model's family, before anything is spent."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from decimal import Decimal

from tuner.catalog.models import Hyperparameter, Model
from tuner.core.errors import SettingsError

WARMUP = "learningRateWarmupSteps"
SMALLEST = 1e-9
"""No useful rate is smaller, and a plain decimal of a smaller number has more digits than anybody has tried on AWS."""


def check_hyperparameters(
    model: Model, asked: Mapping[str, int | float | str], where: str = "run.yaml"
) -> dict[str, str]:
    """All hyperparameters of the model's family as the strings that Bedrock takes, defaults filled in.

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
    """The warm-up steps that AWS recommends for so many records, or None where it recommends none for the model.

    Rounded down: with a longer warm-up, the learning rate of a small dataset is never reached.
    """
    if model.warmup_divisor is None or WARMUP not in model.family.hyperparameters:
        return None
    rule = model.family.hyperparameters[WARMUP]
    return int(min(max(training_records // model.warmup_divisor, rule.minimum), rule.maximum))


def plain_decimal(number: float) -> str:
    """The number without an exponent, and the shortest that reads back as the same: `0.00001`, never `1e-05`.

    AWS documents only that a hyperparameter is a string with a number in it; all its samples write plain decimals.
    """
    text = format(Decimal(repr(number + 0.0)), "f")  # -0.0 becomes 0.0
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
    known = list(model.family.hyperparameters)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"It has: {', '.join(known)}."
    return f"{name}: {model.name} has no such hyperparameter. {hint}"
