"""Questions and answers in the words of the example dataset, for the benchmarks of scoring and reports."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tuner.evaluation.grading.graded_items import GradedItem

_DATASET = Path(__file__).parents[1] / "examples" / "bedrock-faq" / "training.jsonl"


def example_questions(count: int) -> list[GradedItem]:
    """Questions whose answers have 1 to 8 sentences of the example dataset. The same for every call."""
    generator = random.Random(0)
    lines = _DATASET.read_text("utf-8").splitlines()
    sentences = [part for line in lines for part in json.loads(line)["answer"].split(". ")]

    def text() -> str:
        return ". ".join(generator.choices(sentences, k=min(8, 1 + int(generator.expovariate(0.7)))))

    return [GradedItem(f"q{i}", "What?", text(), {"base": text(), "tuned": text()}) for i in range(count)]
