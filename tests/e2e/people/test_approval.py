"""People with the stack's policies. A data owner's costly run waits until an operator approves or rejects it.

What was approved is the most that a run is billed for, also when its models answer as badly as they can.
"""

import csv
import json
from collections import Counter

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.e2e.people.person import access_of, person, tuner
from tests.e2e.pipeline import EXAMPLE, small_dataset, until
from tuner.artifacts.costs.cost_items import OVERHEAD, CostItemId
from tuner.cli.upload import read
from tuner.core.artifact_keys import Keys

pytestmark = pytest.mark.e2e
# Throughput for this model can cost more than a run may cost without approval, and less than the budget.
_SETTINGS = """
base_model: anthropic.claude-3-haiku-20240307-v1:0:200k
hyperparameters: {epochCount: 1, batchSize: 8}
inference: {max_tokens: 16}
evaluation: {metrics: [rouge]}
"""


def records(first, last):
    pairs = [{"question": f"What is item {n}?", "answer": f"Item {n} is number {n}."} for n in range(first, last)]
    return "".join(json.dumps(pair) + "\n" for pair in pairs).encode()


def dataset(extra=""):
    return {
        "training.jsonl": records(0, 40),
        "validation.jsonl": records(40, 72),
        "evaluation.json": json.dumps([{"question": "What is thing 3?", "answer": "The third thing."}]).encode(),
        "run.yaml": (_SETTINGS + extra).encode(),
    }


@pytest.fixture
def people(pipeline, deployed):
    found = {output: person(pipeline, deployed, output) for output in ("DataOwnerPolicyArn", "OperatorPolicyArn")}
    return found["DataOwnerPolicyArn"], found["OperatorPolicyArn"]


def folder(path, files):
    path.mkdir()
    for name, data in files.items():
        (path / name).write_bytes(data)
    return str(path)


def waiting(pipeline, name, extra=""):
    pipeline.drop(name, dataset(extra))
    run = pipeline.run_of(name)
    until(lambda: pipeline.artifact(run, Keys.APPROVAL), "a request for approval")
    assert pipeline.describe(run)["status"] == "RUNNING"
    return run


@pytest.mark.thorough
def test_an_operator_approves_the_run_of_a_data_owner_who_gets_its_report(people, pipeline, tmp_path):
    owner, operator = people
    tuner(owner, "run", folder(tmp_path / "dear", dataset()), "--wait-for", "start")
    run = pipeline.run_of("dear")
    until(lambda: pipeline.artifact(run, Keys.APPROVAL), "a request for approval")
    token = json.loads(pipeline.artifact(run, Keys.APPROVAL))["task_token"]
    assert f"tuner approve {run}" in tuner(owner, "show", run)
    assert "states:SendTaskSuccess" in tuner(owner, "approve", run, status=1)
    assert pipeline.jobs() == [] or f"tuner-{run}" not in pipeline.jobs()

    tuner(operator, "approve", run)
    tuner(owner, "watch", run)
    assert pipeline.describe(run)["status"] == "SUCCEEDED"
    report = pipeline.report(run)
    assert report["approval"]["decision"] == "approved"
    assert report["approval"]["by"].startswith("arn:aws:iam:")
    assert token not in json.dumps(report)
    assert token not in pipeline.artifact(run, Keys.REPORT_PAGE).decode()
    assert pipeline.alive() == []

    assert run in tuner(owner, "runs")
    tuner(owner, "report", run, "--no-open", "--output", str(tmp_path / "report.html"))
    reviews_are_imported(pipeline, owner, person(pipeline, owner, "ReviewerPolicyArn"), run, tmp_path / "sample.csv")
    tuner(owner, "throughput")
    tuner(operator, "models", "delete", run, "--yes")
    assert pipeline.client("bedrock").list_custom_models(nameContains=f"tuner-{run}")["modelSummaries"] == []


def reviews_are_imported(pipeline, owner, reviewer, run, file):
    """A data owner exports a sample. Only a reviewer may import it: scores, gate and report are written again."""
    tuner(owner, "review", "export", run, "--random", "10", "--output", str(file))
    with file.open(encoding="utf-8-sig", newline="") as exported:
        rows = [{**row, "score_1": "7", "score_2": "8"} for row in csv.DictReader(exported)]
    with file.open("w", encoding="utf-8", newline="") as completed:
        writer = csv.DictWriter(completed, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert "s3:PutObject" in tuner(owner, "review", "import", run, str(file), status=1)
    assert pipeline.report(run)["people"] is None
    said = tuner(reviewer, "review", "import", run, str(file), "--reviewer", "Ann")
    assert "People (Ann) scored" in said
    assert pipeline.report(run)["people"]["reviewers"] == ["Ann"]
    assert "Ann" in pipeline.artifact(run, Keys.REPORT_PAGE).decode()


def test_a_rejected_run_ends_with_the_reason_and_buys_nothing(pipeline, deployed):
    run = waiting(pipeline, "too-dear", "budget_usd: 450\n")
    tuner(deployed, "reject", run, "--reason", "next month")
    execution = pipeline.finished(run)
    assert (execution["status"], execution["error"]) == ("FAILED", "ApprovalRejectedError")
    assert "next month" in execution["cause"]
    assert pipeline.report(run)["approval"]["decision"] == "rejected"
    assert f"tuner-{run}" not in pipeline.jobs()


@pytest.mark.thorough
def test_a_data_owner_stops_a_run_and_repeats_it(people, pipeline, tmp_path):
    owner, _ = people
    path = folder(tmp_path / "owner-stopped", dataset())

    def stopped(what, *options):
        """A run that was started and stopped, with what the first command says."""
        said = tuner(owner, "run", what, *options, "--wait-for", "start")
        run = said.partition("Waiting for ")[2].split()[0]
        # It waits for its approval, so that it cannot end before it is stopped.
        until(lambda: pipeline.artifact(run, Keys.APPROVAL), "a request for approval")
        tuner(owner, "stop", run)
        assert pipeline.finished(run)["status"] == "ABORTED"
        return run, said

    run, _ = stopped(path)
    assert stopped(path, "--again")[0] == f"{run}-r1"
    # A deletion starts no run. The files of the repeat are then others than those of the run that it names.
    bucket = pipeline.outputs["DataBucketName"]
    pipeline.client("s3").delete_object(Bucket=bucket, Key="incoming/owner-stopped/evaluation.json")
    changed, said = stopped(run, "--again")
    assert f"are not those of {run} any more: evaluation.json was deleted. " in said
    assert changed not in (run, f"{run}-r1", f"{run}-r2")


def test_a_data_owner_changes_no_artifact_and_starts_no_execution(people, pipeline):
    owner, _ = people
    session = boto3.Session(**access_of(owner))
    artifacts, machine = pipeline.outputs["ArtifactsBucketName"], pipeline.outputs["StateMachineArn"]
    for call in (
        lambda: session.client("s3").put_object(Bucket=artifacts, Key="runs/x/scores/gate.json", Body=b"{}"),
        lambda: session.client("s3").delete_object(Bucket=artifacts, Key="runs/x/run.json"),
        lambda: session.client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps({})),
        lambda: session.client("lambda").invoke(FunctionName=pipeline.outputs["ReleaseFunctionName"]),
    ):
        with pytest.raises(ClientError, match="not authorized"):
            call()


def test_a_run_id_that_another_execution_used_is_notified_and_its_content_can_be_run_again(people, pipeline, tmp_path):
    owner, _ = people
    path = folder(tmp_path / "used-up", small_dataset("serving: none\n"))
    run = read(tmp_path / "used-up", None, None).run_id()
    machine, foreign = pipeline.outputs["StateMachineArn"], {"run_id": run, "dataset": "used-up", "inputs": []}
    pipeline.client("stepfunctions").start_execution(stateMachineArn=machine, name=run, input=json.dumps(foreign))
    execution = pipeline.finished(run)
    assert execution["error"] == "RunRefusedError"
    assert "tuner run PATH --again" in execution["cause"]
    assert pipeline.artifact(run, Keys.MANIFEST) is None
    assert "This content was run before" in tuner(owner, "run", path, status=1)
    tuner(owner, "run", path, "--again")
    assert pipeline.describe(f"{run}-r1")["status"] == "SUCCEEDED"


@pytest.mark.thorough
def test_a_waiting_run_that_is_stopped_leaves_its_position_to_the_next(people, pipeline):
    owner, operator = people

    def places():
        shown = json.loads(tuner(owner, "runs", "--json"))
        return {run["run_id"]: run["place"]["position"] for run in shown if run.get("place")}

    pipeline.change_settings({"training_places": 1}, "assign_places")
    pipeline.change_bedrock(job_completing_seconds=300)
    try:
        runs = []
        for name in ("training", "leaving", "following"):
            pipeline.drop(f"place-{name}", small_dataset("serving: none\n"))
            runs.append(pipeline.run_of(f"place-{name}"))
            in_state = "Start the customization" if name == "training" else "Wait for a training place"
            until(lambda: in_state in pipeline.states(runs[-1]), f"{runs[-1]} in {in_state}")  # noqa: B023
        training, leaving, following = runs
        until(lambda: places() == {leaving: 1, following: 2}, "two waiting runs")
        tuner(operator, "stop", leaving)
        until(lambda: places() == {following: 1}, "one waiting run")
        pipeline.change_bedrock(job_completing_seconds=0)
        tuner(operator, "stop", training)
        assert pipeline.finished(following)["status"] == "SUCCEEDED"
    finally:
        pipeline.change_bedrock(job_completing_seconds=0)
        pipeline.change_settings({"training_places": 2}, "assign_places")
    assert "Start the customization" not in pipeline.states(leaving)
    assert pipeline.describe(training)["status"] == "ABORTED"
    assert places() == {}


@pytest.mark.thorough
def test_a_run_that_would_pass_the_ceiling_of_its_dataset_waits_and_the_ledger_shows_both(people, pipeline):
    owner, operator = people
    pipeline.drop("monthly", small_dataset("serving: none\n"))
    first = pipeline.run_of("monthly")
    execution = pipeline.finished(first)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")

    def ledger():
        shown = json.loads(tuner(owner, "spending", "--dataset", "monthly", "--json"))
        return {run["run_id"]: run for run in shown["runs"]}

    def ended(run):
        return until(lambda: ledger()[run]["spent_usd"] is not None and ledger()[run], "the end in the ledger")

    spent = ended(first)
    assert 0 < spent["spent_usd"] <= spent["reserved_usd"]
    assert spent["passed_ceilings"] == []

    ceiling = spent["spent_usd"] + spent["reserved_usd"] / 2
    pipeline.change_settings({"monthly_usd_per_dataset": ceiling}, "estimate_cost")
    try:
        second = pipeline.invoke("StartFunctionName", {"dataset": "monthly", "repeat": 1})["run_id"]
        until(lambda: pipeline.artifact(second, Keys.APPROVAL), "a request for approval")
    finally:
        pipeline.change_settings({"monthly_usd_per_dataset": None}, "estimate_cost")
    [passed] = json.loads(pipeline.artifact(second, Keys.ESTIMATE))["passed_ceilings"]
    assert (passed["ceiling"], passed["spent_usd"], passed["reserved_usd"]) == ("dataset", spent["spent_usd"], 0)
    waiting = ledger()[second]
    assert (waiting["passed_ceilings"], waiting["spent_usd"], waiting["approval"]) == (["dataset"], None, None)
    tuner(operator, "approve", second)
    assert pipeline.finished(second)["status"] == "SUCCEEDED"
    assert ended(second)["approval"]["decision"] == "approved"
    assert ledger()[first]["spent_usd"] == spent["spent_usd"], "the second run changes nothing of the first"
    table = tuner(operator, "spending", "--dataset", "monthly")
    assert first in table
    assert second in table


_BASE, _JUDGE = "amazon.nova-micro-v1:0", "amazon.nova-pro-v1:0"
_PRICED = f"""\
base_model: {_BASE}:128k
serving: on_demand
judge: {{model: "{_JUDGE}", attempts: 3}}
evaluation: {{metrics: [correctness, preference]}}
generate: {{count: 3}}
"""


def items_of(charge):
    """The items of the estimate that allow for a charge."""
    model, item = charge["base_model_id"], charge["item"]
    return {
        "input": {CostItemId.BASE_MODEL_INPUT}
        if model == _BASE
        else {CostItemId.JUDGE_INPUT, CostItemId.GENERATION_INPUT},
        "output": {CostItemId.BASE_MODEL_OUTPUT}
        if model == _BASE
        else {CostItemId.JUDGE_OUTPUT, CostItemId.GENERATION_OUTPUT},
        "custom_input": {CostItemId.TUNED_MODEL_INPUT},
        "custom_output": {CostItemId.TUNED_MODEL_OUTPUT},
        "training": {CostItemId.TRAINING},
        "storage": {CostItemId.CUSTOM_MODEL_STORAGE},
    }[item]


def badly_answered(pipeline, kind):
    """A run whose models answer as badly as they can, and what it alone was billed for."""
    files = small_dataset(_PRICED)
    if kind == "truncated":
        files["documents/data.txt"] = (EXAMPLE.parent / "bedrock-docs" / "documents" / "data.txt").read_bytes()
    until(lambda: all(each["status"] != "RUNNING" for each in pipeline.executions()), "the end of all other runs")
    earlier = pipeline.local_bedrock("GET", "charges")
    pipeline.change_bedrock(bad_answers=kind, byte_tokens=True)
    try:
        pipeline.drop(f"answers-{kind}", files)
        run = pipeline.run_of(f"answers-{kind}")
        execution = pipeline.finished(run)
    finally:
        pipeline.change_bedrock(bad_answers="", byte_tokens=False)
    return run, execution, pipeline.local_bedrock("GET", "charges")[len(earlier) :]


@pytest.mark.parametrize(
    ("kind", "error", "worst"),
    [
        ("endless", None, CostItemId.BASE_MODEL_OUTPUT),
        ("malformed", None, CostItemId.JUDGE_OUTPUT),
        ("truncated", "GenerationError", CostItemId.GENERATION_OUTPUT),
    ],
)
def test_models_that_answer_as_badly_as_they_can_cost_at_most_what_was_approved(pipeline, kind, error, worst):
    run, execution, charges = badly_answered(pipeline, kind)
    assert execution.get("error") == error, execution.get("cause")
    items = json.loads(pipeline.artifact(run, Keys.ESTIMATE))["items"]
    approved = {item["id"]: item for item in items if item["id"] not in OVERHEAD}
    billed: Counter[frozenset[CostItemId]] = Counter()
    for charge in charges:
        billed[frozenset(items_of(charge))] += charge["quantity"]
    for allowing, quantity in billed.items():
        assert quantity <= sum(approved[item]["at_most"] for item in allowing if item in approved), allowing
    assert sum(charge["usd"] for charge in charges) <= sum(item["at_most_usd"] for item in approved.values())
    written = next(quantity for allowing, quantity in billed.items() if worst in allowing)
    assert written >= approved[worst]["quantity"] / 2, "the models answered badly"
    assert pipeline.alive() == []
