"""Intervals for an evaluation that is looked at while questions are asked, and may stop early.

Whoever looks several times and stops at the first difference finds one too often: docs/calibration.md has the numbers.
So the 5 % of errors that a verdict may have are divided before the first question is asked:

- 2 % for all looks together. Their interval is a confidence sequence: it covers the true difference at all looks at
  once, however many there are. It is that of the sequential t-test with a normal prior on the effect. It is exact for
  normal gains, also of few questions (Lai, "On Confidence Sequences", Annals of Statistics 4, 1976; Wang and Ramdas,
  "Anytime-valid t-tests and confidence sequences for Gaussian means with unknown variance", arXiv 2310.03722). For
  other gains it is approximate, as every interval of a mean is. For many questions, it is the asymptotic confidence
  sequence of Waudby-Smith and others ("Time-uniform central limit theory", arXiv 2103.06476).
- 3 % for the end, if all questions were asked. The interval is the usual one.

By the union bound, the interval that a run shows misses the true difference at most 5 % of the time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tuner.artifacts.evaluation.answers import Stopping
from tuner.evaluation.statistics.students_t import quantile

ERROR = 0.05
_ERROR_OF_LOOKS = 0.02
_ERROR_OF_END = 0.03
# With fewer independent questions, or groups of them, a look decides nothing. The spread of few gains can be small by
# chance, for example if nearly all of them are ties.
FEWEST_TO_STOP = 16
# The prior makes the interval narrowest at this share of all questions. The optimum is flat.
_NARROWEST_AT = 0.4
# The number of questions at which the interval is narrowest, divided by that of the prior: Waudby-Smith and others,
# equation 16 and the text below it, for errors of some percent.
_PRIOR = 8.0


@dataclass(frozen=True, slots=True)
class Looks:
    """The plan of an evaluation that may stop early: it is looked at after each batch of questions.

    `units` is the number of all its independent questions (or groups), asked or not. `complete` says that all of them
    were asked. `width` is the width of the scores' range, if they have one.
    """

    units: int
    complete: bool
    width: float | None = None

    @classmethod
    def of(cls, stopping: Stopping | None) -> Looks | None:
        """The looks of a run's evaluation; None if there were none."""
        return cls(stopping.units, not stopping.decided) if stopping else None

    def within(self, bounds: tuple[float, float] | None) -> Looks:
        """The same for scores with these bounds."""
        return replace(self, width=bounds[1] - bounds[0] if bounds else None)

    @property
    def confidence(self) -> float:
        """The confidence of a usual interval, in the end."""
        return 1 - _ERROR_OF_END

    def reach(self, degrees: float) -> float | None:
        """Half the width of a look's interval, in standard errors; None if it decides nothing yet.

        `degrees` are the degrees of freedom of the standard error. If groups of questions have different sizes, they
        are fewer than the groups, and the interval is that of so many groups of one size.
        """
        n = degrees + 1
        if n < FEWEST_TO_STOP:
            return None
        prior = self._prior(n)
        limit = (math.sqrt(1 + prior) / _ERROR_OF_LOOKS) ** (2 / n)
        left = 1 - limit / (1 + prior)
        return math.sqrt(degrees * (limit - 1) / left) if left > 0 else None

    def p(self, t: float, degrees: float) -> float:
        """The p-value of a look at a difference of `t` standard errors: below 5 % where the interval excludes zero."""
        n = degrees + 1
        prior = self._prior(n)
        square = t * t / degrees
        # The logarithm of the Bayes factor: it can be too large for a number.
        evidence = n / 2 * (math.log1p(square) - math.log1p(square / (1 + prior))) - math.log(1 + prior) / 2
        return min(1.0, ERROR / _ERROR_OF_LOOKS * math.exp(-max(evidence, 0.0)))

    def p_of_equal_gains(self, gain: float, units: float) -> float:
        """The p-value of a look at which all gains are equal, so that the t-test knows no spread.

        Equal models could have such gains if a few others, that were not asked, lose as much as the range of the scores
        allows. The product of 1 + gain / width bounds how likely that is: it is a bet whose value does not grow on
        average if the models are equal. Source: Waudby-Smith and Ramdas, "Estimating means of bounded random variables
        by betting", Journal of the Royal Statistical Society B 86, 2024.
        """
        if not self.width or units < FEWEST_TO_STOP:
            return 1.0
        return min(1.0, ERROR / _ERROR_OF_LOOKS * math.exp(-units * math.log1p(abs(gain) / self.width)))

    def p_of_end(self, p: float) -> float:
        """The p-value in the end: below 5 % where the interval excludes zero."""
        return min(1.0, ERROR / _ERROR_OF_END * p)

    def detectable(self, error: float, degrees: float, power: float) -> float | None:
        """The difference that such an interval shows with this power."""
        reach = quantile(degrees, (1 + self.confidence) / 2) if self.complete else self.reach(degrees)
        return None if reach is None else (reach + quantile(degrees, power)) * error

    def _prior(self, n: float) -> float:
        """How many times the variance of the effect's prior is that of the mean of `n` questions."""
        return _PRIOR * n / max(_NARROWEST_AT * self.units, 1.0)
