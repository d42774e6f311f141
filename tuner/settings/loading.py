"""Validates parsed documents as settings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

from pydantic import AfterValidator, ValidationError

from tuner.core.errors import SettingsError
from tuner.core.strict_model import JsonObject, StrictModel
from tuner.core.wording import shortened
from tuner.settings.messages import sentences

M = TypeVar("M", bound=StrictModel)

# A message is shown in a notification and in the cause of an execution, and more findings are not read at once.
_MOST_FINDINGS = 20
_MOST_BYTES = 1500
_LONGEST_FINDING = 400


def matching(pattern: str, meaning: str) -> AfterValidator:
    """Accepts text that the whole pattern matches. `meaning` describes the pattern in the error message."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {meaning}")
        return text

    return AfterValidator(check)


def load(model: type[M], values: JsonObject, where: str, newer: bool = False) -> M:
    """Validates `values` as `model`. With `newer`, unknown keys are ignored: a newer version may have written them.

    Raises SettingsError with the findings, one per line. The finding about an unknown key names the nearest valid one.
    """
    try:
        return model.model_validate(values, extra="ignore" if newer else None)
    except ValidationError as error:
        found = error.errors()
        raise SettingsError(every(where, sentences(model, found), len(found))) from None


def every(where: str, findings: Iterable[str], count: int) -> str:
    """A message with the findings, one per line. Of many or long ones, it has the first and the number of the others.

    `count` is the number of findings, or a larger number when several are about one key. Only as many findings are
    taken from the iterator as are shown.
    """
    lines: list[str] = []
    size = 0
    for finding in findings:
        line = shortened(f"{where}: {finding}", _LONGEST_FINDING)
        size += len(line.encode()) + 1
        if lines and (size > _MOST_BYTES or len(lines) == _MOST_FINDINGS):
            lines.append(f"... and {count - len(lines):,} more. Correct these first.")
            break
        lines.append(line)
    return "\n".join(lines)
