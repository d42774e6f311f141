"""Compares answers from anywhere: files in, scores out. What `tuner evaluate` does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tuner.errors import SettingsError
from tuner.evaluation.encoder import PACKAGED
from tuner.evaluation.exam import MODELS, Exam, match
from tuner.evaluation.files import read_records, with_ids
from tuner.evaluation.judge import Judge, Verdicts
from tuner.evaluation.language import detect
from tuner.evaluation.metrics import Equipment, Metric, chosen
from tuner.evaluation.review import candidates, listed, sheet
from tuner.evaluation.scores import grade, summarize
from tuner.reporting import build_comparison, page
from tuner.settings import RunSettings


def evaluate(
    base: Path,
    tuned: Path,
    references: Path,
    metrics: Sequence[str] = (),
    output: Path | None = None,
    settings: RunSettings | None = None,
) -> dict[str, Any]:
    """The document scores.json (docs/evaluation.md) for two files of answers and one of references.

    `metrics` are names; when there are none, those of `settings`, without the judge's unless `settings.judge.model`
    says who judges. `output` is a folder for scores.json, review.csv, the page index.html and the judge's verdicts,
    which a repetition does not ask for again. Raises EvaluationError for files that cannot be used, SettingsError for
    an unknown metric.
    """
    settings = settings or RunSettings()
    exam = read_exam(base, tuned, references)
    chosen_metrics = _metrics(metrics, settings)
    language = settings.evaluation.language or detect(question.reference for question in exam.questions)
    with _remembered(output) as verdicts:
        judge = Judge(settings.judge.model, settings.judge, verdicts) if settings.judge.model else None
        encoder = settings.bertscore.model or PACKAGED
        equipment = Equipment(judge, encoder, settings.bertscore.layer, language)
        graded = grade(exam.questions, chosen_metrics, equipment)
    document = summarize(graded, exam.warnings, settings.evaluation.seed)
    chosen_for_people = candidates(exam, document)
    document["review"] = listed(chosen_for_people)
    if output:
        (output / "scores.json").write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", "utf-8")
        (output / "review.csv").write_text(sheet(exam, chosen_for_people), "utf-8-sig", newline="")
        (output / "index.html").write_text(_page(exam, document, output), "utf-8")
    return document


def _page(exam: Exam, document: Mapping[str, Any], output: Path) -> str:
    """The comparison as the page that a run's report is."""
    records = [{"id": q.id, "question": q.question, "reference": q.reference} for q in exam.questions]
    answers = {model: [{"id": q.id, "answer": q.answers[model]} for q in exam.questions] for model in MODELS}
    return page(build_comparison(output.resolve().name, records, answers, document, str(output)))


def read_exam(base: Path, tuned: Path, references: Path) -> Exam:
    """The files' records, matched by id, or by question where ids are missing."""
    asked, said = read_records(references), {"base": read_records(base), "tuned": read_records(tuned)}
    with_ids(asked, *said.values())
    questions = [
        {"id": record["id"], "question": record["question"] or "", "reference": record["answer"]} for record in asked
    ]
    return match(questions, {"base": said["base"], "tuned": said["tuned"]})


def _metrics(names: Sequence[str], settings: RunSettings) -> list[Metric]:
    metrics = chosen(names or settings.evaluation.metrics)
    judged = [metric.name for metric in metrics if metric.needs_judge]
    if settings.judge.model or not judged:
        return metrics
    if names:
        raise SettingsError(f"metrics: {judged[0]} needs a judge: name its model or inference profile (judge.model).")
    return [metric for metric in metrics if not metric.needs_judge]


@contextmanager
def _remembered(folder: Path | None) -> Iterator[Verdicts]:
    """The verdicts of earlier evaluations into this folder, and those that are added."""
    if folder is None:
        yield {}
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "verdicts.json"
    verdicts: Verdicts = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    known = len(verdicts)
    try:
        yield verdicts
    finally:
        if len(verdicts) > known:
            path.write_text(json.dumps(verdicts, ensure_ascii=False), "utf-8")
