"""`tuner data generate`: question-answer pairs from local documents or documents in S3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from typer.testing import CliRunner

from tests.unit.cli.fake_aws import FakeAws
from tests.unit.datasets.memory_files import jsonl
from tests.unit.generation.samples import JUDGE, Writer, pair, sentences
from tuner.aws.clients import client
from tuner.cli.app import app
from tuner.core.errors import AccessDeniedError, GenerationError
from tuner.generation import requests
from tuner.settings import DeploymentSettings


def generate(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["data", "generate", *arguments])


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    found = Writer()

    def fill_in_tool(model: str, system: str, text: str, tool: Any, inference: Any, documents: Any) -> Any:
        assert model == JUDGE
        return found(model, system, text, tool, inference, documents)

    monkeypatch.setattr(requests, "fill_in_tool", fill_in_tool)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = tmp_path / "set" / "documents"
    (documents / "deep").mkdir(parents=True)
    (documents / "a.txt").write_text("\n\n".join(sentences(20)))
    (documents / "deep" / "b.md").write_text("\n\n".join(sentences(20, 20)))
    (documents / ".hidden").write_text("\n\n".join(sentences(20, 40)))
    (tmp_path / "set" / "training.jsonl").write_bytes(jsonl([pair(each) for each in sentences(3)]))
    return tmp_path / "set"


def made(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_folders_documents_become_pairs_with_their_origins(folder: Path, writer: Writer) -> None:
    output = folder.parent / "pairs.jsonl"
    training = str(folder / "training.jsonl")
    result = generate(str(folder), "--count", "8", "--output", str(output), "--training", training, "--json")
    assert result.exit_code == 0, result.stderr
    pairs = made(output)
    assert len(pairs) == 8
    assert {each["document"] for each in pairs} == {"a.txt", "deep/b.md"}
    assert all(each["passage"] in sentences(40) and each["answer"] not in sentences(3) for each in pairs)
    summary = json.loads(result.stdout)
    assert (summary["pairs"], summary["model"], summary["output"]) == (8, JUDGE, str(output))
    assert "8 pairs take at most" in result.stderr
    assert sorted(path.name for path in folder.parent.iterdir()) == ["pairs.jsonl", "set"]


def test_an_interruption_says_that_nothing_goes_on_and_what_is_kept(
    folder: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    output = folder.parent / "pairs.jsonl"
    arguments = (str(folder), "--count", "8", "--output", str(output))
    with monkeypatch.context() as patch:
        patch.setattr("tuner.cli.commands.data.generate._followed", interrupted)
        result = generate(*arguments)
    said = " ".join(result.stderr.split())
    assert result.exit_code == 130
    assert "Interrupted. Nothing was written, and no further request is sent." in said
    assert "pairs.jsonl.generating: the same command goes on with them." in said
    assert not output.exists()
    assert generate(*arguments).exit_code == 0


def test_training_records_inside_an_object_are_found_by_their_path(
    folder: Path, writer: Writer, tmp_path: Path
) -> None:
    training = tmp_path / "training.json"
    training.write_text(json.dumps({"data": {"items": [pair(each) for each in sentences(3)]}}))
    arguments = (str(folder), "--count", "4", "--training", str(training), "--records")
    result = generate(*arguments, "data.items", "--output", str(tmp_path / "pairs.jsonl"))
    assert result.exit_code == 0, result.output
    wrong = generate(*arguments, "data.rows", "--output", str(tmp_path / "others.jsonl"))
    assert wrong.exit_code != 0
    assert "there is no list 'data.rows' in the file" in f"{wrong.output} {wrong.exception}"


def test_files_and_folders_are_taken_together(folder: Path, writer: Writer) -> None:
    output = folder.parent / "pairs.jsonl"
    files = [str(folder / "documents" / "a.txt"), str(folder / "documents" / "deep")]
    assert generate(*files, "--count", "4", "--output", str(output)).exit_code == 0
    assert {each["document"] for each in made(output)} == {"a.txt", "b.md"}


def test_documents_with_equal_names_get_unique_names(folder: Path, writer: Writer) -> None:
    other = folder.parent / "other"
    other.mkdir()
    (other / "a.txt").write_text("\n\n".join(sentences(20, 60)))
    output = folder.parent / "pairs.jsonl"
    assert generate(str(folder), str(other), "--count", "6", "--output", str(output)).exit_code == 0
    assert {each["document"] for each in made(output)} == {"a.txt", "deep/b.md", f"{other}/a.txt"}


def test_s3_addresses_are_read_and_written(folder: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    with mock_aws():
        s3 = client("s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="docs/", Body=b"")
        for name in ("a.txt", "deep/b.md"):
            s3.upload_file(str(folder / "documents" / name), "bucket", f"docs/{name}")
        s3.upload_file(str(folder / "documents" / "a.txt"), "bucket", "docs-old/old.txt")
        result = generate("s3://bucket/docs", "--count", "6", "--output", "s3://bucket/out/pairs.jsonl")
        assert result.exit_code == 0, result.stderr
        written = s3.get_object(Bucket="bucket", Key="out/pairs.jsonl")["Body"].read()
    documents = [json.loads(line)["document"] for line in written.splitlines()]
    assert (len(documents), set(documents)) == (6, {"a.txt", "deep/b.md"})
    assert [path.name for path in folder.parent.iterdir()] == ["set"]


def test_only_the_documents_of_a_dataset_folder_are_used(folder: Path, writer: Writer) -> None:
    output = folder.parent / "pairs.jsonl"
    with mock_aws():
        s3 = client("s3")
        s3.create_bucket(Bucket="bucket")
        for path in filter(Path.is_file, folder.rglob("*")):
            s3.upload_file(str(path), "bucket", f"incoming/set/{path.relative_to(folder)}")
        result = generate("s3://bucket/incoming/set/", "--count", "6", "--output", str(output))
        absent = generate("s3://bucket/incoming/absent.pdf", "--count", "6", "--output", str(output))
    assert result.exit_code == 0, result.stderr
    assert {each["document"] for each in made(output)} == {"a.txt", "deep/b.md"}
    assert absent.exit_code == 2
    assert "s3://bucket/incoming/absent.pdf" in absent.stderr


def test_an_interrupted_command_reuses_its_replies(folder: Path, writer: Writer) -> None:
    output = folder.parent / "pairs.jsonl"
    arguments = (str(folder), "--count", "16", "--output", str(output))
    (folder / "documents" / "c.txt").write_text("\n\n".join(sentences(20, 60)))

    def denied(pairs: list[Any], call: int) -> list[Any]:
        if call == 3:
            raise AccessDeniedError("credentials have expired")
        return pairs

    writer.reply = denied
    result = generate(*arguments)
    assert isinstance(result.exception, AccessDeniedError)
    left = [path.name for path in folder.parent.iterdir()]
    assert sorted(left) == [".pairs.jsonl.generating", "set"], "the replies, and no half of an output"
    paid = len(writer.calls) - 1
    assert paid == len(list((folder.parent / ".pairs.jsonl.generating").iterdir()))
    writer.reply = None
    assert generate(*arguments).exit_code == 0
    assert len(made(output)) == 16
    assert len(writer.calls) - 1 == 3


def test_too_few_pairs_are_an_error_with_their_number(folder: Path, writer: Writer) -> None:
    output = folder.parent / "pairs.jsonl"
    result = generate(str(folder / "documents" / "a.txt"), "--count", "50", "--output", str(output))
    assert isinstance(result.exception, GenerationError)
    assert "The documents gave 20 of 50 question-answer pairs" in str(result.exception)
    assert "the next call reuses them" in str(result.exception)
    assert not output.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere", "--output", "x.jsonl"), "there is no file or folder 'nowhere'"),
        ((".", "--output", "nowhere/x.jsonl"), "there is no folder 'nowhere'"),
        ((".", "--output", "x.jsonl", "--count", "0"), "must be 1 or more; found '0'"),
        ((".", "--output", "x.jsonl", "--base-model", "gpt"), "gpt"),
        ((".", "--output", "x.jsonl", "--training", "nowhere.csv"), "there is no file 'nowhere.csv'"),
        ((".", "--output", "documents/a.txt", "--force"), "is the source itself"),
    ],
)
def test_usage_errors_differ_from_document_errors(
    arguments: tuple[str, ...], said: str, folder: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    result = generate(*arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert not writer.calls


def test_no_request_is_made_over_the_budget_or_without_documents(folder: Path, writer: Writer, tmp_path: Path) -> None:
    output = str(tmp_path / "pairs.jsonl")
    pricey = ("--model", "amazon.nova-pro-v1:0", "--budget-usd", "0.01")
    assert "over the budget of $0.01" in str(generate(str(folder), "--output", output, *pricey).exception)
    (tmp_path / "empty").mkdir()
    assert "There are no documents" in str(generate(str(tmp_path / "empty"), "--output", output).exception)
    (tmp_path / "broken.jsonl").write_text("{")
    broken = generate(str(folder), "--output", output, "--training", str(tmp_path / "broken.jsonl"))
    assert "broken.jsonl" in str(broken.exception)
    assert not writer.calls


def test_a_named_deployment_provides_the_judge(folder: Path, monkeypatch: pytest.MonkeyPatch, aws: FakeAws) -> None:
    aws.stacks["Mine"] = {
        **aws.stacks[next(iter(aws.stacks))],
        "DeploymentSettings": DeploymentSettings(judge_model="amazon.nova-pro-v1:0").model_dump_json(),
    }
    asked, found = [], Writer()

    def fill_in_tool(model: str, *rest: Any, **documents: Any) -> Any:
        asked.append(model)
        return found(model, *rest, **documents)

    monkeypatch.setattr(requests, "fill_in_tool", fill_in_tool)
    output = str(folder.parent / "pairs.jsonl")
    assert generate(str(folder), "--count", "2", "--output", output, "--stack", "Mine").exit_code == 0
    assert set(asked) == {"amazon.nova-pro-v1:0"}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("COLUMNS", "200")
    yield
