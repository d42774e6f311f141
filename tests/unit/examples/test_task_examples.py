"""The examples of a classification and an extraction: recognised, ready, from the generator, without a judge."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from examples import make_datasets
from tuner.cli import main
from tuner.settings import RunSettings, load, parse_document

EXAMPLES = Path(__file__).parents[3] / "examples"
TASKS = {"support-tickets": "classification", "orders": "extraction"}


def records(name: str, file: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (EXAMPLES / name / file).read_text("utf-8").splitlines()]


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    with pytest.raises(SystemExit) as left:
        main([*arguments, "--json"])
    assert not left.value.code
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.slow
@pytest.mark.parametrize(("name", "task"), TASKS.items())
def test_it_is_ready_and_its_task_is_recognised(name: str, task: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = command(capsys, "data", "check", str(EXAMPLES / name), "--model", "amazon.nova-micro-v1:0:128k")
    assert (found["ready"], found["counts"]) == (True, {})
    assert found["task"]["name"] == task  # type: ignore[index]
    assert found["task"]["recognised"] is True  # type: ignore[index]


@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_the_estimate_has_no_grades_of_a_judge(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The preflight asks the judge once, because it does not know yet which task the records have."""
    items = command(capsys, "estimate", str(EXAMPLES / name))["items"]
    assert [item["id"] for item in items if item["id"].startswith("judge")] == ["judge_test"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", TASKS)
def test_its_settings_are_valid(name: str) -> None:
    document = parse_document((EXAMPLES / name / "run.yaml").read_bytes(), "run.yaml")
    assert load(RunSettings, document, "run.yaml").gate


def test_the_files_are_what_the_generator_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_datasets, "HERE", tmp_path)
    for name in TASKS:
        (tmp_path / name).mkdir()
    make_datasets.main()
    for name in TASKS:
        for file in ("training.jsonl", "evaluation.jsonl"):
            assert (tmp_path / name / file).read_bytes() == (EXAMPLES / name / file).read_bytes()


def test_labels_are_balanced_and_evaluation_sentences_are_new() -> None:
    assert set(Counter(record["label"] for record in records("support-tickets", "training.jsonl")).values()) == {48}
    assert set(Counter(record["label"] for record in records("support-tickets", "evaluation.jsonl")).values()) == {9}
    trained = {record["text"] for record in records("support-tickets", "training.jsonl")}
    for sentences in make_datasets.TICKETS.values():
        for held_out in sentences[-make_datasets.HELD_OUT :]:
            longest = max(re.split(r"\{\w+\}", held_out), key=len)
            assert len(longest) > 12
            assert not [text for text in trained if longest in text]
