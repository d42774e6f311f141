"""The page of a classification and of an extraction."""

from __future__ import annotations

import re

from tuner.artifacts.evaluation.contestants import BASE, MAIN, TUNED
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.task import FieldSchema, TaskDescription
from tuner.evaluation.grading.graded_items import GradedItem, GradedItemSet
from tuner.evaluation.grading.grades import grade
from tuner.evaluation.metrics import ScoringContext, chosen
from tuner.evaluation.scores import summarize
from tuner.evaluation.standalone import Evaluation
from tuner.reporting.files_comparison import build_comparison
from tuner.reporting.page.confusion_matrix import confusion_tables
from tuner.reporting.page.page import page


def evaluated(task: TaskDescription, rows: list[tuple[str, str | None, str | None]]) -> Evaluation:
    samples = tuple(
        GradedItem(f"q{at}", f"Text {at}", row[0], {BASE: row[1], TUNED: row[2]}) for at, row in enumerate(rows)
    )
    scores = summarize(grade(samples, chosen([task.name]), ScoringContext(task=task)))
    return Evaluation(GradedItemSet(samples), scores)


def shown(scores: Scores) -> str:
    report = build_comparison("files", (), dict.fromkeys(MAIN, ()), scores, "files/")
    return re.sub(r"<[^>]+>", " ", page(report))


LABELS = TaskDescription(name="classification", labels={"billing": 9, "<b>returns</b>": 9})


def test_the_confusion_matrix_and_the_answers_outside_the_labels_are_shown() -> None:
    rows: list[tuple[str, str | None, str | None]] = [
        ("billing", "I do not know", "billing"),
        ("<b>returns</b>", None, "billing"),
    ]
    scores = evaluated(LABELS, rows * 4).scores
    text = " ".join(shown(scores).split())
    assert "Base model: confusion matrix" in text
    assert "4 answers outside the labels: I do not know (4)" in text
    assert "&lt;b&gt;returns&lt;/b&gt; 9" not in text  # 9 is the number of training records, 4 that of questions
    assert "(outside the labels)" in text
    assert "(no answer)" in text
    assert "of all answers together" in text
    assert "0 won, 0 tied, 0 lost" not in text
    assert "<b>returns</b>" not in page(build_comparison("f", (), dict.fromkeys(MAIN, ()), scores, "f/"))


def test_a_large_matrix_becomes_a_list_of_mistakes() -> None:
    names = [f"label {at}" for at in range(30)]
    task = TaskDescription(name="classification", labels=dict.fromkeys(names, 9))
    rows: list[tuple[str, str | None, str | None]] = [(name, names[0], name) for name in names]
    details = evaluated(task, rows).scores.classification
    assert details is not None
    base, tuned = confusion_tables(details)
    assert (len(base.mistakes), base.rows, tuned.mistakes) == (20, (), ())
    text = " ".join(shown(evaluated(task, rows).scores).split())
    assert "The matrix is too large" in text
    assert "No mistakes." in text


def test_each_field_and_the_blocks_of_code_are_shown() -> None:
    task = TaskDescription(name="extraction", fields=(FieldSchema(name="total", kind="number"),))
    rows: list[tuple[str, str | None, str | None]] = [('{"total": 1}', "one", '```json\n{"total": 1}\n```')]
    text = " ".join(shown(evaluated(task, rows * 6).scores).split())
    assert "Field &#39;total&#39;" in text
    assert "0 answers of the base model, 6 of the tuned model" in text
