"""Writes the report's page for an evaluation of files, without a run."""

from __future__ import annotations

from pathlib import Path

from tuner.artifacts.contestants import CONTESTANTS
from tuner.evaluation.standalone import Evaluation
from tuner.reporting.collect.build import build_comparison
from tuner.reporting.page.page import page


def write_page(evaluation: Evaluation, output: Path) -> None:
    """Writes index.html into `output`, beside scores.json."""
    samples = evaluation.samples.samples
    records = [{"id": each.id, "question": each.question, "reference": each.reference} for each in samples]
    answers = {name: [{"id": each.id, "answer": each.answers[name]} for each in samples] for name in CONTESTANTS}
    report = build_comparison(output.resolve().name, records, answers, evaluation.scores, str(output))
    (output / "index.html").write_text(page(report), "utf-8")
