"""Data that is generated from documents, through the deployed local cloud; and the command on the same documents."""

import json
import subprocess

import pytest

from tests.e2e.pipeline import EXAMPLE

pytestmark = pytest.mark.e2e
DOCUMENTS = EXAMPLE.parent / "bedrock-docs"
USED = ("customization.md", "serving.html")


def dataset(settings, **more):
    files = {f"documents/{name}": (DOCUMENTS / "documents" / name).read_bytes() for name in USED}
    training = b"".join((EXAMPLE / "training.jsonl").read_bytes().splitlines(keepends=True)[::5])
    files["training.jsonl"] = training
    small = "hyperparameters: {epochCount: 1}\ninference: {max_tokens: 16}\n"
    return {**files, "run.yaml": (small + settings).encode(), **more}


def test_documents_become_validation_data_and_the_report_says_so(pipeline):
    compared = "compare_with: [base, few_shot, retrieval, retrieval_tuned, amazon.nova-lite-v1:0]\n"
    pipeline.drop("with-documents", dataset(f"generate: {{count: 9}}\nserving: on_demand\n{compared}"))
    run = pipeline.run_of("with-documents")
    execution = pipeline.finished(run)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert "Generate validation data" in pipeline.states(run)

    pairs = [json.loads(line) for line in pipeline.artifact(run, "generated/validation.jsonl").splitlines()]
    assert len(pairs) == 9
    assert {each["document"] for each in pairs} == set(USED)
    texts = {path.name: " ".join(path.read_text("utf-8").split()) for path in (DOCUMENTS / "documents").iterdir()}
    assert all(each["passage"] in texts[each["document"]] for each in pairs)
    assert len(pipeline.artifact(run, "dataset/validation.jsonl").splitlines()) == 9

    report = pipeline.report(run)
    assert report["dataset_summary"]["validation_from"] == "generated from documents"
    assert [each["passage"] for each in report["generated"]["origins"]] == [each["passage"] for each in pairs]
    assert report["models"]["generator"]["name"] == "sentence extractor"
    assert any(each.startswith("generated data: sentence extractor") for each in report["stand_ins"])
    assert len(report["questions"]) == 9
    for name in ("few_shot", "retrieval", "retrieval_tuned"):
        answers = [json.loads(line) for line in pipeline.artifact(run, f"answers/{name}/00000.jsonl").splitlines()]
        contexts = [json.loads(line) for line in pipeline.artifact(run, f"dataset/contexts/{name}.jsonl").splitlines()]
        assert len(answers) == len(contexts) == 9
        assert all(context["examples"] or context["passages"] for context in contexts)
    # Another model, with its own prices in the bill.
    assert len(pipeline.artifact(run, "answers/nova-lite/00000.jsonl").splitlines()) == 9
    billed = [item for item in report["bill"]["items"] if item.get("contestant") == "nova-lite"]
    test, *answering = billed
    assert test["id"] == "judge_test"
    assert [item["unit_price_usd"] for item in answering] == pytest.approx([6.0e-8, 2.4e-7])
    assert all(item["quantity"] > 0 for item in billed)
    assert any(each.startswith("nova-lite: Nova Lite (local stand-in") for each in report["stand_ins"])
    scores = json.loads(pipeline.artifact(run, "scores/scores.json"))
    assert {"few_shot", "retrieval", "retrieval_tuned", "nova-lite"} <= set(scores["metrics"]["correctness"]["others"])
    assert "The contestants: quality, cost and speed" in pipeline.artifact(run, "report/index.html").decode()
    assert pipeline.alive() == []


def test_documents_alone_become_all_data_of_a_run_that_says_how_many_questions_it_got(pipeline):
    folder = DOCUMENTS / "documents"
    files = {f"documents/{path.name}": path.read_bytes() for path in folder.iterdir()}
    settings = "hyperparameters: {epochCount: 1}\ninference: {max_tokens: 16}\ngenerate: {questions_per_part: 12}\n"
    pipeline.drop("documents-alone", {**files, "run.yaml": settings.encode()})
    run = pipeline.run_of("documents-alone")
    execution = pipeline.finished(run)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")

    report = pipeline.report(run)
    sets = {each["role"]: each for each in report["generated"]["sets"]}
    written = {
        role: [json.loads(line) for line in pipeline.artifact(run, f"generated/{role}.jsonl").splitlines()]
        for role in ("training", "validation", "evaluation")
    }
    assert {role: len(pairs) for role, pairs in written.items()} == {role: sets[role]["pairs"] for role in sets}
    assert sets["training"]["pairs"] >= 8
    assert not report["generated"]["complete"], "twelve questions about each part are more than the stand-in finds"
    passages = {role: {each["passage"] for each in pairs} for role, pairs in written.items()}
    assert not passages["evaluation"] & (passages["training"] | passages["validation"])
    assert len(report["questions"]) == sets["evaluation"]["pairs"]
    assert report["dataset_summary"]["training_from"] == "generated from documents"
    said = f"{sets['training']['pairs']} of {sets['training']['asked']} training questions"
    assert said in " ".join(report["estimate"]["warnings"])
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


@pytest.mark.thorough
def test_the_command_makes_pairs_from_the_same_documents(deployed, tmp_path):
    output = tmp_path / "pairs.jsonl"
    command = ["tuner", "data", "generate", str(DOCUMENTS), "--count", "8", "--output", str(output), "--json"]
    done = subprocess.run(command, env=deployed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(output.read_text("utf-8").splitlines()) == 8
    assert json.loads(done.stdout)["name"] == "sentence extractor"
    assert "Stand-in" in done.stderr
