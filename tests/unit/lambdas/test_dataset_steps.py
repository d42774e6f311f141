"""Tests of preprocess and validate: they write the run's dataset, or only the findings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lambdas import preprocess, validate
from tests.doubles import RUN, stored_json
from tests.unit.datasets.memory_files import jsonl, pairs
from tests.unit.lambdas.conftest import Drop
from tests.unit.lambdas.steps import invoke
from tuner.aws.s3.guard_questions import guard_questions
from tuner.core.artifact_keys import Keys
from tuner.core.errors import DatasetError
from tuner.intake.unused_files import unused_files


def test_the_pinned_versions_are_converted_into_the_runs_dataset(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYMENT", json.dumps({"shard_size": 3}))
    files = {"training.jsonl": jsonl(pairs(10)), "validation.jsonl": jsonl(pairs(7, 50))}
    folder = drop(files, system_prompt="Be kind.")
    assert invoke(preprocess, run_id=RUN) == {
        "training_records": 10,
        "validation_records": 7,
        "evaluation_records": 7,
        "shard_size": 3,
        "shards": [0, 1, 2],
        "lanes": [[0, 1, 2]],
        "before_training": [{"model": "base", "shards": [0, 1, 2]}],
        "served": [{"model": "tuned", "shards": [0, 1, 2]}],
        "batch": [],
    }
    assert invoke(validate, run_id=RUN) == {"warnings": 0}
    assert folder.list("dataset/") == sorted(
        [Keys.TRAINING, Keys.VALIDATION, Keys.EVALUATION, Keys.FINDINGS, Keys.DATASET_SUMMARY]
    )
    [first, *_] = folder.read_lines(Keys.TRAINING)
    assert first["system"] == [{"text": "Be kind."}]


@pytest.mark.slow
def test_a_run_that_may_stop_early_has_its_questions_in_random_order_and_a_first_batch(drop: Drop) -> None:
    files = {"training.jsonl": jsonl(pairs(10)), "validation.jsonl": jsonl(pairs(60, 50))}
    usual = list(drop_and_read(drop, files, stop_early=False))
    folder = drop(files, evaluation={"stop_early": True})
    given = invoke(preprocess, run_id=RUN)
    assert (given["shard_size"], given["batch"]) == (5, [0, 1, 2, 3])
    shuffled = list(folder.read_lines(Keys.EVALUATION))
    assert shuffled != usual
    assert sorted(each["id"] for each in shuffled) == sorted(each["id"] for each in usual)
    assert invoke(preprocess, run_id=RUN) == given
    assert list(folder.read_lines(Keys.EVALUATION)) == shuffled, "the step can be repeated"


def drop_and_read(drop: Drop, files: dict[str, bytes], stop_early: bool) -> Iterator[Any]:
    """The evaluation questions of a run with these files."""
    folder = drop(files, evaluation={"stop_early": stop_early})
    assert invoke(preprocess, run_id=RUN)["batch"] == []
    return folder.read_lines(Keys.EVALUATION)


def test_a_dataset_with_errors_has_no_batches(drop: Drop) -> None:
    drop(
        {"training.jsonl": jsonl(pairs(10)), "validation.jsonl": jsonl(pairs(60, 50)) + b"{}\n"},
        evaluation={"stop_early": True},
    )
    assert invoke(preprocess, run_id=RUN)["batch"] == []


@pytest.mark.slow
def test_examples_and_passages_are_chosen_and_each_contestant_is_asked_where_its_model_is(drop: Drop) -> None:
    files = {
        "training.jsonl": jsonl(pairs(10)),
        "validation.jsonl": jsonl(pairs(7, 50)),
        "documents/broken.pdf": b"this is no PDF file",
        "documents/handbook.md": b"# Handbook\n\nThe answer to question 51 is in this handbook, like many others.",
    }
    folder = drop(files, compare_with=["base", "few_shot", "retrieval", "retrieval_tuned"])
    result = invoke(preprocess, run_id=RUN)
    assert [work["model"] for work in result["before_training"]] == ["base", "few_shot", "retrieval"]
    assert [work["model"] for work in result["served"]] == ["tuned", "retrieval_tuned"]
    for name in ("few_shot", "retrieval", "retrieval_tuned"):
        contexts = list(folder.read_lines(Keys.contexts(name)))
        assert len(contexts) == 7
        assert any(each["examples"] or each["passages"] for each in contexts)
    assert [passage["source"] for passage in folder.read_lines(Keys.PASSAGES)] == ["handbook.md"]
    unused = [each for each in stored_json(folder, Keys.FINDINGS)["findings"] if each["rule"] == "unused-file"]
    assert [each["file"] for each in unused] == ["documents/broken.pdf"]
    assert "No passage is taken from it: " in unused[0]["message"]


def test_files_of_the_folder_that_are_not_used_are_warnings_of_the_run(drop: Drop) -> None:
    folder = drop({"training.jsonl": jsonl(pairs(10)), "validation.jsonl": jsonl(pairs(7, 50))})
    unused = tuple(unused_files(["training.jsonl", "evaluation (1).jsonl", "scorer.py", "bad\nname/train.csv"]))
    pinned = folder.manifest().model_copy(update={"unused_files": unused})
    folder.write(Keys.MANIFEST, pinned.model_dump_json().encode())
    invoke(preprocess, run_id=RUN)
    assert invoke(validate, run_id=RUN) == {"warnings": 3}
    found = stored_json(folder, Keys.FINDINGS)["findings"]
    assert [(each["file"], each["severity"]) for each in found] == [
        ("bad\ufffdname/train.csv", "warning"),
        ("evaluation (1).jsonl", "warning"),
        ("scorer.py", "warning"),
    ]
    assert found[1]["remedy"] == "Rename evaluation (1).jsonl to evaluation.jsonl."
    assert stored_json(folder, Keys.DATASET_SUMMARY)["verdict"]["state"] == "ready with warnings"


def guard_file(*rights: str) -> bytes:
    """Guard questions whose check is passed by "nine", with these right answers."""
    return jsonl(
        [{"question": f"q{n}", "check": {"contains": ["nine"]}, "right": each} for n, each in enumerate(rights)]
    )


@pytest.mark.slow
def test_the_datasets_own_guard_questions_are_asked_beside_the_packaged_ones(drop: Drop) -> None:
    files = {"training.jsonl": jsonl(pairs(10)), "guard.jsonl": guard_file("nine", "it is nine")}
    folder = drop(files, evaluation={"guard": 3})
    assert folder.manifest().asks_guard
    invoke(preprocess, run_id=RUN)
    invoke(validate, run_id=RUN)
    assert [each.category == "own" for each in guard_questions(folder)] == [False] * 3 + [True] * 2
    folder = drop(files)
    assert folder.manifest().asks_guard
    invoke(preprocess, run_id=RUN)
    assert [each.question for each in guard_questions(folder)] == ["q0", "q1"]


def test_a_wrong_guard_question_refuses_the_dataset_with_its_line(drop: Drop) -> None:
    drop({"training.jsonl": jsonl(pairs(10)), "guard.jsonl": guard_file("nine", "six")})
    invoke(preprocess, run_id=RUN)
    with pytest.raises(DatasetError, match=r"guard\.jsonl, line 2, field 'right': this answer does not pass the check"):
        invoke(validate, run_id=RUN)


def test_a_dataset_with_errors_is_refused_and_not_written(drop: Drop) -> None:
    folder = drop({"training.jsonl": jsonl(pairs(10)), "validation.jsonl": b'{"question": "q"}\n'})
    invoke(preprocess, run_id=RUN)
    with pytest.raises(DatasetError, match=r"validation\.jsonl, line 1: no field holds the answer"):
        invoke(validate, run_id=RUN)
    assert folder.list("dataset/") == [Keys.FINDINGS, Keys.DATASET_SUMMARY]
    assert stored_json(folder, Keys.FINDINGS)["errors"] == 1
