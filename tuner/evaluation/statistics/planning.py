"""Which differences a number of questions can show. `tuner data check` and `tuner estimate` say it beforehand."""

from __future__ import annotations

import math
from bisect import bisect_left
from statistics import NormalDist

from tuner.artifacts.dataset import FEWEST_GROUPS, DatasetSummary
from tuner.core.wording import plural
from tuner.evaluation.statistics.students_t import quantile

ERROR = 0.05
POWER = 0.8
# A larger number of questions to add is not worth naming.
MOST_QUESTIONS = 100_000
# With more degrees of freedom, two digits of Student's distribution equal those of the normal distribution.
_MANY = 1_000
_NORMAL = NormalDist()


def planning_sentence(summary: DatasetSummary) -> str | None:
    """How many independent questions the evaluation has, and which difference they show; None without questions.

    The spread of the scores is not known yet, so the difference is given in its units.
    """
    if not summary.evaluation_records:
        return None
    groups, questions = summary.groups, summary.evaluation_records
    asked = plural(questions, "evaluation question")
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
    return (quantile(units - 1, 1 - ERROR / 2) + quantile(units - 1, POWER)) / math.sqrt(units)


def least_p(units: int) -> float:
    """The smallest possible p-value of a number of independent questions (or groups), whatever the differences are.

    It is that of the sign test if all of them have a difference in the same direction.
    """
    return 2 * 0.5**units


def fewest_units(comparisons: int = 1) -> int:
    """The fewest questions (or groups) that can show a difference, corrected for a number of comparisons."""
    units = FEWEST_GROUPS
    while comparisons * least_p(units) >= ERROR:
        units += 1
    return units


def units_needed(mean: float, error: float, units: int, comparisons: int = 1) -> int | None:
    """How many independent questions, or groups of them, find this mean difference with 80 % power.

    `error` is the standard error of today's `units`. The test is one of so many `comparisons`, so its error is smaller.
    None: more than `MOST_QUESTIONS`.
    """
    fewest, share = fewest_units(comparisons), abs(mean) / (error * math.sqrt(units)) if error else math.inf
    if not share:
        return None
    tail = ERROR / 2 / comparisons

    def is_found(number: int) -> bool:
        return (quantile(number - 1, 1 - tail) + quantile(number - 1, POWER)) / math.sqrt(number) <= share

    if is_found(_MANY):
        return max(fewest, bisect_left(range(_MANY), True, lo=FEWEST_GROUPS, key=is_found))
    normal = ((_NORMAL.inv_cdf(1 - tail) + _NORMAL.inv_cdf(POWER)) / share) ** 2
    return None if normal > MOST_QUESTIONS else math.ceil(normal)
