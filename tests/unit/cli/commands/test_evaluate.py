"""`tuner evaluate` on files: JSON on stdout, messages on stderr."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tuner.cli.commands.evaluate import evaluate
from tuner.core.errors import SettingsError

app = typer.Typer()
app.command()(evaluate)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    def write(name: str, answer: str) -> str:
        records = [{"question": f"What is {i}?", "answer": answer.format(i)} for i in range(8)]
        (tmp_path / name).write_text(json.dumps(records), "utf-8")
        return str(tmp_path / name)

    answers = {"--base": "No idea [bold]", "--tuned": "It is number {}.", "--references": "It is the number {}."}
    return [part for option, text in answers.items() for part in (option, write(f"{option[2:]}.json", text))]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_the_table_and_the_verdict_go_to_stderr(files: list[str], tmp_path: Path) -> None:
    result = run(*files, "--metric", "rouge", "--output", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "ROUGE-L" in result.stderr
    assert "The tuned model is better than the base model" in result.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"scores.json", "review.csv", "index.html"}


def test_json_goes_to_stdout_alone(files: list[str]) -> None:
    result = run(*files, "--metric", "rouge", "--metric", "style", "--json")
    document = json.loads(result.stdout)
    assert document["verdict"]["value"] == "better"
    assert {"rouge_1", "style_words"} <= set(document["metrics"])


def test_an_unknown_metric_is_an_error(files: list[str]) -> None:
    assert isinstance(run(*files, "--metric", "ruge").exception, SettingsError)


def test_the_command_line_overrides_the_settings_file(files: list[str], tmp_path: Path) -> None:
    settings = tmp_path / "run.yaml"
    settings.write_text("evaluation: {metrics: [rouge], language: ja}\ngate: {rouge_l: {at_least: 0.99}}\n", "utf-8")
    result = run(*files, "--settings", str(settings), "--language", "en", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert set(document["metrics"]) == {"rouge_1", "rouge_2", "rouge_l"}
    assert document["gate"]["decision"] == "rejected"
    assert "Gate: Rejected: rouge_l is " in run(*files, "--settings", str(settings)).stderr


def test_settings_that_cannot_be_read_are_named(files: list[str], tmp_path: Path) -> None:
    assert "cannot be read" in str(run(*files, "--settings", str(tmp_path / "none.yaml")).exception)
    (tmp_path / "run.yaml").write_text("gate: {correctnes: {at_least: 6}}", "utf-8")
    error = run(*files, "--settings", str(tmp_path / "run.yaml")).exception
    assert isinstance(error, SettingsError)
    assert "did you mean 'correctness'" in str(error)
