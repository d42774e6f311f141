"""`tuner data check`, `convert` and `split` on one file, local or in S3."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.unit.datasets.memory_files import CLAUDE, NOVA, jsonl, pairs
from tuner.cli.app import app
from tuner.core.errors import AccessDeniedError, AwsError, ThrottledError

PAIRS = list(enumerate(pairs(40)))


def tuner(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["data", *arguments])


def test_a_file_that_is_ready(tmp_path: Path) -> None:
    file = tmp_path / "training.jsonl"
    file.write_bytes(jsonl(pairs(40)))
    result = tuner("check", str(file), "--model", CLAUDE, "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert (document["ready"], document["records"], document["verdict"]["state"]) == (True, 40, "ready")
    assert "Ready." in tuner("check", str(file), "--model", CLAUDE).stderr


def test_the_profile_of_the_records_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "training.jsonl"
    file.write_bytes(jsonl(pairs(40)))
    shown = " ".join(tuner("check", str(file), "--model", CLAUDE).stderr.split())
    assert "training 40 5-5-5 5-5-5 0% en 40" in shown


def test_a_file_with_warnings_is_ready(tmp_path: Path) -> None:
    file = tmp_path / "training.jsonl"
    file.write_bytes(jsonl(pairs(20)) + b"\n" + jsonl(pairs(20)))
    result = tuner("check", str(file), "--model", NOVA, "--json")
    assert (result.exit_code, json.loads(result.stdout)["verdict"]["state"]) == (0, "ready with warnings")


def test_a_file_that_is_not_ready(tmp_path: Path) -> None:
    file = tmp_path / "training.jsonl"
    file.write_bytes(jsonl(pairs(40)) + b'{"question": "q"}\n')
    result = tuner("check", str(file), "--model", CLAUDE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "1. Error: training.jsonl, line 41, field 'answer': is missing" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "absent.jsonl", "--model", NOVA],
        ["check", __file__, "--model", "amazon.nova"],
        ["convert", __file__],
        ["check", __file__, "--model", NOVA, "--role", "test"],
        ["check", "s3://bucket/absent.jsonl", "--model", NOVA],
        ["convert", __file__, "--model", NOVA, "--output", "/absent/folder/file.jsonl"],
        ["convert", __file__, "--model", NOVA, "--output", "/"],
        ["convert", __file__, "--model", NOVA, "--output", "s3://bucket/out.jsonl.gz"],
        ["convert", "/", "--model", NOVA, "--output", "s3://bucket/out.jsonl"],
    ],
)
@pytest.mark.usefixtures("s3")
def test_wrong_arguments_are_a_usage_error(arguments: list[str]) -> None:
    assert tuner(*arguments).exit_code == 2


def test_a_file_without_permission_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "training.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(jsonl(pairs(40)))
    opened = Path.open

    def locked(path: Path, mode: str = "r", *rest: Any) -> Any:
        if mode == denied:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, mode, *rest)

    monkeypatch.setattr(Path, "open", locked)
    for denied, said in (("rb", str(source)), ("xb", str(target))):  # noqa: B007 - `locked` reads it
        result = tuner("convert", str(source), "--model", CLAUDE, "--output", str(target))
        assert result.exit_code == 2
        assert said in result.stderr
        assert "Permission denied" in result.stderr
        assert list(tmp_path.iterdir()) == [source]


def test_converts_what_a_plain_script_would_write(tmp_path: Path) -> None:
    source, target = tmp_path / "pairs.json", tmp_path / "out.jsonl"
    records = [{"frage": f" q{number} é\t", "antwort": f"日本語 {number}\n"} for number in range(5)]
    source.write_text(json.dumps(records))
    options = ["--system-prompt", "Be kind.", "--prompt-field", "frage", "--completion-field", "antwort"]
    result = tuner("convert", str(source), "--model", CLAUDE, "--output", str(target), *options)
    assert result.exit_code == 0
    plain = [
        {
            "system": "Be kind.",
            "messages": [
                {"role": "user", "content": record["frage"]},
                {"role": "assistant", "content": record["antwort"]},
            ],
        }
        for record in records
    ]
    assert [json.loads(line) for line in target.read_text().split("\n")[:-1]] == plain


def test_nothing_is_written_when_a_record_is_wrong(tmp_path: Path) -> None:
    source, target = tmp_path / "pairs.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(jsonl(pairs(40)) + b'{"question": "q", "answer": ""}\n')
    target.write_text("as it was")
    assert tuner("convert", str(source), "--model", CLAUDE, "--output", str(target), "--force").exit_code == 1
    assert target.read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "pairs.jsonl"]


def test_from_s3_to_s3(s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="a b/training.jsonl", Body=jsonl(pairs(40)))
    result = tuner("convert", "s3://bucket/a b/training.jsonl", "--model", CLAUDE, "--output", "s3://bucket/out.jsonl")
    assert result.exit_code == 0
    assert len(s3.get_object(Bucket="bucket", Key="out.jsonl")["Body"].read().splitlines()) == 40


def test_splits_by_content_and_by_strata(tmp_path: Path) -> None:
    records = [
        {
            "id": number,
            "question": f"Ça {number}?",
            "answer": f"{number * 7919}",
            "topic": "rare" if number < 2 else "usual",
            "long": 2**70 + number,
        }
        for number in range(200)
    ]
    source = tmp_path / "all.json"
    source.write_text(json.dumps(records))
    result = tuner(
        "split", str(source), "--model", NOVA, "--output", str(tmp_path), "--stratify", "topic", "--json"
    )  # fmt: skip
    assert result.exit_code == 0
    parts = [
        [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text("utf-8").splitlines()]
        for name in ("training", "validation")
    ]
    assert sorted([*parts[0], *parts[1]], key=lambda record: record["id"]) == records
    assert [sum(record["topic"] == "rare" for record in part) for part in parts] == [1, 1]
    assert 15 <= len(parts[1]) <= 45
    assert "." not in (tmp_path / "training.jsonl").read_text("utf-8"), "a whole number became another kind"
    assert (json.loads(result.stdout)["training"], json.loads(result.stdout)["validation"]) == tuple(map(len, parts))


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([{"question": "What is it?", "answer": f"{number}"} for number in range(200)], "the same question"),
        ([{"question": "What is it?", "answer": "It."}], "one record"),
    ],
)
def test_a_split_with_an_empty_side_is_refused(tmp_path: Path, records: list[dict[str, str]], why: str) -> None:
    source, parts = tmp_path / "all.jsonl", tmp_path / "parts"
    parts.mkdir()
    source.write_bytes(jsonl(records))
    result = tuner("split", str(source), "--model", NOVA, "--output", str(parts))
    assert result.exit_code == 1
    shown = " ".join(result.stderr.split())
    assert "Not ready: 1 error." in shown
    assert why in shown
    assert "Add records with other questions" in shown
    assert not list(parts.iterdir())


def test_two_questions_are_one_for_each_side(tmp_path: Path) -> None:
    source = tmp_path / "all.jsonl"
    source.write_bytes(jsonl([{"question": f"What is {number % 2}?", "answer": f"{number}"} for number in range(60)]))
    result = tuner("split", str(source), "--model", NOVA, "--output", str(tmp_path), "--json")
    assert result.exit_code == 0
    assert (json.loads(result.stdout)["training"], json.loads(result.stdout)["validation"]) == (30, 30)


def test_strata_may_be_nested_and_must_be_there(tmp_path: Path) -> None:
    source, parts = tmp_path / "all.jsonl", tmp_path / "parts"
    parts.mkdir()
    source.write_bytes(jsonl([{**pair, "about": {"topic": "rare" if n < 2 else "usual"}} for n, pair in PAIRS]))
    options = ("--model", NOVA, "--output", str(parts), "--stratify")
    refused = tuner("split", str(source), *options, "topic")
    assert refused.exit_code == 2
    assert "no record has a value of the field 'topic'" in refused.stderr
    assert not list(parts.iterdir())
    assert tuner("split", str(source), *options, "about.topic").exit_code == 0
    validation = (parts / "validation.jsonl").read_text("utf-8")
    assert validation.count('"rare"') == 1


@pytest.mark.parametrize("error", [AccessDeniedError, ThrottledError, AwsError])
@pytest.mark.usefixtures("s3")
def test_an_s3_error_is_a_usage_error_and_not_a_data_error(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> Iterator[bytes]:
        raise error("S3 does not answer so")

    monkeypatch.setattr("tuner.aws.s3.objects.ObjectSource.chunks", broken)
    for command in (["check"], ["convert", "--output", "s3://bucket/out"], ["split", "--output", "s3://bucket/out"]):
        result = tuner(*command, "s3://bucket/training.jsonl", "--model", NOVA)
        assert result.exit_code == 2
        assert "S3 does not answer so" in result.stderr


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS refuses a file name that is not UTF-8")
def test_a_file_name_that_is_not_utf_8_gives_valid_json(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"odd \xff.jsonl")
    file.write_bytes(jsonl(pairs(40)) + b'{"question": "q"}\n')
    result = tuner("check", str(file), "--model", CLAUDE, "--json")
    assert result.exit_code == 1
    assert {each["file"] for each in json.loads(result.stdout_bytes.decode())["findings"]} == {"odd \udcff.jsonl"}


def test_splits_from_s3_to_s3(s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="in/all.jsonl", Body=jsonl(pairs(100)))
    assert tuner("split", "s3://bucket/in/all.jsonl", "--model", NOVA, "--output", "s3://bucket/out/").exit_code == 0
    parts = [
        s3.get_object(Bucket="bucket", Key=f"out/{name}.jsonl")["Body"].read().splitlines()
        for name in ("training", "validation")
    ]
    assert sorted([*parts[0], *parts[1]]) == sorted(jsonl(pairs(100)).splitlines())


@pytest.mark.parametrize("command", ["check", "convert", "split"])
def test_a_missing_object_is_a_usage_error(s3: Any, command: str) -> None:
    more = [] if command == "check" else ["--output", "s3://bucket/out"]
    result = tuner(command, "s3://bucket/nothing.jsonl", "--model", NOVA, *more)
    assert result.exit_code == 2
    assert "s3://bucket/nothing.jsonl" in result.stderr
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")
