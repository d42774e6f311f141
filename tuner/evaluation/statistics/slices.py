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
from typing import TypeVar

from tuner.artifacts.evaluation.contestants import ContestantName, title_of
from tuner.artifacts.evaluation.measure_scores import Compared, ComparedPair, Conclusion, MeasureScores, Slice, Slices
from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.catalog.metrics import Measure
from tuner.evaluation.statistics.comparison import PairedDifference
from tuner.evaluation.statistics.verdict import Names, conclude
from tuner.settings.run.evaluation import LABEL_SLICE

# The scores of some questions by every measure.
ScoresOf = Callable[[Sequence[QuestionScores]], Mapping[str, MeasureScores]]
Key = TypeVar("Key")
# A field with more values is no topic: it is the question's number, or its text.
MOST_SLICES = 50


def value_of(record: QuestionScores, field: str) -> str | None:
    """The slice of a question. A classification has slices by `label` without a field of this name."""
    return record.fields.get(field) or (record.label if field == LABEL_SLICE else None)


def slices_by(field: str, records: Sequence[QuestionScores], scores_of: ScoresOf) -> Slices:
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
        correct_together(measure, [scores for _, _, scores in metrics])
    slices = tuple(Slice(value=value, questions=count, metrics=scores) for value, count, scores in metrics)
    return Slices(field=field, values=len(parts), left_out=left_out, slices=slices)


def slice_warnings(found: Sequence[Slices]) -> Iterator[str]:
    """What is not shown, and why."""
    for each in found:
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


def correct_together(measure: str, parts: Sequence[dict[str, MeasureScores]], noun: str = "slices") -> None:
    """Corrects the p-values and the conclusions by one measure. Parts that are too small were not tested."""
    tested = [scores for scores in parts if measure in scores and scores[measure].comparison.p is not None]
    values = [scores[measure].comparison.p or 0.0 for scores in tested]
    for scores, corrected in zip(tested, holm(values), strict=True):
        found = scores[measure]
        comparison = found.comparison.model_copy(update={"p_corrected": corrected})
        conclusion = found.conclusion
        if conclusion and conclusion.value != "undecided" and corrected >= 0.05:
            sentence = f"Undecided: among {len(tested)} {noun}, chance alone can make a difference this large."
            conclusion = conclusion.model_copy(update={"value": "undecided", "sentence": sentence})
        scores[measure] = found.model_copy(update={"comparison": comparison, "conclusion": conclusion})


def compared_with_all(
    measure: Measure, differences: Mapping[ContestantName, PairedDifference], names: Names
) -> dict[ContestantName, Compared]:
    """The comparisons with their corrected p-values and conclusions. Those with too few questions are not tested."""
    tested = _holm_of(differences)
    return {
        name: _compared(measure, difference, tested.get(name), len(tested), replace(names, base=title_of(name)))
        for name, difference in differences.items()
    }


def compared_pairs(
    measure: Measure, differences: Mapping[tuple[ContestantName, ContestantName], PairedDifference], names: Names
) -> tuple[ComparedPair, ...]:
    """The same for the comparisons of contestants with each other, which are corrected for the number of all pairs."""
    tested = _holm_of(differences)

    def pair(one: ContestantName, other: ContestantName) -> ComparedPair:
        words = replace(names, tuned=title_of(one), base=title_of(other))
        found = _compared(measure, differences[one, other], tested.get((one, other)), len(tested), words)
        return ComparedPair(**dict(found), contestant=one, against=other)

    return tuple(pair(*both) for both in differences)


def _holm_of(differences: Mapping[Key, PairedDifference]) -> dict[Key, float]:
    """The corrected p-values of those that were tested."""
    tested = {key: difference.p for key, difference in differences.items() if difference.p is not None}
    return dict(zip(tested, holm([*tested.values()]), strict=True))


def _compared(
    measure: Measure, difference: PairedDifference, corrected: float | None, tested: int, names: Names
) -> Compared:
    comparison = difference.comparison.model_copy(update={"p_corrected": corrected})
    conclusion = None
    if measure.worst is not None:
        conclusion = _corrected(conclude(measure, difference, names), corrected, tested)
    return Compared(difference=difference.mean, comparison=comparison, conclusion=conclusion)


def _corrected(conclusion: Conclusion, corrected: float | None, tested: int) -> Conclusion:
    """Undecided where the difference is one that the largest of so many can have by chance."""
    if conclusion.value == "undecided" or (corrected is not None and corrected < 0.05):
        return conclusion
    sentence = f"Undecided: among {tested} comparisons, chance alone can make a difference this large."
    return Conclusion(value="undecided", sentence=sentence, more_questions=None)
