"""The metrics that a run can name and the measures that each of them yields.

A *metric* computes something about answers, such as ROUGE; a *measure* is one number that it yields, such as `rouge_1`.
Settings name both (`evaluation.metrics`, `gate`), so the list is here and not beside the code that computes them.
`tuner/evaluation/metrics/` has one module per metric, and a test compares it with this list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Literal


@dataclass(frozen=True, slots=True)
class Measure:
    """One number that a metric yields for an answer. `better` is None for a measure that only describes."""

    name: str
    label: str
    range: tuple[float, float] | None = (0.0, 1.0)
    better: Literal["higher", "lower"] | None = "higher"
    # Computed over all answers together. It is no mean of values of single answers, so no answer has it.
    of_all_answers: bool = False

    @property
    def worst(self) -> float | None:
        """The value that a failed answer counts as. None for a measure that only describes."""
        return worst_value(self.range, self.better)


def worst_value(bounds: tuple[float, float] | None, better: Literal["higher", "lower"] | None) -> float | None:
    """The worst value of a measure with these bounds. None for a measure that only describes."""
    if bounds is None or better is None:
        return None
    return bounds[0] if better == "higher" else bounds[1]


METRICS: Mapping[str, tuple[Measure, ...]] = {
    "correctness": (Measure("correctness", "Correctness (judge)", (1.0, 10.0)),),
    "preference": (Measure("preference", "Preferred (judge)"),),
    "bertscore": (
        Measure("bertscore_f1", "BERTScore F1"),
        Measure("bertscore_precision", "BERTScore precision"),
        Measure("bertscore_recall", "BERTScore recall"),
        # Rescaling takes the F1 of unrelated sentences for 0, so that a worse pair is below 0.
        Measure("bertscore_f1_rescaled", "BERTScore F1, rescaled", (-1.0, 1.0)),
    ),
    "rouge": (Measure("rouge_1", "ROUGE-1"), Measure("rouge_2", "ROUGE-2"), Measure("rouge_l", "ROUGE-L")),
    "bleu": (
        Measure("bleu", "BLEU (per answer)", (0.0, 100.0)),
        Measure("chrf", "chrF (per answer)", (0.0, 100.0)),
    ),
    "style": (
        Measure("style_words", "Length in words", None, None),
        Measure("style_list", "Answers with a list", (0.0, 1.0), None),
        Measure("style_refusal", "Refusals", (0.0, 1.0), None),
        Measure("style_copied", "Answers that repeat the question", (0.0, 1.0), None),
    ),
    "exact_match": (Measure("exact_match", "Exact match"),),
    "token_f1": (Measure("token_f1", "Token F1 (short answers)"),),
    "classification": (
        Measure("accuracy", "Accuracy"),
        Measure("macro_f1", "Macro F1", of_all_answers=True),
        Measure("outside_labels", "Answers outside the labels", better="lower"),
    ),
    "scorer": (Measure("scorer", "Own scorer"),),
    "extraction": (
        Measure("json_validity", "Valid JSON objects"),
        Measure("schema_conformity", "Objects that fit the schema"),
        Measure("field_accuracy", "Field accuracy"),
        Measure("object_accuracy", "Objects with all fields right"),
    ),
}
"""The measures of every metric, by the metric's name. tasks.py says which metrics a run uses by default."""

_JUDGED = ("correctness", "preference")


def uses_judge(metrics: Iterable[str]) -> bool:
    """Whether one of the metrics asks the judge."""
    return any(name in _JUDGED for name in metrics)


OWN_MEASURES: Mapping[str, str] = {"extraction": "field.", "scorer": "scorer."}
"""Metrics with a measure for each thing of the dataset's own, and what the names of these measures begin with."""


def range_of(measure: str) -> tuple[float, float] | None:
    """Lowest and highest value of a measure of the catalog. None when there are no such bounds."""
    if measure.startswith(OWN_MEASURES["extraction"]):
        return field_measure(measure).range
    return next((each.range for each in chain.from_iterable(METRICS.values()) if each.name == measure), None)


def field_measure(name: str) -> Measure:
    """The measure of an extracted field: `field.total` for the field `total`."""
    return Measure(f"{OWN_MEASURES['extraction']}{name}", f"Field '{name}'")


def scorer_measure(
    name: str, bounds: tuple[float, float] | None = None, better: Literal["higher", "lower"] | None = None
) -> Measure:
    """A measure of the deployer's own scorer: `scorer.length`. It only describes, unless the settings say its range."""
    return Measure(f"{OWN_MEASURES['scorer']}{name}", f"Own scorer: {name}", bounds, better)
