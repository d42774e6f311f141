"""BERTScore by the bert-score library's own model, tokenizer and matching, with every text embedded once.

Zhang et al., "BERTScore: Evaluating Text Generation with BERT", ICLR 2020. What differs from calling the library once
per model is only the order of the work: the encoder is loaded once, a reference is embedded once for both models, and
texts of like length share a batch, so that little padding is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tuner.evaluation.encoder import Encoder
from tuner.evaluation.exam import MODELS, Question
from tuner.evaluation.metrics.base import Equipment, Grades, Measure, Metric, Values

_NAMES = ("bertscore_precision", "bertscore_recall", "bertscore_f1")
_RESCALED = "bertscore_f1_rescaled"


class BertScore(Metric):
    """How well the answer's and the reference's tokens match in the encoder's space."""

    name = "bertscore"
    measures = (
        Measure("bertscore_f1", "BERTScore F1"),
        Measure("bertscore_precision", "BERTScore precision"),
        Measure("bertscore_recall", "BERTScore recall"),
        Measure(_RESCALED, "BERTScore F1, rescaled", (-1.0, 1.0)),
    )

    def grade(self, questions: Sequence[Question], equipment: Equipment) -> Grades:
        """Scores every answer there is, both models' in one go."""
        encoder = Encoder.load(equipment.encoder, equipment.layer)
        asked = [(model, index) for model in MODELS for index in range(len(questions))]
        asked = [(model, index) for model, index in asked if questions[index].answers[model] is not None]
        pairs = [(questions[index].answers[model] or "", questions[index].reference) for model, index in asked]
        baseline = encoder.baseline(equipment.language)
        scored = {place: _values(scores, baseline) for place, scores in zip(asked, encoder.score(pairs), strict=True)}
        names = (*_NAMES, _RESCALED) if baseline is not None else _NAMES
        absent: Values = dict.fromkeys(names)
        values = {model: [scored.get((model, i), absent) for i in range(len(questions))] for model in MODELS}
        truncated = sum(encoder.truncates(answer) for answer, _ in pairs)
        return Grades(values, _about(encoder, equipment, baseline), {"truncated": truncated})


def _values(scores: tuple[float, float, float], baseline: float | None) -> Values:
    values: Values = {name: round(score, 6) for name, score in zip(_NAMES, scores, strict=True)}
    if baseline is not None:
        values[_RESCALED] = round((scores[2] - baseline) / (1 - baseline), 6)
    return values


def _about(encoder: Encoder, equipment: Equipment, baseline: float | None) -> dict[str, Any]:
    return {
        "model": encoder.name,
        "layer": encoder.layer,
        "version": encoder.version,
        "language": equipment.language,
        "baseline": baseline,
    }
