"""Answers from anywhere have the page that a run's report has, without a run to tell of."""

import json
from pathlib import Path

from tests.unit.reporting.sample import artifacts
from tests.unit.reporting.test_page import Tags
from tuner.artifacts.report import Report
from tuner.artifacts.scores import Scores
from tuner.core.artifact_keys import Keys
from tuner.evaluation.standalone import Files, evaluate
from tuner.reporting import build_comparison, page
from tuner.reporting.files_comparison import write_page


def comparison() -> Report:
    things = artifacts()

    def lines(name: str) -> list[dict[str, object]]:
        return [json.loads(line) for line in things[name].splitlines()]

    answers = {model: lines(Keys.answers(model, 0)) for model in ("base", "tuned")}
    return build_comparison(
        "two-files", lines(Keys.EVALUATION), answers, Scores.model_validate_json(things[Keys.SCORES]), "out"
    )


def test_it_says_what_a_runs_report_says_of_the_answers(report: Report) -> None:
    made = comparison()
    asked = tuple(question.model_copy(update={"coverage": None}) for question in report.questions)
    assert (made.verdict, made.scores, made.questions) == (report.verdict, report.scores, asked)
    assert made.gate is None


def test_the_page_tells_of_no_run() -> None:
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
    write_page(evaluate(Files(**files), ["exact_match"], tmp_path / "out"), tmp_path / "out")
    text = (tmp_path / "out/index.html").read_text("utf-8")
    assert "The tuned model is better than the base model" in text
    assert "Is it 5?" in text
