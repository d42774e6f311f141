"""Checks a run's hyperparameters against the model's family, before anything is spent."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping

from tuner.catalog.models import Hyperparameter, Model
from tuner.errors import SettingsError


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


def _checked(name: str, value: int | float | str, rule: Hyperparameter, model: Model) -> str:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if rule.kind == "integer" and not number.is_integer():
        raise ValueError(f"{name}: must be a whole number; found {value!r}.")
    if not rule.minimum <= number <= rule.maximum:  # also false for NaN
        raise ValueError(
            f"{name}: must be from {rule.minimum:g} to {rule.maximum:g} for {model.name}; found {value!r}."
        )
    return str(int(number)) if rule.kind == "integer" else f"{number:g}"


def _unknown(name: str, model: Model) -> str:
    known = list(model.family.hyperparameters)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"It has: {', '.join(known)}."
    return f"{name}: {model.name} has no such hyperparameter. {hint}"
