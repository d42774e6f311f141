"""Decides which contestants may be shipped by their quality: those that meet the gate, or are as good as the best.

The rules (docs/report.md has them for readers):

- The *best* contestant is the tuned model, unless others are shown to be better: then it is the one of these with the
  best mean. For the base model, the verdict shows that; for every other contestant, the corrected conclusion.
- A contestant is *as good* as the best if the interval of their difference excludes a loss of the margin or more. The
  interval is corrected for the number of comparisons, see `quality`. The margin is that of the gate's `not_worse_by`,
  else 5 % of the range of the measure.
- With a gate, a contestant may be shipped that is shown to meet it, and not shown to be worse than the best one that
  does. Bounds are checked with the contestant's own means. By the measure that decides, the contestants are compared
  with each other, which decides rules that compare. By another measure, and beside an earlier run, the tuned model
  alone is compared: another contestant meets the rule if the tuned model does, and the contestant is as good or better
  by the rule's measure. In a slice, only the tuned model is compared, so the rule is undecided for others. The rules of
  guard questions count for tuned models only.
- Without a gate, the best one may be shipped, and those that are as good. If the mean of the best one is below the
  level of its measure at which answers are mostly right, only contestants whose own mean reaches it may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from tuner.artifacts.evaluation.contestants import BASE, MAIN, RETRIEVAL_TUNED, TUNED, ContestantName, title_of
from tuner.artifacts.evaluation.gate import RuleResult
from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.report import Report
from tuner.artifacts.report.contestants import Standing
from tuner.catalog.guard_questions import MEASURE as GUARD_MEASURE
from tuner.reporting.advice.quality import QualityComparison, as_good_or_undecided, quality_beside
from tuner.reporting.advice.usable_level import USABLE, deciding_measure
from tuner.reporting.formatting import measure_title, number, range_limit

# A loss of less than this share of a measure's range counts as none, where no gate names a margin.
EQUAL_SHARE = 0.05
Decision = Literal["yes", "no", "undecided"]


@dataclass(frozen=True, slots=True)
class ContestantComparisons:
    """The contestants by the measure that decides, beside the tuned model and beside the best one."""

    report: Report
    name: str
    measure: MeasureScores
    margin: float | None
    beside_tuned: dict[ContestantName, QualityComparison]
    best: ContestantName

    @classmethod
    def of(cls, report: Report) -> ContestantComparisons | None:
        """None for a report without a measure that decides."""
        deciding = deciding_measure(report)
        if deciding is None or report.verdict.value is None:
            return None
        name, measure = deciding
        margin = _margin(report, name, measure)
        others = [other for other in measure.by_contestant if other == BASE or other in measure.compared]
        beside = {other: _beside_tuned(report, measure, other, margin) for other in others}
        better = [other for other, each in beside.items() if each.quality == "better"]
        sign = -1 if measure.better == "lower" else 1
        best = max(better, key=lambda other: sign * (measure.by_contestant[other].mean or 0), default=TUNED)
        comparisons = cls(report, name, measure, margin, beside | {TUNED: QualityComparison("best")}, best)
        return replace(comparisons, best=comparisons.best_of_gate())

    def best_of_gate(self) -> ContestantName:
        """The best one that meets the gate; the best one where there is no gate, or nobody is shown to meet it."""
        if self.report.gate is None:
            return self.best
        meeting = [name for name in self.beside_tuned if _by_gate(self, name)[0] == "yes"]
        if not meeting or self.best in meeting:
            return self.best
        sign = -1 if self.measure.better == "lower" else 1
        highest = max(meeting, key=lambda name: sign * (self.measure.by_contestant[name].mean or 0))
        return TUNED if TUNED in meeting else highest

    def label(self, *compared: ContestantName) -> str:
        """What sentences call the measure: people's scores correct it between base and tuned model only."""
        found = self.measure.decisive if set(compared) <= set(MAIN) else self.measure
        return found.label or measure_title(self.name)

    def beside_best(self, name: ContestantName) -> QualityComparison:
        """The contestant beside the best one."""
        if name == self.best:
            return QualityComparison("best")
        beside, best = self.beside_tuned[name], self.beside_tuned[self.best]
        if self.best == TUNED:
            return beside
        if name == TUNED:
            return best.mirrored(self.margin)
        found = self.pair(name, self.best, self.margin, len(self.measure.pairs)) or self._by_both(beside, best)
        # Worse than the tuned model, which is worse than the best one.
        return replace(found, quality="worse") if (beside.quality, best.quality) == ("worse", "better") else found

    def pair(
        self, name: ContestantName, other: ContestantName, margin: float | None, comparisons: int
    ) -> QualityComparison | None:
        """The contestant beside another one, by their own comparison, which is one of so many.

        None if they were not compared, and in a report of an earlier version.
        """
        for pair in self.measure.pairs:
            if {pair.contestant, pair.against} == {name, other}:
                value = pair.conclusion.value if pair.conclusion else None
                sides = {
                    BASE: self.measure.by_contestant[pair.against],
                    TUNED: self.measure.by_contestant[pair.contestant],
                }
                update = {"difference": pair.difference, "comparison": pair.comparison, "by_contestant": sides}
                scores = self.measure.model_copy(update=update)
                found = quality_beside(scores, value, margin, comparisons)
                return found if pair.against == name else found.mirrored(margin)
        return None

    def beside_tuned_by(self, rule: RuleResult, name: ContestantName) -> QualityComparison:
        """The contestant beside the tuned model by the measure of a rule."""
        if rule.measure == self.name:
            return self.beside_tuned[name]
        measure = self.report.scores.get(rule.measure)
        if measure is None or name not in measure.compared:
            return QualityComparison("undecided")
        margin = rule.numbers.bound or _equal_loss(measure)
        found = measure.against(name)
        return quality_beside(found, found.conclusion_value, margin, len(measure.compared))

    def _by_both(self, beside: QualityComparison, best: QualityComparison) -> QualityComparison:
        """By the comparisons of both with the tuned model: the sum of the two intervals is wider than needed."""
        if beside.low is None or beside.high is None or best.low is None or best.high is None:
            return QualityComparison("undecided")
        low, high = beside.low - best.high, beside.high - best.low
        return QualityComparison("worse" if high < 0 else as_good_or_undecided(low, self.margin), low, high)


def standings(comparisons: ContestantComparisons) -> tuple[Standing, ...]:
    """Whether each contestant may be shipped: base and tuned model first."""
    return tuple(
        _standing(comparisons, name) for name in comparisons.measure.by_contestant if name in comparisons.beside_tuned
    )


def _standing(comparisons: ContestantComparisons, name: ContestantName) -> Standing:
    beside = comparisons.beside_best(name)
    meets = _by_gate(comparisons, name) if comparisons.report.gate else None
    may_ship, reason = meets or _without_gate(comparisons, name, beside)
    if may_ship == "yes" and beside.quality == "worse":
        may_ship, reason = "no", f"it meets the gate, but it is worse than {title_of(comparisons.best)}{beside.limits}"
    return Standing(
        contestant=name,
        title=title_of(name),
        may_ship=may_ship,
        meets_gate=meets[0] if meets else None,
        quality="best" if beside.quality == "better" else beside.quality,
        within=beside.within if beside.quality == "as_good" else None,
        reason=reason,
    )


def _margin(report: Report, name: str, measure: MeasureScores) -> float | None:
    rules = report.gate.rules if report.gate else ()
    given = [rule.numbers.bound for rule in rules if rule.rule == "not_worse_by" and rule.measure == name]
    named = [bound for bound in given if bound is not None]
    if named:
        return min(named)
    return _equal_loss(measure)


def _equal_loss(measure: MeasureScores) -> float | None:
    """The loss that counts as none, where no gate names a margin; None for a measure without a range."""
    return EQUAL_SHARE * (measure.range[1] - measure.range[0]) if measure.range else None


def _beside_tuned(
    report: Report, measure: MeasureScores, name: ContestantName, margin: float | None
) -> QualityComparison:
    # The main comparison is not corrected, and people's scores may correct it.
    found = measure.decisive if name == BASE else measure.against(name)
    value = report.verdict.value if name == BASE else found.conclusion_value
    return quality_beside(found, value, margin, len(measure.compared))


def _without_gate(
    comparisons: ContestantComparisons, name: ContestantName, beside: QualityComparison
) -> tuple[Decision, str]:
    best = title_of(comparisons.best)
    if low := _low_level(comparisons, name):
        return "no", low
    if beside.quality == "best":
        return (
            "yes",
            "none is shown to be better" if comparisons.best == TUNED else "shown to be better than the tuned model",
        )
    if beside.quality == "as_good":
        label = comparisons.label(name, comparisons.best)
        return "yes", f"as good as {best} within ±{number(beside.within)} {label}"
    if beside.quality == "worse":
        return "no", f"worse than {best}{beside.limits}"
    return "undecided", f"neither shown to be worse than {best} nor to be as good{beside.limits}"


def _low_level(comparisons: ContestantComparisons, name: ContestantName) -> str | None:
    """Why the contestant is not good by itself, where the best one is not either; None where one of them is."""
    level = USABLE.get(comparisons.name)
    means = {each: comparisons.measure.decisive_side(each).mean for each in comparisons.beside_tuned}
    known = {each: mean for each, mean in means.items() if mean is not None}
    best = known.get(comparisons.best)
    if level is None or best is None or best >= level:
        return None
    # Another one can have a higher mean, and not be shown to be better than the best one.
    highest = max(known, key=known.__getitem__)
    if known[highest] >= level:
        return None if known.get(name, level) >= level else f"{title_of(name)} {_reached(comparisons, name, level)}"
    return f"even the best one, {title_of(highest)}, {_reached(comparisons, highest, level)}"


def _reached(comparisons: ContestantComparisons, name: ContestantName, level: float) -> str:
    low, high = comparisons.measure.range or (0, 1)
    mean = number(comparisons.measure.decisive_side(name).mean)
    scale = f"on a scale from {range_limit(low)} to {range_limit(high)}"
    return (
        f"reaches only {mean} {comparisons.label(name)} {scale}, where answers are mostly right from "
        f"{range_limit(level)}"
    )


def _by_gate(comparisons: ContestantComparisons, name: ContestantName) -> tuple[Decision, str]:
    gate = comparisons.report.gate
    if gate is None:
        raise ValueError("the report has no gate")
    if name == TUNED:
        decision = {"accepted": "yes", "rejected": "no"}.get(gate.decision, "undecided")
        return decision, gate.sentence  # type: ignore[return-value]
    found = [_of_rule(comparisons, name, rule) for rule in gate.rules]
    for decision in ("no", "undecided"):
        for each, reason in found:
            if each == decision:
                return each, reason
    return "yes", "it meets the gate"


def _of_rule(comparisons: ContestantComparisons, name: ContestantName, rule: RuleResult) -> tuple[Decision, str]:
    """Whether the contestant is shown to meet a rule that was decided for the tuned model."""
    if rule.measure == GUARD_MEASURE:
        if name != RETRIEVAL_TUNED:
            return "yes", "nothing was trained"
        return _DECISIONS[rule.decision], rule.sentence
    if rule.rule in ("at_least", "at_most"):
        return _of_bound(comparisons.report, name, rule)
    decision = _of_comparison(comparisons, name, rule)
    if rule.numbers.compared_with == name and decision == "no":
        return "no", "it is what the gate asks to be better than"
    words = f"the gate's {rule.rule} of {rule.measure}"
    where = f" for {rule.slice.field} '{rule.slice.value}'" if rule.slice else ""
    return decision, {
        "yes": "it meets the gate",
        "no": f"not shown to meet {words}",
        "undecided": f"it is not decided whether it meets {words}{where}",
    }[decision]


def _of_comparison(comparisons: ContestantComparisons, name: ContestantName, rule: RuleResult) -> Decision:
    """Whether the contestant meets a rule that compares: by its own comparison, else by that with the tuned model."""
    other = rule.numbers.compared_with
    if other == name:
        return "no" if rule.rule == "better_than" else "yes"
    if rule.slice is not None:
        return "undecided"
    if rule.measure == comparisons.name and (pair := comparisons.pair(name, other or "", rule.numbers.bound, 1)):
        return _by_pair(pair, rule)
    beside = comparisons.beside_tuned_by(rule, name).quality
    if rule.decision == "accepted" and beside in ("better", "as_good"):
        return "yes"
    return "no" if beside == "worse" or (rule.decision == "rejected" and beside == "as_good") else "undecided"


def _by_pair(pair: QualityComparison, rule: RuleResult) -> Decision:
    """The same decision as the gate's, by the comparison of the contestant with the one that the rule names."""
    if pair.low is None:
        return "undecided"
    bound = rule.numbers.bound
    if rule.rule == "not_worse_by" and bound is not None:
        if pair.low > -bound:
            return "yes"
        return "no" if pair.quality == "worse" and pair.high is not None and pair.high <= -bound else "undecided"
    if pair.quality == "worse":
        return "no"
    return "yes" if pair.quality == "better" or rule.rule == "not_worse_than" else "undecided"


_DECISIONS: dict[str, Decision] = {"accepted": "yes", "rejected": "no", "undecided": "undecided"}


def _of_bound(report: Report, name: ContestantName, rule: RuleResult) -> tuple[Decision, str]:
    mean, bound = next(_means(report, name, rule), None), rule.numbers.bound
    words = f"{rule.rule.replace('_', ' ')} {range_limit(bound or 0)} {rule.measure}"
    where = f" for {rule.slice.field} '{rule.slice.value}'" if rule.slice else ""
    if mean is None or bound is None:
        return "undecided", f"the gate asks for {words}{where}, which was not measured"
    holds = mean >= bound if rule.rule == "at_least" else mean <= bound
    return ("yes" if holds else "no"), f"{number(mean)}{where}: the gate asks for {words}"


def _means(report: Report, name: ContestantName, rule: RuleResult) -> Iterator[float | None]:
    """The contestant's mean by the rule's measure, in the rule's slice."""
    if rule.slice is None:
        measure = report.scores.get(rule.measure)
        yield measure.decisive_side(name).mean if measure else None
        return
    for found in report.scoring.slices:
        for part in found.slices:
            if (found.field, part.value) == (rule.slice.field, rule.slice.value) and rule.measure in part.metrics:
                sides = part.metrics[rule.measure].by_contestant
                yield sides[name].mean if name in sides else None
