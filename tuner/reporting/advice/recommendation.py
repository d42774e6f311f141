"""Recommends what to ship, in a sentence: of the contestants that are good enough, the one that costs least.

How many answers a month there will be is not known. So the recommended one is the cheapest from the first answer on,
and the sentence says up to which number it stays so. The outcome is `undecided` where a contestant that costs less may
be good enough, or where costs that matter are not known, and `none` where nobody is good enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuner.artifacts.costs.amounts import money, money_to_compare
from tuner.artifacts.evaluation.contestants import BASE, MAIN, TUNED, ContestantName, title_of
from tuner.artifacts.evaluation.measure_scores import Aggregate
from tuner.artifacts.report import Report
from tuner.artifacts.report.contestants import ContestantUse, Recommendation, ServiceLine, Standing, VolumeRange
from tuner.core.wording import plural
from tuner.costs.monthly.volumes import cheapest
from tuner.reporting.advice.eligibility import ContestantComparisons, standings
from tuner.reporting.collect.model_names import display_name
from tuner.reporting.formatting import in_brackets, integer, number


def recommendation(report: Report) -> Recommendation | None:
    """What to ship. None without scores, or for a run that failed."""
    comparisons = ContestantComparisons.of(report) if report.failure is None else None
    return _Advice(comparisons, standings(comparisons)).given() if comparisons else None


class _Advice:
    def __init__(self, comparisons: ContestantComparisons, found: tuple[Standing, ...]) -> None:
        self._comparisons = comparisons
        self._report = comparisons.report
        self._standings = found
        self._good = [each for each in found if each.may_ship == "yes"]
        self._open = [each for each in found if each.may_ship == "undecided"]
        self._ranges = cheapest(self._lines(self._good))

    def given(self) -> Recommendation:
        """The recommendation by the first rule that applies."""
        if unanswered := self._mostly_unanswered():
            return self._made("undecided", None, f"Undecided: {unanswered}, and what is missing decides nothing.")
        if not self._good:
            return self._undecided() if self._open else self._nobody()
        if len(self._good) > 1 and (unpriced := self._without_costs(self._good)):
            return self._made("undecided", None, self._unknown_costs(unpriced))
        chosen = self._chosen()
        if cheaper := self._cheaper_than(chosen):
            are = "it is" if len(cheaper) == 1 else "they are"
            sentence = (
                f"Undecided: {chosen.title} may be shipped, but {self._cost_less(chosen, cheaper)}, and the run does "
                f"not show whether {are} good enough."
            )
            return self._made("undecided", None, sentence)
        return self._made("ship", chosen, f"Ship {self._named(chosen)}: {self._why(chosen)}{self._cost(chosen)}.")

    def _made(self, outcome: str, chosen: Standing | None, sentence: str) -> Recommendation:
        return Recommendation.model_validate(
            {
                "outcome": outcome,
                "contestant": chosen.contestant if chosen else None,
                "sentence": sentence,
                "changes": tuple(self._changes(chosen)),
                "margin": self._comparisons.margin,
                "standings": self._standings,
                "cheapest": self._ranges,
            }
        )

    def _mostly_unanswered(self) -> str:
        """Who of base and tuned model gave no answer to most questions; empty where both answered."""
        sides = {name: self._comparisons.measure.by_contestant.get(name, Aggregate()) for name in MAIN}
        found = [side.missing_words(title_of(name)) for name, side in sides.items() if side.is_mostly_missing]
        return _and(found) if found else ""

    def _nobody(self) -> Recommendation:
        best = self._comparisons.best
        reason = next(each.reason for each in self._standings if each.contestant == best)
        why = "no contestant meets the gate" if self._report.gate else reason
        return self._made("none", None, f"Ship none of them yet: {why}.")

    def _undecided(self) -> Recommendation:
        titles, one = _and(each.title for each in self._open), len(self._open) == 1
        meets, are = ("meets", "is") if one else ("meet", "are")
        what = f"{meets} the gate" if self._report.gate else f"{are} good enough"
        return self._made("undecided", None, f"Undecided: the run does not show whether {titles} {what}.")

    def _unknown_costs(self, unpriced: Sequence[Standing]) -> str:
        titles = _and([each.title for each in self._good])
        return f"Undecided: {titles} are good enough, but it is not known which costs least{self._missing(unpriced)}."

    def _missing(self, unpriced: Sequence[Standing]) -> str:
        lines = [line for each in unpriced for line in self._lines_of(each.contestant)]
        names = dict.fromkeys(name for line in lines for name in line.unknown)
        return f": there is no price for {', '.join(names)}" if names else ""

    # Costs

    def _lines_of(self, name: ContestantName) -> list[ServiceLine]:
        return [line for line in self._report.monthly_costs if line.contestant == name]

    def _lines(self, of: Sequence[Standing]) -> list[ServiceLine]:
        return [line for each in of for line in self._lines_of(each.contestant)]

    def _known(self, name: ContestantName) -> list[ServiceLine]:
        return [line for line in self._lines_of(name) if line.fixed_usd is not None and line.request_usd is not None]

    def _without_costs(self, of: Sequence[Standing]) -> list[Standing]:
        return [each for each in of if not self._known(each.contestant)]

    def _costs_known(self, chosen: Standing, others: Sequence[Standing]) -> bool:
        return not self._without_costs([chosen, *others])

    def _chosen(self) -> Standing:
        first = self._ranges[0].contestant if self._ranges else self._good[0].contestant
        return next(each for each in self._good if each.contestant == first)

    def _cheaper_than(self, chosen: Standing) -> list[Standing]:
        """The undecided ones that cost less than the chosen one at the start, or whose costs are not known."""
        if self._without_costs([chosen]):
            return self._open
        return [each for each in self._open if not self._is_dearer(each, chosen)]

    def _cost_less(self, chosen: Standing, others: Sequence[Standing]) -> str:
        """Says that `others` cost less than the chosen one, and up to how many answers a month if there is a limit."""
        if not self._costs_known(chosen, others):
            return f"{_and([each.title for each in others])} may cost less (not all prices are known)"
        limits = [self._cheaper_until(each, chosen) for each in others]
        if len(set(limits)) == 1:
            return f"{_and([each.title for each in others])} {'costs' if len(others) == 1 else 'cost'} less{limits[0]}"
        return _and([f"{each.title} costs less{limit}" for each, limit in zip(others, limits, strict=True)])

    def _cheaper_until(self, other: Standing, chosen: Standing) -> str:
        found = cheapest((*self._lines_of(chosen.contestant), *self._lines_of(other.contestant)))
        end = next((each.from_answers for each in found if each.contestant == chosen.contestant), None)
        return "" if end is None else f" below {integer(end)} answers a month"

    def _is_dearer(self, other: Standing, chosen: Standing) -> bool:
        if self._without_costs([other]):
            return False
        found = cheapest((*self._lines_of(chosen.contestant), *self._lines_of(other.contestant)))
        return found[0].contestant == chosen.contestant

    # Words

    def _named(self, chosen: Standing) -> str:
        use = next((each for each in self._report.contestants if each.name == chosen.contestant), None)
        base = self._report.models.base
        model = use.model if use and use.model else display_name(base) if base else None
        return chosen.title + in_brackets(model) if model and chosen.contestant != TUNED else chosen.title

    def _why(self, chosen: Standing) -> str:
        comparisons, best = self._comparisons, title_of(self._comparisons.best)
        if chosen.quality == "as_good":
            label = comparisons.label(chosen.contestant, comparisons.best)
            return f"as good as {best} within ±{number(chosen.within)} {label}"
        if chosen.quality != "best":
            return f"it meets the gate, and is not shown to be worse than {best}"
        if chosen.contestant != TUNED and comparisons.beside_tuned[chosen.contestant].quality != "better":
            return "it meets the gate, and the tuned model is not shown to"
        if chosen.contestant == TUNED and self._report.verdict.value != "better":
            met = "it meets the gate, and none that meets it" if self._report.gate else "none"
            return f"{met} is shown to be better"
        return self._gain(chosen.contestant)

    def _gain(self, best: ContestantName) -> str:
        """How much better the tuned model is than the base model, or another one than the tuned model."""
        comparisons, tuned = self._comparisons, best == TUNED
        found = (comparisons.measure if tuned else comparisons.measure.against(best)).decisive.difference
        gain = None if found is None else round(found if tuned else -found, 6)
        other = BASE if tuned else TUNED
        return f"better than {title_of(other)} by {number(gain, signed=True)} {comparisons.label(best, other)}"

    def _cost(self, chosen: Standing) -> str:
        lines = self._known(chosen.contestant)
        if not lines:
            return f"; what it costs is not known{self._missing([chosen])}"
        line = next(cost for cost in lines if cost.name == self._ranges[0].served)
        other = self._beside(chosen)
        if other is None:
            answers = money_to_compare(1000 * (line.request_usd or 0))
            return f"; it costs {money(line.fixed_usd)} a month and {answers} for 1,000 answers ({line.name})"
        return f", and {_saving(line, other, self._than(chosen, other), self._until(chosen))}"

    def _until(self, chosen: Standing) -> float | None:
        """The number of answers a month up to which the chosen one costs least."""
        return next((each.from_answers for each in self._ranges if each.contestant != chosen.contestant), None)

    def _beside(self, chosen: Standing) -> ServiceLine | None:
        """What the chosen one is cheaper than: the next cheapest of those that may be shipped, else the best one.

        Of its ways to be served, the one that costs least without any question.
        """
        others = [each.contestant for each in self._good if each.contestant != chosen.contestant]
        following = (each.contestant for each in self._ranges if each.contestant != chosen.contestant)
        best = self._comparisons.best if self._comparisons.best in others else next(iter(others), None)
        name = next(following, best)
        return min(self._known(name), key=lambda line: line.fixed_usd or 0) if name else None

    def _than(self, chosen: Standing, other: ServiceLine) -> str:
        named = chosen.quality != "best" and other.contestant == self._comparisons.best
        return "" if named else f" than {other.title}"

    # What would change it

    def _changes(self, chosen: Standing | None) -> Iterator[str]:
        if chosen or len(self._good) > 1:
            yield from (_from(each) for each in self._ranges[1:])
            if any(each.served.startswith("throughput") for each in self._ranges):
                yield "Only a load test shows how many answers the model units can give."
        for each in self._standings:
            if chosen and each.meets_gate == "yes" and each.may_ship == "no" and not self._is_dearer(each, chosen):
                yield f"{_capital(each.title)} meets the gate too and costs less at first, but it is worse."
        yield from filter(None, map(self._more, self._matters(chosen)))
        if self._report.commitment:
            yield "Throughput is bought for a term: until it ends, the tuned model costs nothing more."
        yield from (
            f"{_capital(each.title)} gave no answer to {_of_asked(each)}. They count as the worst score."
            for each in self._report.contestants
            if each.failed
        )
        if self._report.stand_ins:
            yield "A local cloud replaced the models: run the dataset on AWS before you decide."
        if chosen:
            yield from self._assumed(chosen)

    def _matters(self, chosen: Standing | None) -> list[Standing]:
        """The undecided ones that more questions could bring into the sentence."""
        if chosen:
            return [each for each in self._open if self._may_be_better(each.contestant)]
        return self._cheaper_than(self._chosen()) if self._good else self._open

    def _may_be_better(self, name: ContestantName) -> bool:
        high = self._comparisons.beside_best(name).high
        return high is None or high > (self._comparisons.margin or 0)

    def _more(self, standing: Standing) -> str | None:
        """What would decide whether it may be shipped.

        None where answers of what it is compared with are missing, and where no number of questions would decide about
        the tuned model: the next steps say so.
        """
        measure = self._comparisons.measure
        main = standing.contestant in (BASE, TUNED)
        scores = measure.decisive if main else measure.against(standing.contestant)
        if scores.is_mostly_missing:
            own = measure.by_contestant[standing.contestant]
            missing = _capital(own.missing_words(standing.title))
            return f"{missing}, so more questions would not decide." if own.is_mostly_missing else None
        more = scores.conclusion.more_questions if scores.conclusion else None
        verdict = self._report.verdict
        if standing.contestant == TUNED and verdict.value == "undecided" and verdict.more_questions is None:
            return None
        reason = standing.reason.removeprefix("Undecided: ").removesuffix(".")
        remedy = f"About {plural(more, 'more question')} would decide." if more else "More questions may decide."
        return f"{_capital(standing.title)}: {reason}. {remedy}"

    def _assumed(self, chosen: Standing) -> Iterator[str]:
        use = next((each for each in self._report.contestants if each.name == chosen.contestant), None)
        if use and use.context and use.context.questions_with_answer:
            yield (
                f"For {plural(use.context.questions_with_answer, 'question')} of {integer(use.context.questions)}, "
                "its prompt had the right answer word for word. It scores lower where your prompts will not have it."
            )
        settings = self._report.settings
        if "retrieval" in chosen.contestant and settings and not settings.break_even.retrieval_usd_per_month:
            yield (
                "Retrieving the passages is counted as free. If your index costs something, set "
                "'break_even.retrieval_usd_per_month' in run.yaml."
            )


def _saving(line: ServiceLine, other: ServiceLine, than: str, until: float | None) -> str:
    fixed = (other.fixed_usd or 0) - (line.fixed_usd or 0)
    request = (other.request_usd or 0) - (line.request_usd or 0)
    if until is not None:
        return f"cheaper{than} below {integer(until)} answers a month (by {money(fixed)} in a month without questions)"
    if fixed > 0:
        return f"at least {money(fixed)} a month cheaper{than}"
    if request > 0:
        return f"{money_to_compare(1000 * request)} cheaper{than} for 1,000 answers"
    return f"not dearer{than}"


def _from(found: VolumeRange) -> str:
    until = f" to {integer(found.until_answers)}" if found.until_answers is not None else ""
    return f"From {integer(found.from_answers)}{until} answers a month, {found.title} ({found.served}) costs least."


def _of_asked(use: ContestantUse) -> str:
    return f"{integer(use.failed)} of {plural(use.answers + use.failed, 'request')}"


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _and(names: Iterator[str] | Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
