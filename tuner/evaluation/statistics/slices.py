"""Compares the models in each part of the questions: by the values of a field, such as the topic or the language.

Two models can be equal on average and differ in several topics. But one of twenty topics differs by chance, so a slice
is called better or worse only if it is so after Holm's correction for all slices of its field (Holm, "A Simple
Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6, 1979).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tuner.artifacts.evaluation.measure_scores import MeasureScores, Slice, Slices
from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.settings.evaluation import LABEL_SLICE

# The scores of some questions by every measure.
ScoresOf = Callable[[Sequence[QuestionScores]], Mapping[str, MeasureScores]]
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
        _correct(measure, [scores for _, _, scores in metrics])
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


def _correct(measure: str, slices: Sequence[dict[str, MeasureScores]]) -> None:
    """Corrects the p-values and the conclusions by one measure. Slices that are too small were not tested."""
    tested = [scores for scores in slices if measure in scores and scores[measure].comparison.p is not None]
    values = [scores[measure].comparison.p or 0.0 for scores in tested]
    for scores, corrected in zip(tested, holm(values), strict=True):
        found = scores[measure]
        comparison = found.comparison.model_copy(update={"p_corrected": corrected})
        conclusion = found.conclusion
        if conclusion and conclusion.value != "undecided" and corrected >= 0.05:
            sentence = f"Undecided: of {len(tested)} slices, one can differ by so much by chance."
            conclusion = conclusion.model_copy(update={"value": "undecided", "sentence": sentence})
        scores[measure] = found.model_copy(update={"comparison": comparison, "conclusion": conclusion})
