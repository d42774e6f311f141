"""The metric BERTScore: how similar the tokens of an answer and of its reference are as vectors of an encoder.

Zhang et al., "BERTScore: Evaluating Text Generation with BERT", ICLR 2020, without inverse document frequencies. The
numbers equal those of the bert-score library, which a test checks. Every text is embedded once, also a reference that
two answers are compared with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.artifacts.evaluation.question_scores import AnswerScores
from tuner.catalog.metrics import METRICS
from tuner.evaluation.encoder.files import BuiltEncoder
from tuner.evaluation.grading.graded_items import GradedItem, contestants_of
from tuner.evaluation.metrics.base import Grades, Measures, Metric, ScoringContext
from tuner.evaluation.tokens import tokens

if TYPE_CHECKING:
    from tuner.evaluation.encoder.embedding import Embedded, Encoder, TokenizedText

_NAMES = ("bertscore_precision", "bertscore_recall", "bertscore_f1")
_RESCALED = "bertscore_f1_rescaled"
# Vectors that are in memory at once: about 170,000 tokens of the packaged encoder, 65,000 of one with 1,024 dimensions.
_VECTOR_BYTES = 256 * 2**20

Pair = tuple[str, str]
Scores = tuple[float, float, float]


class BertScore(Metric):
    """Precision, recall and F1, and the F1 rescaled so that unrelated sentences have 0."""

    name = "bertscore"
    measures = METRICS["bertscore"]

    def grade(self, items: Sequence[GradedItem], context: ScoringContext) -> Grades:
        """Scores the answers of all contestants together, so that each reference is embedded once."""
        encoder = (context.encoder or BuiltEncoder()).load()
        names = contestants_of(items)
        places = [(name, index) for index in range(len(items)) for name in names]
        asked = [
            (name, index, reference)
            for name, index in places
            if items[index].answers[name] is not None
            for reference in (items[index].reference, *items[index].accepted)
        ]
        pairs = [(items[index].answers[name] or "", reference) for name, index, reference in asked]
        baseline = encoder.manifest.baselines.get(context.language)
        matched = list(score(encoder, pairs))
        best: dict[tuple[ContestantName, int], Scores] = {}
        for (name, index, _), (scores, _) in zip(asked, matched, strict=True):
            # Of several right answers, the one with the largest F1 counts.
            best[name, index] = max(scores, best.get((name, index), scores), key=itemgetter(2))
        scored = {place: _measures(scores, baseline) for place, scores in best.items()}
        absent: Measures = dict.fromkeys((*_NAMES, _RESCALED) if baseline is not None else _NAMES)
        values = {
            name: [
                AnswerScores(measures=scored.get((name, index), absent) if tokens(item.reference) else {})
                for index, item in enumerate(items)
            ]
            for name in names
        }
        truncated = sum(cut for _, cut in matched)
        return Grades(values, _about(encoder, context.language, baseline), {"truncated": truncated})


def score(encoder: Encoder, pairs: Sequence[Pair]) -> Iterator[tuple[Scores, bool]]:
    """Precision, recall and F1 of each (answer, reference), and whether the answer was truncated."""
    tokens = encoder.tokenize(text for pair in pairs for text in pair)
    for block in _blocks(pairs, tokens, _VECTOR_BYTES // encoder.bytes_per_token):
        embedded = encoder.embed({text: tokens[text] for pair in block for text in pair})
        yield from ((match(embedded[one], embedded[other]), embedded[one].truncated) for one, other in block)


def _blocks(pairs: Sequence[Pair], tokens: Mapping[str, TokenizedText], limit: int) -> Iterator[list[Pair]]:
    """Consecutive pairs whose distinct texts have at most `limit` tokens together; a longer pair is alone.

    Blocks are as large as memory allows: a text is computed once per block, and batches of a large block hold less
    padding.
    """
    block: list[Pair] = []
    texts: set[str] = set()
    size = 0
    for pair in pairs:
        added = sum(len(tokens[text].ids) for text in set(pair) - texts)
        if block and size + added > limit:
            yield block
            block, texts, size = [], set(), 0
            added = sum(len(tokens[text].ids) for text in set(pair))
        block.append(pair)
        texts.update(pair)
        size += added
    if block:
        yield block


def match(answer: Embedded, reference: Embedded) -> Scores:
    """Precision, recall and F1 of one answer.

    Each token is compared with the most similar token of the other text. The mean over the answer's tokens is the
    precision, the mean over the reference's tokens the recall. A text without tokens of its own scores 0.
    """
    if not answer.counts.any() or not reference.counts.any():
        return 0.0, 0.0, 0.0
    # A similarity below 0 counts as 0. The library does so for every text of a batch but the longest, by padding.
    similarity = (answer.vectors @ reference.vectors.T).clip(min=0)
    precision = float(similarity.max(axis=1)[answer.counts].mean())
    recall = float(similarity.max(axis=0)[reference.counts].mean())
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both else 0.0


def _measures(scores: Scores, baseline: float | None) -> Measures:
    measures: Measures = {name: round(score, 6) for name, score in zip(_NAMES, scores, strict=True)}
    if baseline is not None:
        measures[_RESCALED] = round((scores[2] - baseline) / (1 - baseline), 6)
    return measures


def _about(encoder: Encoder, language: str, baseline: float | None) -> MetricFacts:
    manifest = encoder.manifest
    facts = MetricFacts(
        model=manifest.name,
        revision=manifest.revision,
        layer=manifest.layer,
        runtime=encoder.runtime,
        language=language,
        baseline=baseline,
    )
    if manifest.knows(language):
        return facts
    warning = (
        f"BERTScore's encoder {manifest.name} was not trained on the language of the answers ('{language}'), so "
        "BERTScore says little about them. Deploy with a multilingual encoder: set bertscore_model in cdk.json "
        "(docs/evaluation.md)."
    )
    return facts.model_copy(update={"warning": warning})
