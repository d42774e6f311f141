"""Checks the deployment's own scorers: whether each gives a score for a made-up answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial

from tuner.cli.checks.check import Check, CheckResult
from tuner.core.errors import RetryableError
from tuner.evaluation.judging.scorer_check import made_up_answers, try_scorer
from tuner.evaluation.judging.scoring_function import ScoringFunction
from tuner.settings import DeploymentSettings, RunSettings
from tuner.settings.run.scorer import ScorerSettings

_CORRECT = (
    "Correct the function or its ARN in the setting 'scorers' (docs/tasks.md). A function that needs references of a "
    "certain form can be used if the runs give one as scorer.example."
)
_LATER = "Run 'tuner doctor' again in a minute: the function's concurrency is in use, or it is being created."
# The range of the scores is a setting of each run.
_ANY_SCORE = (-sys.float_info.max, sys.float_info.max)


def checks(settings: DeploymentSettings, ask: bool) -> Iterator[Check]:
    """One check for each scorer. `ask` allows the call, which the function's owner pays for."""
    for name, function in settings.scorers.items():
        yield Check(f"Scorer {name}", partial(_scores, name, function, ask), _CORRECT)


def _scores(name: str, function: str, ask: bool) -> str | CheckResult:
    title = f"Scorer {name}"
    if not ask:
        return CheckResult(title, "warning", f"{function} was not asked.", "Run without --no-ask to ask it.")
    settings = RunSettings(scorer=ScorerSettings(name=name, range=_ANY_SCORE))
    try:
        scored = try_scorer(ScoringFunction(function, settings.scorer), made_up_answers(settings))
    except RetryableError as error:
        return CheckResult(title, "warning", str(error), _LATER)
    return f"{function} gave scores for {len(scored)} made-up answers."
