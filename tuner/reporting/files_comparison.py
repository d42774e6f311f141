"""Builds the report of an evaluation of files, without a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tuner import __version__
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.report import Report
from tuner.core.times import iso, now
from tuner.evaluation.grading.graded_items import contestants_of
from tuner.evaluation.standalone import Evaluation
from tuner.reporting.collect.build import advised, with_scores
from tuner.reporting.collect.model_names import named_models, stand_ins
from tuner.reporting.collect.questions import joined_questions
from tuner.reporting.page.page import page


def build_comparison(
    name: str,
    questions: Iterable[EvaluationQuestion],
    answers: Mapping[ContestantName, Iterable[Answer]],
    scores: Scores,
    folder: str,
) -> Report:
    """The report of answers in files. `folder` has the files."""
    # Without a run, only the models that scored the answers are known.
    models = named_models(None, None, None, scores)
    report = Report(
        run_id=name,
        status="SUCCEEDED",
        ended_at=iso(now()),
        folder=folder,
        stand_ins=tuple(stand_ins(models)),
        models=models,
        verdict=scores.verdict,
        gate=scores.gate,
        questions=joined_questions(questions, answers, scores, scores.verdict.metric),
        versions={"bedrock-tuner": __version__},
    )
    return advised(with_scores(report, scores))


def result_files(evaluation: Evaluation, output: Path) -> dict[Path, bytes]:
    """All files of the evaluation in the folder `output`: those that it has, and index.html."""
    items = evaluation.items.items
    questions = [
        EvaluationQuestion(id=each.id, question=each.question, reference=each.reference, accepted=each.accepted)
        for each in items
    ]
    answers = {
        name: [
            Answer(id=each.id, sample=number if each.more else None, answer=given[name])
            for each in items
            for number, given in enumerate((each.answers, *each.more))
        ]
        for name in contestants_of(items)
    }
    report = build_comparison(output.resolve().name, questions, answers, evaluation.scores, str(output))
    files = {**evaluation.files, "index.html": page(report).encode()}
    return {output / name: data for name, data in files.items()}
