"""Size and speed of a report with 1,000 questions, with answers of about 100 different words."""

import json
import random
import time
from pathlib import Path

import pytest

from tests.unit.reporting.conftest import AT, FolderOf
from tests.unit.reporting.sample import artifacts
from tuner.artifacts.report import Answer
from tuner.reporting import Report, build, page

pytestmark = pytest.mark.slow

_TRAINING = Path(__file__).parents[4] / "examples/bedrock-faq/training.jsonl"


def thousand(report: Report) -> Report:
    """With answers put together from sentences of the example."""
    records = [json.loads(line) for line in _TRAINING.read_text("utf-8").splitlines()]
    sentences = [sentence for record in records for text in record.values() for sentence in text.split(". ")]
    drawn = random.Random(1)

    def text(count: int = 9) -> str:
        return ". ".join(drawn.choices(sentences, k=count))

    def answered(answer: Answer | None) -> Answer:
        assert answer
        return answer.model_copy(update={"answer": text(), "reasoning": text(3)})

    questions = tuple(
        question.model_copy(
            update={
                "reference": text(),
                "base": answered(question.base),
                "tuned": answered(question.tuned),
            }
        )
        for question in report.questions
    )
    return report.model_copy(update={"questions": questions})


@pytest.mark.thorough
def test_a_thousand_questions(folder_of: FolderOf) -> None:
    report = thousand(build(folder_of(artifacts(1000)), at=AT))
    answers = [question.tuned.answer for question in report.questions if question.tuned]
    assert sum(len((answer or "").split()) for answer in answers) > 90_000
    began = time.process_time()
    text = page(report)
    took = time.process_time() - began
    assert len(text.encode()) < 5_000_000
    assert took < 10, "usually 1.5 s: a time that grew with the square of the questions would be minutes"
