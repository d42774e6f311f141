"""A classification, an extraction and a scorer of one's own on the deployed local cloud.

The tiny network learns what its first letters are, and never where an answer ends: `max_tokens` ends it. The examples
show what a language model learns.
"""

import json
import subprocess

import pytest

from tests.e2e import own_scorer
from tests.e2e.pipeline import small_dataset
from tests.unit.datasets.good_files import as_xlsx

pytestmark = pytest.mark.e2e
SETTINGS = """\
hyperparameters: {{epochCount: 5, learningRateWarmupSteps: 0}}
serving: on_demand
inference: {{max_tokens: {tokens}}}
evaluation: {{leakage: warn}}
"""
LABELS = "abcdef"


@pytest.fixture(scope="module")
def scorer(administrator, deployed):
    """The function that the deployment's settings name."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in deployed.items():
            patch.setenv(name, value)
        return own_scorer.create(administrator)


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


SCORED = """\
scorer: {name: own-scorer, measures: {letters: {better: lower, range: [0, 1000]}}}
evaluation: {decides: scorer, leakage: warn}
gate:
  accuracy: {at_least: 0.9, better_than: base}
  macro_f1: {better_than: base}
  outside_labels: {at_most: 0}
  scorer: {at_least: 0.9, better_than: base}
  scorer.letters: {not_worse_than: base}
"""


def test_six_labels_are_recognised_learnt_and_gated_without_a_judge_and_by_a_scorer(pipeline, scorer):
    settings = SETTINGS.format(tokens=1).replace("evaluation: {leakage: warn}\n", "") + SCORED
    run, report = finished(pipeline, "labels", labelled(10, 12), labelled(70, 3), settings)
    assert report["dataset_summary"]["task"]["name"] == "classification"
    own = {"scorer", "scorer.letters", "scorer.messages"}
    assert set(report["scores"]) == {"accuracy", "macro_f1", "outside_labels", *own}
    # The network that is the base model ends each answer before its first letter, which decides no comparison.
    assert (report["verdict"]["metric"], report["verdict"]["value"]) == ("scorer", "undecided")
    assert "the base model gave no answer to 18 of 18 questions" in report["verdict"]["sentence"]
    rules = {(rule["measure"], rule["rule"]): rule["decision"] for rule in report["gate"]["rules"]}
    assert list(rules)[-3:] == [("scorer", "at_least"), ("scorer", "better_than"), ("scorer.letters", "not_worse_than")]
    compared = {decision for (_, rule), decision in rules.items() if rule in ("better_than", "not_worse_than")}
    assert (compared, {*rules.values()} - compared) == ({"undecided"}, {"accepted"})
    assert "could not be compared with base: it gave no answer to 18 of 18 questions" in report["gate"]["sentence"]
    assert report["gate"]["rules"][-1]["numbers"]["interval"]
    assert report["scoring"]["scorer"]["missing"] == 0
    rows = {row["label"]: row["tuned"] for row in report["scoring"]["classification"]["confusion"]}
    assert rows == {label: {label: 3} for label in LABELS}
    assert report["models"]["judge"] is None
    # The preflight asks the judge once, because it does not know yet which task the records have.
    assert [each["id"] for each in report["estimate"]["items"] if each["id"].startswith("judge")] == ["judge_test"]
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


def test_a_clear_result_ends_the_answering_early(pipeline):
    settings = SETTINGS.format(tokens=1).replace("leakage: warn", "leakage: warn, stop_early: true")
    settings += "gate: {accuracy: {at_least: 0.5}}\n"
    run, report = finished(pipeline, "early", labelled(10, 12), labelled(70, 10), settings)
    stopping = report["scoring"]["stopping"]
    # 60 questions: the first batch has 16, in whole files of 5.
    assert (stopping["questions"], stopping["asked"], stopping["decided"]) == (60, 20, True)
    assert report["gate"]["decision"] == "accepted"
    assert report["verdict"]["notes"][0].startswith("Answering stopped early, after 20 of 60 questions")
    assert len(report["questions"]) == 20
    assert pipeline.artifact(run, "answers/tuned/00003.jsonl")
    assert pipeline.artifact(run, "answers/tuned/00004.jsonl") is None
    assert pipeline.states(run).count("Look at the scores") == 1
    assert "Answering stopped early" in pipeline.artifact(run, "report/index.html").decode()


def test_a_scorer_that_does_not_exist_is_refused_before_anything_is_trained(pipeline):
    before = pipeline.jobs()
    pipeline.drop("no-scorer", small_dataset("scorer: {name: missing-scorer}\n"))
    run = pipeline.run_of("no-scorer")
    ended = pipeline.finished(run)
    assert (ended["status"], ended["error"]) == ("FAILED", "SettingsError")
    assert "scorer: 'missing-scorer' cannot score" in ended["cause"]
    assert "ResourceNotFoundException" in pipeline.report(run)["failure"]["message"]
    assert pipeline.jobs() == before


@pytest.mark.thorough
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
