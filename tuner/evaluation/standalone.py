"""Compares answers from anywhere: files in, scores out. What `tuner evaluate` does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tuner.artifacts.contestants import CONTESTANTS
from tuner.artifacts.scores import Scores
from tuner.catalog.encoders import PACKAGED
from tuner.core.errors import EvaluationError, SettingsError
from tuner.core.text_sanitizer import readable
from tuner.evaluation.answer_files import read_records, read_rows, read_sheet, with_ids
from tuner.evaluation.encoder.files import BuiltEncoder
from tuner.evaluation.gate.rules import Sides, decide_gate
from tuner.evaluation.judging.human_scores import with_people
from tuner.evaluation.judging.judge import Judge, Verdicts
from tuner.evaluation.judging.review import candidates, human_scores, listed, sheet, vocabulary
from tuner.evaluation.language import detect
from tuner.evaluation.metrics import Equipment, Metric, chosen
from tuner.evaluation.samples import Exam, match
from tuner.evaluation.scores import Graded, grade, summarize
from tuner.reporting import build_comparison, page
from tuner.settings import RunSettings


def evaluate(
    base: Path,
    tuned: Path,
    references: Path,
    metrics: Sequence[str] = (),
    output: Path | None = None,
    settings: RunSettings | None = None,
    training: Path | None = None,
    people: Path | None = None,
) -> dict[str, Any]:
    """The document scores.json (docs/evaluation.md) for two files of answers and one of references.

    `metrics` are names; when there are none, those of `settings`, without the judge's unless `settings.judge.model`
    says who judges. `output` is a folder for scores.json, review.csv, the page index.html and the judge's verdicts,
    which a repetition does not ask for again. `training` is what the tuned model was trained with: it vouches for what
    an answer names. `people` is a review.csv that was filled in. Raises EvaluationError for files that cannot be used,
    SettingsError for an unknown metric.
    """
    settings = settings or RunSettings()
    exam = read_exam(base, tuned, references)
    known = None if training is None else vocabulary(read_rows(training))
    chosen_metrics = _metrics(metrics, settings)
    language = settings.evaluation.language or detect(question.reference for question in exam.questions)
    with _remembered(output) as verdicts:
        judge = Judge(settings.judge.model, settings.judge, verdicts) if settings.judge.model else None
        equipment = Equipment(judge, BuiltEncoder(settings.bertscore.model or PACKAGED), language)
        graded = grade(exam.questions, chosen_metrics, equipment)
    document = summarize(graded, [*exam.warnings, *_idle(graded, metrics)], settings.evaluation.seed)
    if people is not None:
        scores = human_scores(read_sheet(people), {question.id for question in exam.questions}, str(people))
        document = with_people(document, scores, settings.evaluation.seed)
    chosen_for_people = candidates(exam, document, known)
    document["review"] = listed(chosen_for_people)
    document["gate"] = decide_gate(settings.gate, Sides(document["metrics"]))
    files = {"base": base, "tuned": tuned, "references": references, "training": training, "people": people}
    document["files"] = {role: _identity(path) for role, path in files.items() if path is not None}
    if output:
        (output / "scores.json").write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", "utf-8")
        (output / "review.csv").write_text(sheet(exam, chosen_for_people), "utf-8-sig", newline="")
        (output / "index.html").write_text(_page(exam, document, output), "utf-8")
    return document


def _idle(graded: Graded, asked: Sequence[str]) -> Iterator[str]:
    """Metrics that were asked for, and say nothing of any question."""
    measured = {name for record in graded.records for model in CONTESTANTS for name in record[model]}
    for metric in chosen(asked):
        if metric.only_for and measured.isdisjoint(measure.name for measure in metric.measures):
            yield f"{metric.name} says nothing of these questions: it is for {metric.only_for}."


def _identity(path: Path) -> dict[str, str]:
    return {"name": readable(path.name), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def _page(exam: Exam, document: Mapping[str, Any], output: Path) -> str:
    """The comparison as the page that a run's report is."""
    records = [{"id": q.id, "question": q.question, "reference": q.reference} for q in exam.questions]
    answers = {model: [{"id": q.id, "answer": q.answers[model]} for q in exam.questions] for model in CONTESTANTS}
    scores = Scores.model_validate(document)
    return page(build_comparison(output.resolve().name, records, answers, scores, str(output)))


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
        raise SettingsError(
            f"metrics: {judged[0]} needs a judge: name its model, with --judge or as judge.model in run.yaml."
        )
    return [metric for metric in metrics if not metric.needs_judge]


@contextmanager
def _remembered(folder: Path | None) -> Iterator[Verdicts]:
    """The verdicts of earlier evaluations into this folder, and those that are added."""
    if folder is None:
        yield {}
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EvaluationError(f"{folder}: no folder can be made there: {error.strerror}. Name another one.") from None
    path = folder / "verdicts.json"
    verdicts: Verdicts = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    known = len(verdicts)
    try:
        yield verdicts
    finally:
        if len(verdicts) > known:
            path.write_text(json.dumps(verdicts, ensure_ascii=False), "utf-8")
