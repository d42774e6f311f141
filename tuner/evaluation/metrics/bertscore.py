"""BERTScore: how well an answer's and a reference's tokens match in an encoder's space.

Zhang et al., "BERTScore: Evaluating Text Generation with BERT", ICLR 2020, without inverse document frequencies. The
numbers are those of the bert-score library, which the tests compare with. Here, every text is embedded once, also when
it is the reference of two answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tuner.artifacts.contestants import CONTESTANTS
from tuner.catalog.metrics import METRICS
from tuner.evaluation.metrics.base import Equipment, Grades, Metric, Values
from tuner.evaluation.samples import Question

if TYPE_CHECKING:
    from tuner.evaluation.encoder.embedding import Embedded, Encoder

_NAMES = ("bertscore_precision", "bertscore_recall", "bertscore_f1")
_RESCALED = "bertscore_f1_rescaled"
# The vectors of so many pairs are in memory at once.
_PAIRS_AT_ONCE = 64

Scores = tuple[float, float, float]


class BertScore(Metric):
    """Precision, recall and F1 of the match, and F1 rescaled to where unrelated sentences have 0."""

    name = "bertscore"
    measures = METRICS["bertscore"]

    def grade(self, questions: Sequence[Question], equipment: Equipment) -> Grades:
        """Scores every answer there is, both models' side by side."""
        from tuner.evaluation.encoder.files import BuiltEncoder

        encoder = (equipment.encoder or BuiltEncoder()).load()
        asked = [(model, index) for index in range(len(questions)) for model in CONTESTANTS]
        asked = [(model, index) for model, index in asked if questions[index].answers[model] is not None]
        pairs = [(questions[index].answers[model] or "", questions[index].reference) for model, index in asked]
        baseline = encoder.manifest.baselines.get(equipment.language)
        matched = list(score(encoder, pairs))
        scored = {place: _values(scores, baseline) for place, (scores, _) in zip(asked, matched, strict=True)}
        names = (*_NAMES, _RESCALED) if baseline is not None else _NAMES
        absent: Values = dict.fromkeys(names)
        values = {model: [scored.get((model, i), absent) for i in range(len(questions))] for model in CONTESTANTS}
        truncated = sum(cut for _, cut in matched)
        return Grades(values, _about(encoder, equipment, baseline), {"truncated": truncated})


def score(encoder: Encoder, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[Scores, bool]]:
    """Precision, recall and F1 of each (answer, reference), and whether the answer was cut off."""
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        block = pairs[start : start + _PAIRS_AT_ONCE]
        embedded = encoder.embed(text for pair in block for text in pair)
        yield from ((match(embedded[one], embedded[other]), embedded[one].truncated) for one, other in block)


def match(answer: Embedded, reference: Embedded) -> Scores:
    """Each counting token's likeness to the other text's most similar token: the answer's mean is the precision.

    A likeness below 0 is 0: the library does so wherever a text is padded, that is for all texts of a batch but the
    longest. A text without tokens of its own scores 0.
    """
    if not answer.counts.any() or not reference.counts.any():
        return 0.0, 0.0, 0.0
    likeness = (answer.vectors @ reference.vectors.T).clip(min=0)
    precision = float(likeness.max(axis=1)[answer.counts].mean())
    recall = float(likeness.max(axis=0)[reference.counts].mean())
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both else 0.0


def _values(scores: Scores, baseline: float | None) -> Values:
    values: Values = {name: round(score, 6) for name, score in zip(_NAMES, scores, strict=True)}
    if baseline is not None:
        values[_RESCALED] = round((scores[2] - baseline) / (1 - baseline), 6)
    return values


def _about(encoder: Encoder, equipment: Equipment, baseline: float | None) -> dict[str, Any]:
    manifest = encoder.manifest
    about: dict[str, Any] = {
        "model": manifest.name,
        "revision": manifest.revision,
        "layer": manifest.layer,
        "runtime": encoder.runtime,
        "language": equipment.language,
        "baseline": baseline,
    }
    if not manifest.knows(equipment.language):
        about["warning"] = (
            f"BERTScore's encoder {manifest.name} was not trained on the language of the answers "
            f"('{equipment.language}'), so BERTScore says little about them. Deploy with a multilingual encoder: "
            "bertscore_model in cdk.json (docs/evaluation.md)."
        )
    return about
