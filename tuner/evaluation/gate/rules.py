"""Applies the rules of the run's gate (`gate` in run.yaml) to its scores: whether the tuned model may be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tuner.artifacts.evaluation.contestants import BASE, BEST, title_of
from tuner.artifacts.evaluation.gate import GateDecision, GateResult, RuleName, RuleNumbers, SliceName
from tuner.artifacts.evaluation.measure_scores import MeasureScores, Slice, Slices
from tuner.artifacts.evaluation.scores import PreviousBest, Scores
from tuner.artifacts.guard import GuardScores
from tuner.catalog.guard_questions import MEASURE as GUARD_MEASURE
from tuner.evaluation.gate.outcomes import RuleOutcome, reasons
from tuner.settings import GateRule, Margin

MeasuresByName = Mapping[str, MeasureScores]


@dataclass(frozen=True, slots=True)
class GateComparisons:
    """What the tuned model was compared with: the base model, other contestants, and the dataset's best earlier run.

    `metrics` has the comparisons with all contestants of the run. `best` is None when there is no earlier run to
    compare with. Then the base model is the best one so far. `slices` are parts of the questions, in which the tuned
    model is compared with the base model. `guard` is None in a run without guard questions.
    """

    metrics: MeasuresByName
    best: PreviousBest | None = None
    slices: tuple[Slices, ...] = ()
    guard: GuardScores | None = None

    @classmethod
    def of(cls, scores: Scores, guard: GuardScores | None = None) -> GateComparisons:
        """The comparisons in a run's scores. People's scores of a random sample correct the judge's."""
        decisive = {name: measure.decisive for name, measure in scores.metrics.items()}
        return cls(decisive, scores.earlier, scores.slices, guard)

    def of_measure(self, measure: str) -> GateComparisons:
        """The comparisons by this measure: the guard questions have their own."""
        if measure != GUARD_MEASURE or self.guard is None:
            return self
        return GateComparisons(self.guard.metrics, slices=(self.guard.by_category,))

    def measures(self, other: str) -> MeasuresByName:
        """The comparison with what a rule names: `base`, `best`, or another contestant.

        A run that has the best earlier run among its contestants graded its answers together with all others.
        """
        compared = {name: scores.against(other) for name, scores in self.metrics.items() if other in scores.compared}
        if other not in (BASE, BEST) or (other == BEST and compared):
            return compared
        return self.best.metrics if other == BEST and self.best else self.metrics

    def words(self, other: str) -> str:
        """What sentences call the base model, the best earlier run or the contestant `other`."""
        if other == BASE:
            return BASE
        if other != BEST:
            return title_of(other)
        if self.best is None:
            return "base (there is no earlier run to compare with)"
        selection = f", {self.best.selection}" if self.best.selection else ""
        return f"the best earlier run ({self.best.run_id}{selection})"

    def identity(self, other: str) -> str:
        """The name of the contestant, or the id of the earlier run."""
        if other != BEST:
            return other
        return self.best.run_id if self.best else BASE


def decide_gate(gate: Mapping[str, GateRule], comparisons: GateComparisons) -> GateResult | None:
    """Decides by all rules together; None without any rule.

    One broken rule rejects. Otherwise, one undecided rule leaves the gate undecided: a difference that may be chance
    never accepts a model.
    """
    # The order is that of run.yaml, so that the sentence reads like the settings.
    outcomes = [
        outcome
        for measure, rule in gate.items()
        for outcome in _outcomes(measure, rule, comparisons.of_measure(measure))
    ]
    if not outcomes:
        return None
    decisions = {outcome.decision for outcome in outcomes}
    decision: GateDecision = "accepted"
    if "rejected" in decisions:
        decision = "rejected"
    elif "undecided" in decisions:
        decision = "undecided"
    deciding = [outcome for outcome in outcomes if outcome.decision == decision]
    # Several rules can have the same reason, such as a slice that is too small.
    why = "; ".join(dict.fromkeys(reasons(deciding)))
    return GateResult(
        decision=decision,
        sentence=f"{decision.capitalize()}: {why}.",
        rules=tuple(outcome.result() for outcome in outcomes),
    )


def _outcomes(measure: str, rule: GateRule, comparisons: GateComparisons) -> list[RuleOutcome]:
    """The outcomes of all conditions, on all questions and in the slices that the rule names."""
    whole = _conditions(measure, rule, comparisons)
    if rule.each is None:
        return whole
    slices = next((found.slices for found in comparisons.slices if found.field == rule.each), ())
    if not slices:
        statement = f"has no slices by '{rule.each}'"
        return [*whole, RuleOutcome(measure, "unknown", "undecided", statement, RuleNumbers())]
    return whole + [outcome for part in slices for outcome in _in_slice(measure, rule, rule.each, part)]


def _in_slice(measure: str, rule: GateRule, field: str, part: Slice) -> Iterator[RuleOutcome]:
    """The outcomes in a slice. One that is too small for a comparison is undecided."""
    name = SliceName(field=field, value=part.value)
    found = part.metrics.get(measure, MeasureScores())
    for outcome in _conditions(measure, rule, GateComparisons(part.metrics)):
        if found.comparison.interval is None:
            statement = "has too few questions to decide"
            yield RuleOutcome(measure, outcome.rule, "undecided", statement, outcome.numbers, slice=name)
        else:
            yield replace(outcome, slice=name)


def _conditions(measure: str, rule: GateRule, comparisons: GateComparisons) -> list[RuleOutcome]:
    outcomes = []
    if rule.at_least is not None:
        outcomes.append(_bound(measure, "at_least", rule.at_least, comparisons))
    if rule.at_most is not None:
        outcomes.append(_bound(measure, "at_most", rule.at_most, comparisons))
    if rule.better_than is not None:
        outcomes.append(_better_than(measure, rule.better_than, comparisons))
    if rule.not_worse_than is not None:
        outcomes.append(_not_worse_than(measure, rule.not_worse_than, comparisons))
    if rule.not_worse_by is not None:
        outcomes.append(_not_worse_by(measure, rule.not_worse_by, comparisons))
    for name in rule.unknown_conditions:
        statement = f"has the condition '{name}', which this version of the pipeline does not know"
        outcomes.append(RuleOutcome(measure, "unknown", "undecided", statement, RuleNumbers()))
    return outcomes


def _bound(measure: str, rule: RuleName, bound: float, comparisons: GateComparisons) -> RuleOutcome:
    # The tuned model is the same in every comparison. The one with the base model has all questions.
    mean = comparisons.metrics.get(measure, MeasureScores()).tuned.mean
    numbers = RuleNumbers(bound=bound, tuned=mean)
    if mean is None:
        return RuleOutcome(measure, rule, "undecided", "could not be measured", numbers)
    holds = mean >= bound if rule == "at_least" else mean <= bound
    statement = f"is {mean:.3g}, {'' if holds else 'not '}{rule.replace('_', ' ')} {bound:g}"
    return RuleOutcome(measure, rule, "accepted" if holds else "rejected", statement, numbers)


def _better_than(measure: str, other: str, comparisons: GateComparisons) -> RuleOutcome:
    """Only a difference beyond chance accepts or rejects."""
    scores, words = comparisons.measures(other).get(measure, MeasureScores()), comparisons.words(other)
    numbers = _numbers(scores, comparisons.identity(other))
    if without := _without_comparison(measure, "better_than", scores, words, numbers):
        return without
    if scores.conclusion_value == "better":
        return RuleOutcome(measure, "better_than", "accepted", f"is better than {words}", numbers)
    if scores.conclusion_value == "worse":
        return RuleOutcome(measure, "better_than", "rejected", f"is worse than {words}", numbers)
    # The interval includes zero.
    statement = f"is neither shown to be better nor worse than {words}"
    return RuleOutcome(measure, "better_than", "undecided", statement, numbers)


def _not_worse_than(measure: str, other: str, comparisons: GateComparisons) -> RuleOutcome:
    """Only a loss beyond chance rejects."""
    # A few questions can hardly show a loss, so they are easily accepted. `better_than` is the strict rule.
    scores, words = comparisons.measures(other).get(measure, MeasureScores()), comparisons.words(other)
    numbers = _numbers(scores, comparisons.identity(other))
    if without := _without_comparison(measure, "not_worse_than", scores, words, numbers):
        return without
    if scores.conclusion_value == "worse":
        return RuleOutcome(measure, "not_worse_than", "rejected", f"is worse than {words}", numbers)
    statement, detail = f"is not shown to be worse than {words}", _not_excluded(scores)
    return RuleOutcome(
        measure, "not_worse_than", "accepted", statement, numbers, detail=detail, may_be_worse=bool(detail)
    )


def _not_excluded(scores: MeasureScores) -> str:
    """The end of the sentence: how large a loss is not excluded. Empty if every loss is."""
    loss = _largest_loss(scores)
    if scores.better is None:
        return ""
    if loss is None:
        return ", but so few questions cannot show a loss"
    return f", but a loss of up to {loss:.3g} is not excluded" if loss > 0 else ""


def _largest_loss(scores: MeasureScores) -> float | None:
    """The end of the interval that is the worst for the tuned model, as a loss; None without an interval.

    If all questions have the same difference, the interval has no width. Then other questions may be lost by as much as
    the measure's range allows; None for a measure without a range.
    """
    interval = scores.comparison.interval
    if interval is None or scores.better is None:
        return None
    loss = -interval[0] if scores.better == "higher" else interval[1]
    share = scores.comparison.share_that_may_differ()
    if share is None:
        return loss
    return None if scores.range is None else (1 - share) * loss + share * (scores.range[1] - scores.range[0])


def _smallest_loss(scores: MeasureScores) -> float:
    """The end of the interval that is the best for the tuned model, as a loss."""
    low, high = scores.comparison.interval or (0.0, 0.0)
    return -high if scores.better == "higher" else low


def _not_worse_by(measure: str, rule: Margin, comparisons: GateComparisons) -> RuleOutcome:
    """A test of non-inferiority: accepts only where the whole interval shows a loss below the margin.

    Rejects only where the whole interval shows a larger loss. An interval with the margin inside shows neither, also
    where it shows a loss.

    Piaggio et al., "Reporting of Noninferiority and Equivalence Randomized Trials", JAMA 308 (2012). One end of a 95 %
    interval decides, so a model that is worse by the margin is accepted about one time in 40 (more often if few answers
    are much worse, which a small set can be without: docs/evaluation.md).
    """
    scores, words = comparisons.measures(rule.than).get(measure, MeasureScores()), comparisons.words(rule.than)
    numbers = _numbers(scores, comparisons.identity(rule.than)).model_copy(update={"bound": rule.margin})
    if without := _without_comparison(measure, "not_worse_by", scores, words, numbers):
        return without
    loss, by = _largest_loss(scores), f"by more than {rule.margin:g}"
    if loss is not None and loss < rule.margin:
        return RuleOutcome(measure, "not_worse_by", "accepted", f"is not worse than {words} {by}", numbers)
    if scores.conclusion_value == "worse":
        if _smallest_loss(scores) >= rule.margin:
            return RuleOutcome(measure, "not_worse_by", "rejected", f"is worse than {words} {by}", numbers)
        detail = f", but it is not shown whether {by}"
        return RuleOutcome(measure, "not_worse_by", "undecided", f"is worse than {words}", numbers, detail=detail)
    excluded = "so few questions cannot show it" if loss is None else f"a loss of up to {loss:.3g} is not excluded"
    statement = f"is not shown to be within {rule.margin:g} of {words}"
    return RuleOutcome(measure, "not_worse_by", "undecided", statement, numbers, detail=f": {excluded}")


def _without_comparison(
    measure: str, rule: RuleName, scores: MeasureScores, words: str, numbers: RuleNumbers
) -> RuleOutcome | None:
    """The outcome where there is nothing to compare with; None if there is.

    A missing answer counts as the worst. If a model gave no answer to most questions, the difference shows only
    that.
    """
    missing = _missing(scores)
    if missing or None in (numbers.tuned, numbers.other) or (rule == "not_worse_by" and scores.better is None):
        statement = f"could not be compared with {words}"
        return RuleOutcome(measure, rule, "undecided", statement, numbers, detail=missing, compared=False)
    return None


def _missing(scores: MeasureScores) -> str:
    """Who gave no answer to most questions."""
    sides = ((scores.base, "it"), (scores.tuned, "the tuned model"))
    found = [side.missing_words(who) for side, who in sides if side.is_mostly_missing]
    return f": {' and '.join(found)}" if found else ""


def _numbers(scores: MeasureScores, compared_with: str) -> RuleNumbers:
    """What a comparison is decided by. All but `compared_with` are None where nothing was measured."""
    return RuleNumbers(
        compared_with=compared_with,
        tuned=scores.tuned.mean,
        other=scores.base.mean,
        difference=scores.difference,
        interval=scores.comparison.interval,
        questions=scores.comparison.n,
    )
