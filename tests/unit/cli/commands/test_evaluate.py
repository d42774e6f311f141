"""`tuner evaluate` on files: JSON on stdout, messages on stderr."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tuner.artifacts.evaluation.metric_details import JudgeDetails, PreferenceDetails
from tuner.artifacts.evaluation.people import HumanScores
from tuner.artifacts.evaluation.scores import Scores
from tuner.cli.commands.evaluate import evaluate
from tuner.cli.terminal.verdict import conclude, show_people
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


@pytest.fixture
def labelled(tmp_path: Path) -> list[str]:
    def write(name: str, answers: list[str]) -> str:
        (tmp_path / name).write_text(json.dumps([{"text": f"Text {i}", "label": a} for i, a in enumerate(answers)]))
        return str(tmp_path / name)

    labels = ["billing", "delivery"] * 15
    answers = {
        "--base": ["I think it is billing."] * 30,
        "--tuned": [f"{a.upper()}." for a in labels],
        "--references": labels,
    }
    return [part for option, texts in answers.items() for part in (option, write(f"{option[2:]}.json", texts))]


def test_records_inside_an_object_are_found_by_their_path(files: list[str], tmp_path: Path) -> None:
    plain = json.loads(run(*files, "--metric", "rouge", "--json").stdout)
    for name in ("base", "tuned", "references"):
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps({"meta": {}, "data": {"items": json.loads(file.read_text())}}))
    result = run(*files, "--metric", "rouge", "--records", "data.items", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["metrics"] == plain["metrics"]
    wrong = run(*files, "--metric", "rouge", "--records", "data.rows")
    assert wrong.exit_code != 0
    assert "there is no list 'data.rows' in the file" in str(wrong.exception)


def test_labels_are_measured_as_labels(labelled: list[str], tmp_path: Path) -> None:
    result = run(*labelled, "--json", "--output", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found["metrics"]) == {"accuracy", "macro_f1", "outside_labels"}
    assert (found["verdict"]["metric"], found["verdict"]["value"]) == ("accuracy", "better")
    assert found["task"]["name"] == "classification"
    assert found["metrics"]["macro_f1"]["tuned"]["mean"] == 1
    assert "I think it is billing." in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_run_yaml_says_what_the_task_is(labelled: list[str], tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("task: answer\nevaluation: {metrics: [exact_match]}\n")
    result = run(*labelled, "--json", "--settings", str(tmp_path / "run.yaml"))
    assert set(json.loads(result.stdout)["metrics"]) == {"exact_match"}


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


def test_what_length_and_unusable_judgments_may_have_changed_is_said(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    scores = Scores.model_validate_json(run(*files, "--metric", "rouge", "--json").stdout)
    judge = JudgeDetails(model="m", name="Judge", asked=16, missing=16)
    preference = PreferenceDetails(compared=8, decided=8, longer_won=8)
    conclude(scores.model_copy(update={"judge": judge, "preference": preference}))
    said = " ".join(capsys.readouterr().err.split())
    assert "16 of 16 judgments could not be used." in said
    assert "The judge preferred the longer answer in 8 of 8 decided comparisons." in said


@pytest.mark.parametrize(("each", "said"), [(3, True), (1, False)])
def test_the_output_says_that_people_scored_the_first_of_several_answers(
    each: int, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    show_people(HumanScores(questions=6, answers=12, of_answers=16, answers_each=each, undecided="Too few questions."))
    shown = " ".join(capsys.readouterr().err.split())
    assert shown.startswith("People scored 12 of 16 answers.")
    assert shown.endswith("Too few questions.")
    assert ("people score the first" in shown) is said


def test_how_often_each_question_was_asked_is_said(files: list[str], tmp_path: Path) -> None:
    assert "was asked" not in run(*files, "--metric", "rouge").stderr
    for name in ("base", "tuned"):
        file = tmp_path / f"{name}.json"
        records = json.loads(file.read_text())
        file.write_text(json.dumps([{**each, "sample": number} for each in records for number in range(3)]))
    said = " ".join(run(*files, "--metric", "rouge").stderr.split())
    assert "Every question was asked 3 times, and the mean of its answers counts once." in said


def test_further_contestants_are_in_the_table_and_in_the_json(files: list[str], tmp_path: Path) -> None:
    asked = [*files, "--metric", "rouge", "--contestant", f"micro={files[1]}", "--contestant", f"nano={files[3]}"]
    result = run(*asked)
    assert result.exit_code == 0, result.output
    table = result.stderr[result.stderr.index("tuned against") :]
    for words in ("base ", "micro ", "nano "):
        assert words in table, words
    assert "have the same file of answers" in result.stderr
    document = json.loads(run(*asked, "--json").stdout)
    assert set(document["metrics"]["rouge_l"]["compared"]) == {"base", "micro", "nano"}
    assert set(document["questions"][0]["others"]) == {"micro", "nano"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["micro"], "'micro' is not NAME=FILE"),
        (["micro="], "'micro=' is not NAME=FILE"),
        (["Nova Micro=a.json"], "cannot be the name of a contestant"),
        (["../x=a.json"], "cannot be the name of a contestant"),
        (["tuned=a.json"], "option of its own: --tuned FILE"),
        (["micro=a.json", "micro=b.json"], "'micro' is given twice"),
        (["micro=nowhere.json"], "'nowhere.json' does not exist"),
    ],
)
def test_a_contestant_that_cannot_be_used_is_refused(files: list[str], given: list[str], message: str) -> None:
    result = run(*files, *(part for each in given for part in ("--contestant", each)))
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())


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
    absent = run(*files, "--settings", str(tmp_path / "none.yaml"))
    assert (absent.exit_code, "cannot be read" in absent.stderr) == (2, True)
    (tmp_path / "run.yaml").write_text("gate: {correctnes: {at_least: 6}}", "utf-8")
    error = run(*files, "--settings", str(tmp_path / "run.yaml")).exception
    assert isinstance(error, SettingsError)
    assert "did you mean 'correctness'" in str(error)


def test_objects_in_files_are_measured_by_field(tmp_path: Path) -> None:
    def write(name: str, totals: Sequence[object]) -> str:
        records = [{"text": f"Text {at}", "answer": {"total": total}} for at, total in enumerate(totals)]
        (tmp_path / name).write_text(json.dumps(records))
        return str(tmp_path / name)

    right = list(range(8))
    files = [
        "--base",
        write("b.json", ["?"] * 8),
        "--tuned",
        write("t.json", right),
        "--references",
        write("r.json", right),
    ]
    found = json.loads(run(*files, "--json").stdout)
    assert found["metrics"]["field.total"]["tuned"]["mean"] == 1
    assert found["metrics"]["schema_conformity"]["base"]["mean"] == 0
    assert found["verdict"]["metric"] == "field_accuracy"


@pytest.mark.parametrize("asked", [["--judge", "us.amazon.nova-pro-v1:0"], ["--scorer", "check"]])
def test_the_region_of_the_judge_and_the_scorer_is_that_of_the_environment(
    files: list[str], asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 does not read AWS_REGION, which README and the error message name."""
    monkeypatch.setenv("AWS_REGION", "eu-nowhere-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    result = run(*files, *asked)
    assert "'eu-nowhere-1' is no Region" in str(result.exception)


def test_without_judge_and_scorer_no_region_is_needed(files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-nowhere-1")
    assert run(*files, "--metric", "rouge").exit_code == 0
