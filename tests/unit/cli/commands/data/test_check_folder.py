"""`tuner data check` on a dataset folder, local or in S3."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.unit.cli.fake_aws import Tuner
from tests.unit.cli.samples import guide
from tests.unit.datasets.memory_files import CLAUDE, NOVA, jsonl, pairs
from tuner.cli.app import app
from tuner.core.errors import DatasetError, SettingsError

Put = Callable[[str, bytes], None]
GERMAN = jsonl([{"frage": f"q{n}", "antwort": f"a{n}"} for n in range(40)])


def check(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["data", "check", *arguments])


@pytest.fixture(params=["here", "s3", "s3 with a slash"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Put]:
    """An empty folder's address, and a way to put a file into it."""

    def put_here(name: str, data: bytes) -> None:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)

    if request.param == "here":
        return str(tmp_path), put_here
    s3 = request.getfixturevalue("s3")
    s3.put_object(Bucket="bucket", Key="incoming/faq-old/training.csv", Body=b"question,answer\n")

    def put_there(name: str, data: bytes) -> None:
        s3.put_object(Bucket="bucket", Key=f"incoming/faq/{name}", Body=data)

    return "s3://bucket/incoming/faq" + "/" * request.param.endswith("slash"), put_there


def test_a_whole_dataset_with_its_settings(folder: tuple[str, Put]) -> None:
    address, put = folder
    put("training.jsonl", GERMAN)
    put("evaluation.jsonl", jsonl([{"frage": "Q7?", "antwort": "x"}]))
    put("run.yaml", "\ufefffields: {prompt: frage, completion: antwort}".encode())
    put("notes.txt", b"not of a dataset")
    result = check(address, "--model", NOVA, "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [finding["rule"] for finding in document["findings"] if finding["severity"] == "error"] == ["leakage"]
    assert document["training_records"] + document["validation_records"] == 40


@pytest.mark.slow
def test_a_folder_with_documents_holds_nothing_out(folder: tuple[str, Put]) -> None:
    address, put = folder
    put("training.jsonl", jsonl(pairs(40)))
    refused = check(address, "--model", CLAUDE, "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["validation_from"]) == (1, "held out")
    put("documents/a.md", b"Amazon Bedrock serves foundation models. " * 20)
    ready = check(address, "--model", CLAUDE, "--json")
    assert ready.exit_code == 0, ready.stdout
    document = json.loads(ready.stdout)
    assert (document["training_records"], document["validation_records"]) == (40, 0)
    assert document["validation_from"] == "to be generated from documents"
    put("run.yaml", b"generate: {count: 20}\n")
    refused = check(address, "--model", CLAUDE)
    assert "the validation data has 20 records; Claude 3 Haiku needs at least 32" in " ".join(refused.stderr.split())
    put("run.yaml", b"generate: {count: 0}\n")
    assert check(address, "--model", CLAUDE).exit_code == 1


def test_a_folder_without_training_data_is_a_usage_error(folder: tuple[str, Put]) -> None:
    address, put = folder
    put("validation.jsonl", jsonl(pairs(40)))
    result = check(address, "--model", NOVA)
    assert result.exit_code == 2
    assert f"'{address}' has no training file" in result.stderr


@pytest.mark.parametrize(
    ("names", "error", "said"),
    [
        (("training.csv",), DatasetError, "training.csv and training.jsonl have the same role: training"),
        (("run.yaml", "run.json"), DatasetError, "run.json and run.yaml have the same role: settings"),
        (("run.yaml",), SettingsError, "run.yaml, line 1: byte"),
    ],
)
def test_a_folder_that_the_run_would_refuse_is_refused(
    folder: tuple[str, Put], names: tuple[str, ...], error: type[Exception], said: str
) -> None:
    address, put = folder
    put("training.jsonl", jsonl(pairs(40)))
    for name in names:
        put(name, b"caf\xe9")
    result = check(address, "--model", NOVA)
    assert isinstance(result.exception, error)
    assert said in str(result.exception)


def test_unknown_hyperparameters_are_refused(folder: tuple[str, Put]) -> None:
    address, put = folder
    put("training.jsonl", jsonl(pairs(40)))
    put("run.yaml", b"hyperparameters: {epochs: 3}")
    result = check(address, "--model", NOVA)
    assert isinstance(result.exception, SettingsError)
    assert "run.yaml: hyperparameters.epochs: Nova" in str(result.exception)


def test_candidates_that_cannot_be_trained_are_refused(folder: tuple[str, Put]) -> None:
    address, put = folder
    put("training.jsonl", jsonl(pairs(40)))
    put("run.yaml", b"candidates: [{hyperparameters: {epochCount: [2, 9]}}]")
    result = check(address, "--model", NOVA)
    assert isinstance(result.exception, SettingsError)
    assert "run.yaml: candidates.0: hyperparameters.epochCount: must be from 1 to 5" in str(result.exception)


def test_checking_an_object_does_not_list_its_folder(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.put_object(Bucket="bucket", Key="in/training.jsonl.gz", Body=jsonl(pairs(40)))

    def denied(*_: object) -> Iterator[str]:
        raise AssertionError("listed")

    monkeypatch.setattr("tuner.cli.commands.data.inputs.keys_below", denied)
    assert check("s3://bucket/in/training.jsonl.gz", "--model", NOVA).exit_code == 0


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize("address", ["s3://bucket/none/", "s3://bucket/none", "s3://absent/folder/", "s3://bucket"])
def test_a_missing_folder_is_a_usage_error(address: str) -> None:
    result = check(address, "--model", NOVA)
    assert result.exit_code == 2
    assert address in result.stderr


@pytest.mark.slow
def test_the_model_is_that_of_the_settings_or_the_default(folder: tuple[str, Put]) -> None:
    address, put = folder
    put("training.jsonl", jsonl(pairs(20)))
    put("validation.jsonl", jsonl(pairs(20, 100)))
    put("evaluation.jsonl", jsonl(pairs(20, 200)))
    assert check(address).exit_code == 0
    put("run.yaml", f"base_model: {CLAUDE}\n".encode())
    refused = check(address)
    assert refused.exit_code == 1
    assert "Claude 3 Haiku needs at least 32" in " ".join(refused.stderr.split())
    assert check(address, "--model", NOVA).exit_code == 0


def test_each_finding_is_shown_once(tmp_path: Path) -> None:
    wrong = b"".join(b'{"question": "q%d", "answer": ""}\n' % number for number in range(5))
    (tmp_path / "training.jsonl").write_bytes(jsonl(pairs(40)) + wrong)
    shown = " ".join(check(str(tmp_path)).stderr.split())
    for line in (41, 42, 43):
        assert shown.count(f"training.jsonl, line {line}") == 1
    assert shown.count("Write a text, or remove the record.") == 1
    assert "... and 2 more of the kind" in shown


def test_a_python_file_is_not_run_and_the_check_says_so(folder: tuple[str, Put]) -> None:
    address, put = folder
    put("training.jsonl", jsonl(pairs(60)))
    put("validation.jsonl", jsonl(pairs(32, start=100)))
    put("scorer.py", b"raise SystemExit(9)")
    result = check(address, "--model", CLAUDE, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    [finding] = [each for each in found["findings"] if each["rule"] == "python-file"]
    assert (finding["severity"], finding["file"]) == ("warning", "scorer.py")
    assert "is not run" in finding["message"]
    assert "scorer.name" in finding["remedy"]
    assert found["verdict"]["state"] == "ready with warnings"


def test_documents_alone_are_ready_with_the_questions_to_ask_for(folder: tuple[str, Put]) -> None:
    address, put = folder
    put("documents/guide.md", guide().encode())
    put("documents/empty.txt", b"")
    put("evaluation.jsonl", jsonl(pairs(4)))
    result = check(address, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert [each["role"] for each in document["generation"]] == ["training", "validation"]
    assert sum(each["parts"] for each in document["generation"]) == 9
    assert sum(each["questions"] for each in document["generation"]) == 36
    assert (document["evaluation_records"], document["evaluation_from"]) == (4, "file")
    assert document["training_from"] == document["validation_from"] == "to be generated from documents"
    assert [(each["rule"], each["severity"], each["file"]) for each in document["findings"]] == [
        ("unusable-document", "warning", "documents/empty.txt")
    ]
    said = " ".join(check(address).output.split())
    assert "is empty. Remove it, or upload it again." in said
    assert "No set has a part that another set has." in said


def test_errors_in_a_file_beside_documents_are_found(folder: tuple[str, Put]) -> None:
    address, put = folder
    put("documents/guide.md", guide().encode())
    put("validation.jsonl", b'{"question": "q"}\n')
    result = check(address, "--json")
    assert (result.exit_code, json.loads(result.stdout)["findings"][0]["file"]) == (1, "validation.jsonl")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "settings", "said"),
    [
        (b"", "", "None of the 1 documents can be used."),
        (b"%PDF-1.4 no", "", "None of the 1 documents can be used."),
        (b"Bedrock serves foundation models. " * 20, "", "The documents have 1 part with text"),
        (guide(3).encode(), "generate: {questions_per_part: 1}", "The training data has 1 record; Nova Micro needs"),
    ],
)
@pytest.mark.thorough
def test_documents_that_are_not_enough_say_what_to_do(
    tmp_path: Path, tuner: Tuner, text: bytes, settings: str, said: str
) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.md").write_bytes(text)
    (tmp_path / "run.yaml").write_text(settings)
    for command in (["data", "check"], ["estimate"], ["run"]):
        refused = tuner(*command, str(tmp_path))
        assert refused.status == 1
        assert said in " ".join(refused.err.split())


@pytest.mark.slow
@pytest.mark.parametrize("command", [["data", "check"], ["estimate"], ["run"]])
def test_an_empty_documents_folder_has_no_data(tmp_path: Path, tuner: Tuner, command: list[str]) -> None:
    (tmp_path / "documents").mkdir()
    refused = tuner(*command, str(tmp_path))
    assert refused.status == 2
    assert "or documents, below documents/." in " ".join(refused.err.split())


@pytest.mark.parametrize(("share", "warned"), [(0.15, True), (0.4, False)])
def test_evaluation_questions_about_too_few_parts_are_warned_of(tmp_path: Path, share: float, warned: bool) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.md").write_text(guide(16))
    (tmp_path / "run.yaml").write_text(f"generate: {{evaluation_share: {share}}}")
    found = json.loads(check(str(tmp_path), "--json").stdout)
    assert [each["rule"] for each in found["findings"]] == ["few-parts"] * warned


GUARD = {"question": "How deep?", "check": {"contains": ["nine"]}, "right": "Nine metres."}


@pytest.mark.slow
def test_guard_questions_of_the_dataset_are_checked_line_by_line(folder: tuple[str, Put]) -> None:
    address, put = folder
    put("training.jsonl", jsonl(pairs(40)))
    put("run.yaml", b"gate: {guard: {not_worse_than: base}}")
    put("guard.jsonl", jsonl([GUARD, GUARD | {"question": "And here?"}]))
    result = check(address)
    assert (result.exit_code, "2 guard questions of its own" in " ".join(result.stderr.split())) == (0, True)
    assert json.loads(check(address, "--json").stdout)["guard_questions"] == 2
    put("guard.jsonl", jsonl([GUARD, GUARD | {"question": "And here?", "right": "six"}]))
    result = check(address)
    assert result.exit_code == 1
    assert "guard.jsonl, line 2, field 'right': this answer does not pass" in " ".join(result.stderr.split())


def test_a_file_of_guard_questions_alone_is_known_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "guard.jsonl"
    file.write_bytes(jsonl([GUARD]))
    assert "guard.jsonl: 1 guard question can be asked." in check(str(file)).stderr
    file.write_bytes(jsonl([GUARD, GUARD | {"question": "And here?", "check": {}}]))
    result = check(str(file), "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["ready"], found["guard_questions"]) == (1, False, 1)
    assert [(each["line"], each["field"]) for each in found["findings"]] == [(2, "check")]


@pytest.mark.parametrize("command", [["data", "check"], ["estimate"], ["run"]])
def test_a_rule_about_guard_questions_needs_some(tmp_path: Path, tuner: Tuner, command: list[str]) -> None:
    (tmp_path / "training.jsonl").write_bytes(jsonl(pairs(40)))
    (tmp_path / "run.yaml").write_text("gate: {guard: {not_worse_than: base}}")
    refused = tuner(*command, str(tmp_path))
    assert refused.status == 1
    assert "gate: guard: the run asks no guard questions." in " ".join(refused.err.split())


def test_more_files_than_a_run_takes_are_not_called_ready(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    for number in range(1500):
        (tmp_path / "documents" / f"{number:04}.txt").touch()
    refused = check(str(tmp_path))
    assert isinstance(refused.exception, DatasetError)
    assert "has 1,500 files, which are too many for one run" in str(refused.exception)
