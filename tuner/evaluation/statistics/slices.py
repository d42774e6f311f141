"""Compares the models in each part of the questions: by the values of a field, such as the topic or the language.

Two models can be equal on average and differ in several topics. But one of twenty topics differs by chance. So a slice
is called better or worse only if it is so after Holm's correction for all slices of its field (Holm, "A Simple
Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6, 1979).

The same holds for contestants: the more there are, the more likely one of them differs by chance. So the conclusions of
the tuned model's comparisons are drawn after the correction over all comparisons by the measure. The comparison with
the base model is one of them. If all contestants are equal, one is called better or worse at most one time in twenty.
The comparisons of the others with each other are corrected in the same way, for their own number. The verdict of a run
is not corrected: its comparison, tuned model with base model, is named before the numbers are seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from tuner.artifacts.evaluation.contestants import TUNED, ContestantName, title_of
from tuner.artifacts.evaluation.measure_scores import Aggregate, Compared, ComparedPair, MeasureScores, Slice, Slices
from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.catalog.metrics import Measure
from tuner.core.label_matching import alike
from tuner.evaluation.statistics.comparison import PairedDifference
from tuner.evaluation.statistics.planning import ERROR
from tuner.evaluation.statistics.verdict import ComparisonFamily, Names, conclude
from tuner.settings.run.evaluation import LABEL_SLICE

# The scores of some questions by every measure.
ScoresOf = Callable[[Sequence[QuestionScores]], Mapping[str, MeasureScores]]
# A field with more values is no topic: it is the question's number, or its text.
MOST_SLICES = 50


def value_of(record: QuestionScores, field: str) -> str | None:
    """The slice of a question. A classification has slices by `label` without a field of this name."""
    return record.fields.get(field) or (record.label if field == LABEL_SLICE else None)


def slices_by(
    field: str,
    records: Sequence[QuestionScores],
    scores_of: ScoresOf,
    names: Names = Names(),  # noqa: B008 - frozen
) -> Slices:
    """The results of the slices of a field, the largest slice first; none where it has no values, or too many."""
    parts: dict[str, list[QuestionScores]] = {}
    for record in records:
        value = value_of(record, field)
        if value is not None:
            parts.setdefault(value, []).append(record)
    left_out = len(records) - sum(map(len, parts.values()))
    if not 0 < len(parts) <= MOST_SLICES:
        return Slices(field=field, values=len(parts), left_out=left_out)
    ordered = sorted(parts.items(), key=lambda part: (-len(part[1]), part[0]))
    metrics = [(value, len(part), dict(scores_of(part))) for value, part in ordered]
    for measure in {name for _, _, scores in metrics for name in scores}:
        correct_together(measure, [scores for _, _, scores in metrics], names=names)
    slices = tuple(Slice(value=value, questions=count, metrics=scores) for value, count, scores in metrics)
    return Slices(field=field, values=len(parts), left_out=left_out, slices=slices)


def slice_warnings(found: Sequence[Slices]) -> Iterator[str]:
    """What is not shown, and why; and slices that can be one."""
    for each in found:
        if written := alike(part.value for part in each.slices):
            yield f"Two slices by '{each.field}' are {written}. Write them in one way if they are the same."
        if not each.slices:
            why = f"it has {each.values:,} values, and at most {MOST_SLICES} are shown" if each.values else "no value"
            yield f"There are no slices by '{each.field}': {why}. Name another field in evaluation.slices."


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for their number, in the same order."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, largest = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, (len(p_values) - rank) * p_values[place])
        corrected[place] = min(1.0, largest)
    return corrected


def correct_together(
    measure: str,
    parts: Sequence[dict[str, MeasureScores]],
    noun: str = "slices",
    names: Names = Names(),  # noqa: B008 - frozen
) -> None:
    """Corrects the p-values and the conclusions by one measure. Parts that are too small were not tested."""
    tested = [scores for scores in parts if measure in scores and _is_tested(scores[measure])]
    corrected = holm([scores[measure].comparison.p or 0.0 for scores in tested])
    family = _family(noun, corrected)
    for scores, p in zip(tested, corrected, strict=True):
        found = scores[measure]
        comparison = found.comparison.model_copy(update={"p_corrected": p})
        conclusion = found.conclusion
        if conclusion and p >= ERROR:
            difference = PairedDifference(**dict(comparison), mean=found.difference)
            known = Measure(measure, found.label or measure, found.range, found.better)
            conclusion = conclude(known, difference, names, family=family)
        scores[measure] = found.model_copy(update={"comparison": comparison, "conclusion": conclusion})


def _is_tested(scores: MeasureScores) -> bool:
    return scores.comparison.p is not None and not scores.is_mostly_missing


def _family(noun: str, corrected: Sequence[float]) -> ComparisonFamily:
    return ComparisonFamily(noun, len(corrected), max(1, sum(p >= ERROR for p in corrected)))


Sides = Mapping[ContestantName, Aggregate]


def compared_with_all(
    measure: Measure,
    differences: Mapping[ContestantName, PairedDifference],
    names: Names,
    sides: Sides = MappingProxyType({}),
) -> dict[ContestantName, Compared]:
    """The comparisons with their corrected p-values and conclusions. `sides` are the contestants' scores.

    Those with too few questions, or too few answers, are not tested.
    """
    pairs = {(TUNED, name): difference for name, difference in differences.items()}
    found = _compared(measure, pairs, names, sides, {TUNED: names.tuned})
    return {other: each for (_, other), each in found.items()}


def compared_pairs(
    measure: Measure,
    differences: Mapping[tuple[ContestantName, ContestantName], PairedDifference],
    names: Names,
    sides: Sides = MappingProxyType({}),
) -> tuple[ComparedPair, ...]:
    """The same for the comparisons of contestants with each other, which are corrected for the number of all pairs."""
    found = _compared(measure, differences, names, sides, {})
    return tuple(ComparedPair(**dict(each), contestant=one, against=other) for (one, other), each in found.items())


def _compared(
    measure: Measure,
    differences: Mapping[tuple[ContestantName, ContestantName], PairedDifference],
    names: Names,
    sides: Sides,
    titles: Mapping[ContestantName, str],
) -> dict[tuple[ContestantName, ContestantName], Compared]:
    """Comparisons of the first one with the second one, by the names of both."""
    known = {pair: tuple(sides.get(name, Aggregate()) for name in reversed(pair)) for pair in differences}
    tested = [
        pair
        for pair, difference in differences.items()
        if difference.p is not None and not any(side.is_mostly_missing for side in known[pair])
    ]
    corrected = dict(zip(tested, holm([differences[pair].p or 0.0 for pair in tested]), strict=True))
    family, found = _family("comparisons", [*corrected.values()]), {}
    for (one, other), difference in differences.items():
        with_p = difference.model_copy(update={"p_corrected": corrected.get((one, other))})
        words = replace(names, tuned=titles.get(one, title_of(one)), base=title_of(other))
        conclusion = None
        if measure.worst is not None:
            conclusion = conclude(measure, with_p, words, known[one, other], family)
        comparison = difference.comparison.model_copy(update={"p_corrected": with_p.p_corrected})
        found[one, other] = Compared(difference=difference.mean, comparison=comparison, conclusion=conclusion)
    return found
