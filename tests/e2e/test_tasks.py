"""A classification, an extraction and a scorer of one's own on the deployed local cloud.

The tiny network learns what its first letters are, and never where an answer ends: `max_tokens` ends it. The examples
show what a language model learns.
"""

import io
import json
import subprocess
import zipfile

import pytest

from tests.unit.datasets.good_files import as_xlsx

pytestmark = pytest.mark.e2e
SETTINGS = """\
hyperparameters: {{epochCount: 5, learningRateWarmupSteps: 0}}
serving: on_demand
inference: {{max_tokens: {tokens}}}
evaluation: {{leakage: warn}}
"""
LABELS = "abcdef"
SCORER = """\
def handler(event, context):
    if "scorer must fail" in event[0]["messages"][-1]["content"]:
        raise KeyError("no such answer")
    return [
        {
            "id": each["id"],
            "aggregate_reward_score": float(each["reference_answer"] in each["messages"][-1]["content"]),
            "metrics_list": [{"name": "messages", "value": len(each["messages"]), "type": "Metric"}],
        }
        for each in event
    ]
"""


def lines(records):
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def labelled(start, count):
    """Texts such as `aaaaaa 17`, whose label is their letter."""
    return [{"text": f"{label * 6} {at}", "label": label} for at in range(start, start + count) for label in LABELS]


def objects(start, count):
    """Texts such as `lamp 17`, whose answer is an object."""
    return [
        {"text": f"{item} {at}", "answer": json.dumps({"item": item})}
        for at in range(start, start + count)
        for item in ("lamp", "desk")
    ]


def finished(pipeline, dataset, training, evaluation, settings, as_workbooks=False):
    write, ending = (as_xlsx, "xlsx") if as_workbooks else (lines, "jsonl")
    files = {
        f"training.{ending}": write(training),
        f"evaluation.{ending}": write(evaluation),
        "run.yaml": settings.encode(),
    }
    pipeline.drop(dataset, files)
    run = pipeline.run_of(dataset)
    execution = pipeline.finished(run)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return run, pipeline.report(run)


def test_six_labels_are_recognised_learnt_and_gated_without_a_judge(pipeline):
    rules = "accuracy: {at_least: 0.9, better_than: base}, macro_f1: {better_than: base}, outside_labels: {at_most: 0}"
    gate = f"gate: {{{rules}}}"
    run, report = finished(pipeline, "labels", labelled(10, 12), labelled(70, 3), SETTINGS.format(tokens=1) + gate)
    assert report["dataset_summary"]["task"]["name"] == "classification"
    assert set(report["scores"]) == {"accuracy", "macro_f1", "outside_labels"}
    assert report["verdict"]["metric"] == "accuracy"
    assert report["verdict"]["value"] == "better"
    assert report["gate"]["decision"] == "accepted"
    rows = {row["label"]: row["tuned"] for row in report["scoring"]["classification"]["confusion"]}
    assert rows == {label: {label: 3} for label in LABELS}
    assert report["models"]["judge"] is None
    assert not [item for item in report["estimate"]["items"] if "udge" in item["name"]]
    assert "confusion matrix" in pipeline.artifact(run, "report/index.html").decode()


def test_objects_are_recognised_and_measured_by_field(pipeline):
    settings = SETTINGS.format(tokens=16)
    run, report = finished(pipeline, "objects", objects(10, 50), objects(70, 5), settings, as_workbooks=True)
    files = {file["role"]: file["key"] for file in report["dataset_summary"]["files"]}
    assert files["training"].endswith("training.xlsx"), run
    assert report["scoring"]["task"]["fields"] == [
        {"name": "item", "kind": "text", "required": True, "nullable": False}
    ]
    scores = report["scores"]
    assert report["verdict"]["metric"] == "field_accuracy"
    assert scores["json_validity"]["base"]["mean"] == 0
    assert scores["json_validity"]["tuned"]["mean"] >= 0.5
    assert scores["field.item"]["tuned"]["mean"] == scores["field_accuracy"]["tuned"]["mean"] > 0
    assert all(measure["comparison"]["interval"] for measure in scores.values())


@pytest.fixture
def scorer(pipeline):
    """A function in the form of a reward function."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = pipeline.client("iam").create_role(
        RoleName="own-scorer",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", SCORER)
    functions = pipeline.client("lambda")
    created = functions.create_function(
        FunctionName="own-scorer",
        Runtime="python3.13",
        Handler="main.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": code.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="own-scorer")
    return created["FunctionArn"]


def test_a_function_of_ones_own_scores_answers(deployed, scorer, tmp_path):
    def write(name, answers):
        records = [{"question": f"Which number is {at}?", "answer": answer} for at, answer in enumerate(answers)]
        (tmp_path / name).write_text(json.dumps(records))
        return str(tmp_path / name)

    tuned = [f"It is {at}." for at in range(10)]
    base, references = write("base.json", ["No idea."] * 10), write("references.json", [str(at) for at in range(10)])
    command = ["tuner", "evaluate", "--base", base, "--references", references, "--scorer", scorer, "--metric", "rouge"]
    settings = tmp_path / "run.yaml"
    settings.write_text("scorer: {batch: 3}\nevaluation: {decides: scorer}\n".replace("batch: 3", "name: x, batch: 3"))

    def evaluated(answers):
        options = ["--tuned", write("tuned.json", answers), "--settings", str(settings), "--local", "--json"]
        done = subprocess.run([*command, *options], env=deployed, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    found = evaluated(tuned)
    assert (found["verdict"]["metric"], found["verdict"]["value"]) == ("scorer", "better")
    assert found["metrics"]["scorer"]["tuned"]["mean"] == 1
    assert found["metrics"]["scorer.messages"]["tuned"]["mean"] == 2
    broken = evaluated(["scorer must fail", *tuned[1:]])
    assert broken["scorer"]["missing"] == 3
    assert "KeyError: 'no such answer'" in broken["warnings"][0]
