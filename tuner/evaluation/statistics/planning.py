"""What an evaluation set can show, before anything is asked: `tuner data check` and `tuner estimate` say it."""

from __future__ import annotations

import math

from tuner.artifacts.dataset import FEWEST_GROUPS, DatasetSummary
from tuner.evaluation.statistics.students_t import quantile


def planning_sentence(summary: DatasetSummary) -> str | None:
    """How many independent questions the evaluation has, and which difference they show; None without questions.

    The spread of the scores is not known yet, so the difference is given in its units.
    """
    if not summary.evaluation_records:
        return None
    groups, questions = summary.groups, summary.evaluation_records
    asked = f"{questions:,} evaluation question{'' if questions == 1 else 's'}"
    units = questions
    if groups is not None:
        units, asked = groups.groups, f"{asked} from {groups.count(groups.groups)}"
    if units < FEWEST_GROUPS:
        needed = f"{FEWEST_GROUPS} {'questions' if groups is None else 'such groups'}"
        return f"{asked} cannot show any difference between the models: at least {needed} are needed."
    detected = smallest_detectable_in_spreads(units)
    what = "question to question" if groups is None else "group to group"
    return (
        f"With {asked}, a mean difference of about {detected:.2g} standard deviations is found in four of five runs. "
        f"If the differences have a standard deviation of 2 points from {what}, that is {2 * detected:.2g} points."
    )


def smallest_detectable_in_spreads(units: int) -> float:
    """The mean difference that is found with 80 % power, in standard deviations, for groups of about one size."""
    return (quantile(units - 1, 0.975) + quantile(units - 1, 0.8)) / math.sqrt(units)
