"""Turns the statistics of the measures into one verdict: better, worse or undecided, and the sentence that says so.

One measure decides. It is chosen before the numbers are seen: the first of `DECIDING` that most questions were measured
by, else the first that any question was measured by. If any of several measures could decide, equal models would be
called different far more often than one time in twenty. If a measure of few questions could decide, the other questions
would not count.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tuner.artifacts.dataset import QuestionGroups
from tuner.artifacts.evaluation.answers import Stopping
from tuner.artifacts.evaluation.contestants import BASE, MAIN, TUNED, title_of
from tuner.artifacts.evaluation.measure_scores import Aggregate, Comparison, Conclusion, MeasureScores
from tuner.artifacts.evaluation.question_scores import Outcome, QuestionScores
from tuner.artifacts.evaluation.verdict import Verdict, VerdictValue
from tuner.catalog.metrics import Measure
from tuner.catalog.tasks import DECIDING
from tuner.core.wording import plural
from tuner.evaluation.statistics.comparison import FEWEST, PairedDifference, sign_test, units_to_decide
from tuner.evaluation.statistics.planning import ERROR, MOST_QUESTIONS, fewest_units, least_p

# Gains that differ by less are equal: the rest is rounding error.
_EQUAL = 1e-9
# A mean of scores is shown as zero if it is smaller, as a share of the range: scores have about six digits.
_SMALLEST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class Names:
    """What sentences call the two models that are compared, and the groups of their questions."""

    base: str = "the base model"
    tuned: str = "the tuned model"
    # How the questions are related; None if every question is independent.
    groups: QuestionGroups | None = None
    # How many documents all questions are from, if they are few.
    documents: int | None = None

    def questions(self, difference: Comparison) -> str:
        """The questions of a comparison in words, with their groups if questions are related."""
        questions = plural(difference.n, "question")
        if difference.groups is None or self.groups is None:
            return questions
        return f"{questions} from {self.groups.count(difference.groups)}"


def _with_difference(difference: Comparison, names: Names) -> str:
    """The questions that have a difference. Of a sample, only those that people scored have one."""
    labelled = difference.labelled
    if labelled is None:
        return names.questions(difference)
    related = difference.groups is not None and names.groups is not None
    units = names.groups.count(labelled) if related and names.groups else plural(labelled, "question")
    return f"{units} that people scored"


@dataclass(frozen=True, slots=True)
class ComparisonFamily:
    """Comparisons whose p-values are corrected together, by Holm's method.

    `undecided` of the `tested` ones are not called different. The p-value of one of these is corrected for at least so
    many.
    """

    noun: str
    tested: int
    undecided: int


def conclude(
    measure: Measure,
    difference: PairedDifference,
    names: Names = Names(),
    sides: Sequence[Aggregate] = (),
    family: ComparisonFamily | None = None,
) -> Conclusion:
    """What one measure says by itself. `sides` are the scores of base and tuned model, whose answers can be missing.

    With a `family`, the p-value of the difference is corrected for it.
    """
    if missing := _missing(sides, names):
        ungraded = any(side.is_mostly_ungraded for side in sides)
        why = "the other questions say nothing about these" if ungraded else "a difference would show only that"
        sentence = f"Undecided: {missing}, and {why}."
        return Conclusion(value="undecided", sentence=sentence, more_questions=None)
    value = _value(measure, difference)
    more = _more_questions(difference, family) if value == "undecided" else 0
    sentence = _sentence(measure, difference, value, more, names, family)
    return Conclusion(value=value, sentence=sentence, more_questions=more)


def _missing(sides: Sequence[Aggregate], names: Names) -> str:
    """The sentence about models whose answers are mostly missing."""
    found = [
        side.missing_words(who)
        for side, who in zip(sides, (names.base, names.tuned), strict=False)
        if side.is_mostly_missing
    ]
    return " and ".join(found)


def decide(
    scores: Mapping[str, MeasureScores], questions: int, names: Names = Names(), decides: str | None = None
) -> Verdict:
    """The verdict over so many questions, by the measure that decides.

    `decides` is the measure that the run's settings name. No other one takes its place where it has no scores.
    """
    name = next(deciding_measures(scores, questions, decides), None)
    if name is None:
        what = f"'{decides}'" if decides else "a score"
        sentence = f"Undecided: no question has {what} for both models."
        return Verdict(value="undecided", metric=None, sentence=sentence, more_questions=None, notes=())
    chosen = scores[name]
    conclusion = chosen.conclusion
    if conclusion is None:
        raise ValueError(f"the measure {name} only describes, so it cannot decide")
    return Verdict(
        value=conclusion.value,
        sentence=conclusion.sentence,
        more_questions=conclusion.more_questions,
        metric=name,
        notes=tuple(_notes(chosen, questions, names)),
    )


def with_stopping(verdict: Verdict, stopping: Stopping | None) -> Verdict:
    """The verdict with a note on how many questions were asked, for a run that may stop early."""
    return verdict.model_copy(update={"notes": (stopping.sentence, *verdict.notes)}) if stopping else verdict


def deciding_measures(scores: Mapping[str, MeasureScores], questions: int, decides: str | None = None) -> Iterator[str]:
    """The measures that can decide over so many questions. The first one does; only `decides` can, if it is given."""
    if decides:
        if decides in scores and scores[decides].comparison.n and scores[decides].conclusion:
            yield decides
        return
    usable = [name for name in DECIDING if name in scores and scores[name].comparison.n > 0]
    # Sorting is stable: measures of at least half of the questions come first, in the order of DECIDING.
    yield from sorted(usable, key=lambda name: 2 * _measured(scores[name], questions) < questions)


def _measured(scores: MeasureScores, questions: int) -> int:
    """The questions that the measure applies to, whether or not there is a score."""
    sides = [scores.by_contestant[name] for name in MAIN]
    return min(questions, *((side.n or 0) + side.missing - side.failed for side in sides))


def outcome(record: QuestionScores, measure: str | None, scores: Mapping[str, MeasureScores]) -> Outcome | None:
    """Win, tie or loss of the tuned model on one question by `measure`. None where a score is missing."""
    if measure is None:
        return None
    gain = record.gain(measure, scores[measure])
    if gain is None:
        return None
    return "tie" if abs(gain) < _EQUAL else "win" if gain > 0 else "loss"


def _value(measure: Measure, difference: PairedDifference) -> VerdictValue:
    if not difference.differs or difference.mean is None:
        return "undecided"
    if difference.p_corrected is not None and difference.p_corrected >= ERROR:
        return "undecided"
    return "better" if (difference.mean > 0) == (measure.better == "higher") else "worse"


def _more_questions(difference: PairedDifference, family: ComparisonFamily | None) -> int | None:
    """How many questions to add, in groups as large as today's. None: more than `MOST_QUESTIONS` would be needed."""
    units = _more_units(difference, family)
    more = units and (math.ceil(units * difference.n / difference.units) if difference.n else units)
    return None if more is None or more > MOST_QUESTIONS else more


def _more_units(difference: PairedDifference, family: ComparisonFamily | None) -> int | None:
    """How many independent questions, or groups of them, to add."""
    if difference.units < FEWEST:
        return FEWEST - difference.units
    needed = units_to_decide(difference, family.undecided if family else 1)
    return None if needed is None else max(1, _about(needed - difference.units))


def _about(number: int) -> int:
    """The number, rounded up to two significant digits: more digits would suggest a precision that it does not have."""
    step: int = 10 ** max(0, len(str(abs(number))) - 2)
    return math.ceil(number / step) * step


def _sentence(
    measure: Measure,
    difference: PairedDifference,
    value: VerdictValue,
    more: int | None,
    names: Names,
    family: ComparisonFamily | None,
) -> str:
    """The conclusion in words. `more`: how many questions to add; None if no number would decide."""
    n = difference.n
    if n == 0:
        return f"Undecided: no question has a {measure.label} for both models."
    counts = _counts(difference, names)
    if difference.units < FEWEST:
        return f"Undecided: {_too_few(difference, names)}"
    if difference.interval is None or difference.mean is None:
        return f"Undecided: too few independent questions to rule out chance ({counts})."
    low, high = difference.interval
    bounds = f"95 % interval {_signed(low)} to {_signed(high)}"
    numbers = f"{_signed(difference.mean)} {measure.label} on average, {bounds}; {counts}"
    if value != "undecided":
        return f"{names.tuned[0].upper()}{names.tuned[1:]} is {value} than {names.base}: {numbers}."
    if family and difference.differs:
        return f"Undecided: {_among(difference, family, names)} {_remedy(difference, more, names, family)}"
    if abs(difference.mean) < _SMALLEST_SHARE * _width(measure.range or (0.0, 1.0)):
        between = f", {bounds}" if _width(difference.interval) else ""
        return f"Undecided: both models score the same on average{between}; {counts}."
    return f"Undecided: {numbers}, so it may be chance. {_remedy(difference, more, names, family)}"


def _too_few(difference: PairedDifference, names: Names) -> str:
    """Why fewer questions, or groups, than `FEWEST` decide nothing, and who won how many of them."""
    asked, needed = names.questions(difference), f"at least {FEWEST} are needed"
    if difference.n >= FEWEST:
        needed = (
            f"at least {FEWEST} groups are needed, because questions of one group are answered well or badly together"
        )
    counts = _won_and_lost(difference)
    return f"{asked} cannot show any difference; {needed}.{f' {counts}.' if counts else ''}"


def _among(difference: PairedDifference, family: ComparisonFamily, names: Names) -> str:
    """Why a difference that one comparison alone would show is not shown among several."""
    units, among = difference.units, f"among {family.tested} {family.noun}"
    if family.undecided * least_p(units) < ERROR:
        return f"{among}, chance alone can make a difference this large."
    related = difference.groups is not None and names.groups is not None
    few = names.groups.count(units) if related and names.groups else plural(units, "question")
    return f"{among}, {few} cannot show any difference; at least {fewest_units(family.undecided)} are needed."


def _width(interval: tuple[float, float]) -> float:
    return interval[1] - interval[0]


def _counts(difference: PairedDifference, names: Names) -> str:
    asked, counts = names.questions(difference), _won_and_lost(difference)
    return f"{counts} of {asked}" if counts else asked


def _won_and_lost(difference: PairedDifference) -> str:
    """Who won how many questions; empty for a measure of all answers together."""
    if not difference.wins + difference.ties + difference.losses:
        return ""
    return f"{difference.wins:,} won, {difference.ties:,} tied, {difference.losses:,} lost"


def _signed(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−") if value else "0"


def _remedy(difference: PairedDifference, more: int | None, names: Names, family: ComparisonFamily | None) -> str:
    if more is None:
        return f"The difference is so small that more than {MOST_QUESTIONS:,} questions would be needed to decide."
    about, units = plural(more, "more question"), _more_units(difference, family)
    if difference.groups is not None and names.groups is not None and units is not None:
        about = f"{about} from {names.groups.count(units, more=True)}"
    return f"If the difference stays what it is, about {about} would decide."


def _notes(scores: MeasureScores, questions: int, names: Names) -> list[str]:
    """What a reader must know before believing the verdict."""
    n, label = scores.comparison.n, scores.label
    smallest = scores.comparison.smallest_detectable
    notes = []
    asked = names.questions(scores.comparison)
    if scores.comparison.interval is None or scores.is_mostly_missing:
        pass  # The sentence says that the difference says nothing about the models.
    elif share := scores.comparison.share_that_may_differ():
        notes.append(
            f"The difference is the same in each of {_with_difference(scores.comparison, names)}, so the interval has "
            "no width. That does not show that other questions are like these: "
            f"up to {100 * share:.2g} % of them may have another difference."
        )
    elif smallest:
        units = scores.comparison.groups or n
        all_scored = scores.comparison.labelled in (None, units)
        scored = "" if all_scored else f" ({_with_difference(scores.comparison, names)})"
        notes.append(
            f"With {asked}{scored}, a true difference of {smallest:.2g} {label} is found in four of five runs. "
            "A smaller one is often missed."
        )
    notes += _beside_others(scores)
    if names.documents is not None:
        these = "this one" if names.documents == 1 else "these"
        documents = plural(names.documents, "document")
        notes.append(f"The questions are from {documents} only, so the result holds for {these} and not for others.")
    measured = _measured(scores, questions)
    if measured < questions:
        notes.append(f"{plural(questions - measured, 'question')} left out: {label} does not apply to them.")
    if n < measured:
        sampled = scores.comparison.labelled is not None
        why = "people did not score them" if sampled else f"one of the answers has no {label}"
        notes.append(f"{plural(measured - n, 'question')} left out: {why}.{_more_often(scores, names)}")
    for contestant, aggregate in scores.by_contestant.items():
        name = {BASE: names.base, TUNED: names.tuned}.get(contestant, title_of(contestant))
        asked = f"{aggregate.failed:,} of {plural(questions, 'question')}"
        if not aggregate.is_mostly_missing:
            notes += [f"{asked} got no answer from {name}: counted as worst."] if aggregate.failed else []
        elif contestant not in MAIN:  # else, the sentence says it
            missing = aggregate.missing_words(name)
            notes.append(f"{missing[0].upper()}{missing[1:]}, so no comparison with it is decided.")
    return notes


def _more_often(scores: MeasureScores, names: Names) -> str:
    """That grades are missing for one model more often than by chance: what is left out may favour a model.

    The sign test takes each missing grade for a question of its own, so it says so too rarely rather than too often.
    """
    missing = {name: side.ungraded for name, side in ((names.base, scores.base), (names.tuned, scores.tuned))}
    p = sign_test(*missing.values())
    if p is None or p >= ERROR:
        return ""
    (more, many), (less, few) = sorted(missing.items(), key=lambda each: -each[1])
    return (
        f" {many:,} grades are missing for {more} and {few:,} for {less}, which is more than chance: these can be "
        "questions that one model answers badly."
    )


def _beside_others(scores: MeasureScores) -> Iterator[str]:
    """Why the verdict and the comparison with the base model among those of all contestants can differ."""
    beside, own = scores.compared.get(BASE), scores.conclusion
    if beside is None or own is None or beside.conclusion is None or beside.comparison.p != scores.comparison.p:
        return  # people's scores correct the verdict, and not the comparisons with others
    p = beside.comparison.p_corrected
    if p is not None and own.value != "undecided" and beside.conclusion.value == "undecided":
        yield (
            f"The verdict counts one comparison, which was named before the numbers were seen. As one of "
            f"{len(scores.compared)} comparisons with contestants, this difference can be chance (p = {p:.2g} by "
            "Holm's correction)."
        )
