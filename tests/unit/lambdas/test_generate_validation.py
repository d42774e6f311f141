"""Tests of generate_validation, and of preprocessing with its result."""

from __future__ import annotations

import pytest

from lambdas import generate_validation, preprocess, validate
from tests.doubles import RUN, approve, stored_json
from tests.unit.datasets.memory_files import jsonl, pairs
from tests.unit.generation.samples import Writer, sentences
from tests.unit.lambdas.conftest import Drop
from tests.unit.lambdas.steps import invoke
from tuner.artifacts.costs.generation_plan import GenerationPlan
from tuner.core.artifact_keys import Keys
from tuner.core.errors import DatasetError
from tuner.costs.write_estimate import planned_sizes
from tuner.generation import requests

GENERATE = {"count": 10}


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    found = Writer()
    monkeypatch.setattr(requests, "fill_in_tool", lambda *asked, **documents: found(*asked, **documents))
    return found


def documents(count: int) -> dict[str, bytes]:
    return {f"documents/deep/{n}.txt": "\n\n".join(sentences(20, 20 * n)).encode() for n in range(count)}


@pytest.mark.slow
def test_validation_data_is_generated_from_the_pinned_documents(drop: Drop, writer: Writer) -> None:
    folder = drop({"training.jsonl": jsonl(pairs(12)), **documents(2)}, generate=GENERATE)
    assert invoke(generate_validation, run_id=RUN, plan=True) == {"done": False, "pairs": 0}
    assert not writer.calls
    approve(folder, planned=True)
    assert invoke(generate_validation, run_id=RUN) == {"done": True, "pairs": 10}
    prepared = invoke(preprocess, run_id=RUN)
    assert (prepared["training_records"], prepared["validation_records"], prepared["evaluation_records"]) == (
        12,
        10,
        10,
    )
    assert invoke(validate, run_id=RUN)["warnings"] == 1
    assert [each["rule"] for each in stored_json(folder, Keys.FINDINGS)["findings"]] == ["few-groups"]
    summary = stored_json(folder, Keys.DATASET_SUMMARY)
    assert summary["validation_from"] == "generated from documents"
    assert [each["document"] for each in folder.read_lines(Keys.GENERATED)] == ["deep/0.txt"] * 5 + ["deep/1.txt"] * 5
    assert len(folder.list(Keys.GENERATED_REPLIES)) == len(writer.calls)


def test_training_data_with_errors_is_refused_and_no_model_is_invoked(drop: Drop, writer: Writer) -> None:
    folder = drop({"training.jsonl": jsonl(pairs(12)) + b'{"question": "q"}\n', **documents(1)}, generate=GENERATE)
    assert invoke(generate_validation, run_id=RUN, plan=True) == {"done": True, "pairs": 0}
    invoke(preprocess, run_id=RUN)
    with pytest.raises(DatasetError, match=r"training\.jsonl, line 13"):
        invoke(validate, run_id=RUN)
    assert not writer.calls
    assert stored_json(folder, Keys.DATASET_SUMMARY)["validation_from"] == "held out"


def test_the_plan_counts_the_guard_questions_and_refuses_wrong_ones_before_anything_is_paid(
    drop: Drop, writer: Writer
) -> None:
    right = {"question": "q", "check": {"contains": ["nine"]}, "right": "nine"}
    files = {"training.jsonl": jsonl(pairs(12)), **documents(1)}
    folder = drop({**files, "guard.jsonl": jsonl([right])}, generate=GENERATE, evaluation={"guard": 4})
    invoke(generate_validation, run_id=RUN, plan=True)
    assert folder.load(GenerationPlan).guard.count == 5
    assert planned_sizes(folder, folder.manifest()).inputs.guard.count == 5
    drop({**files, "guard.jsonl": jsonl([right | {"right": "six"}])}, generate=GENERATE)
    with pytest.raises(DatasetError, match=r"guard\.jsonl, line 1"):
        invoke(generate_validation, run_id=RUN, plan=True)
    assert not writer.calls


def test_a_dataset_with_validation_data_ignores_its_documents(drop: Drop) -> None:
    folder = drop(
        {"training.jsonl": jsonl(pairs(12)), "validation.jsonl": jsonl(pairs(9, 50)), **documents(1)}, generate=GENERATE
    )
    assert not folder.manifest().generates
    assert invoke(preprocess, run_id=RUN)["validation_records"] == 9
    assert stored_json(folder, Keys.DATASET_SUMMARY)["validation_from"] == "file"
