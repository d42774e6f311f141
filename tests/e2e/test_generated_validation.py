"""A dataset with documents and no validation data, through the deployed local cloud; and the command on the same."""

import json
import subprocess

import pytest

from tests.e2e.pipeline import EXAMPLE

pytestmark = pytest.mark.e2e
DOCUMENTS = EXAMPLE.parent / "bedrock-docs"


def dataset(settings, **more):
    files = {path.relative_to(DOCUMENTS).as_posix(): path.read_bytes() for path in DOCUMENTS.rglob("*.*")}
    del files["README.md"]
    small = "hyperparameters: {epochCount: 1}\ninference: {max_tokens: 16}\n"
    return {**files, "run.yaml": (small + settings).encode(), **more}


def test_documents_become_validation_data_and_the_report_says_so(pipeline):
    pipeline.drop("with-documents", dataset("generate: {count: 9}\nserving: on_demand\n"))
    run = pipeline.run_of("with-documents")
    execution = pipeline.finished(run)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert "Generate validation data" in pipeline.states(run)

    pairs = [json.loads(line) for line in pipeline.artifact(run, "generated/validation.jsonl").splitlines()]
    assert len(pairs) == 9
    assert {each["document"] for each in pairs} == {"customization.md", "serving.html"}
    texts = {path.name: " ".join(path.read_text("utf-8").split()) for path in (DOCUMENTS / "documents").iterdir()}
    assert all(each["passage"] in texts[each["document"]] for each in pairs)
    assert len(pipeline.artifact(run, "dataset/validation.jsonl").splitlines()) == 9

    report = pipeline.report(run)
    assert report["dataset_summary"]["validation_from"] == "generated from documents"
    assert [each["passage"] for each in report["generated"]["origins"]] == [each["passage"] for each in pairs]
    assert report["models"]["generator"]["name"] == "sentence extractor"
    assert any(each.startswith("validation data: sentence extractor") for each in report["stand_ins"])
    assert len(report["questions"]) == 9
    assert pipeline.alive() == []


def test_documents_that_say_too_little_end_the_run_before_anything_is_trained(pipeline):
    files = dataset("generate: {count: 9}\n")
    few = {name: data for name, data in files.items() if not name.startswith("documents/")}
    pipeline.drop(
        "little-said", {**few, "documents/note.txt": b"A model unit is a measure of capacity that is reserved."}
    )
    run = pipeline.run_of("little-said")
    assert pipeline.finished(run)["error"] == "GenerationError"
    report = pipeline.report(run)
    assert "The documents gave 1 of 9 question-answer pairs" in report["failure"]["message"]
    assert "Start the customization" not in pipeline.states(run)


def test_the_command_makes_pairs_from_the_same_documents(deployed, tmp_path):
    output = tmp_path / "pairs.jsonl"
    command = ["tuner", "data", "generate", str(DOCUMENTS), "--count", "8", "--output", str(output), "--json"]
    done = subprocess.run(command, env=deployed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(output.read_text("utf-8").splitlines()) == 8
    assert json.loads(done.stdout)["name"] == "sentence extractor"
    assert "Stand-in" in done.stderr
