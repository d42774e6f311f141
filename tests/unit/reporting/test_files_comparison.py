"""The report of an evaluation of files, without a run."""

import json
from pathlib import Path

from tests.unit.reporting.page.test_page import Tags
from tests.unit.reporting.sample import artifacts
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.evaluation.contestants import MAIN
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.report import Report
from tuner.cli.terminal.outputs import write_files
from tuner.core.artifact_keys import Keys
from tuner.evaluation.standalone import Files, evaluate
from tuner.reporting import page
from tuner.reporting.files_comparison import build_comparison, result_files


def comparison() -> Report:
    things = artifacts()
    questions = [EvaluationQuestion.model_validate_json(line) for line in things[Keys.EVALUATION].splitlines()]
    answers = {
        name: [Answer.model_validate_json(line) for line in things[Keys.answers(name, 0)].splitlines()] for name in MAIN
    }
    scores = Scores.model_validate_json(things[Keys.SCORES])
    return build_comparison("two-files", questions, answers, scores, "out")


def test_it_has_the_same_scores_as_the_report_of_a_run(report: Report) -> None:
    made = comparison()
    asked = tuple(question.model_copy(update={"coverage": None}) for question in report.questions)
    assert (made.verdict, made.scores, made.questions) == (report.verdict, report.scores, asked)
    assert made.gate is None


def test_the_page_shows_nothing_about_a_run() -> None:
    text = "".join(Tags(page(comparison())).text)
    assert "Comparison of answers in two-files" in " ".join(text.split())
    for part in ("The tuned model is better", "What is Amazon Bedrock?", "see review.csv"):
        assert part in text, part
    for part in ("Time and money", "Paid for", "Hyperparameters", "report.json", "Execution"):
        assert part not in text, part


def test_evaluating_two_files_writes_the_page(tmp_path: Path) -> None:
    files = {}
    for name, answer in (("base", "no"), ("tuned", "yes"), ("references", "yes")):
        files[name] = tmp_path / f"{name}.jsonl"
        lines = [json.dumps({"question": f"Is it {at}?", "answer": answer}) for at in range(6)]
        files[name].write_text("\n".join(lines), "utf-8")
    evaluation = evaluate(Files(files["base"], files["tuned"], files["references"]), ["exact_match"], tmp_path / "out")
    write_files(result_files(evaluation, tmp_path / "out"), force=True)
    text = (tmp_path / "out/index.html").read_text("utf-8")
    assert "The tuned model is better than the base model" in text
    assert "Is it 5?" in text
