"""Tests in the local cloud which endpoints stay paid: kept, rejected and committed models, and the schedule alone."""

import json
import subprocess

import pytest

from local.folder import CHECKOUT
from stacks.permissions.kms import key_statements
from tests.e2e.pipeline import Pipeline, small_dataset, until
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import Tags

pytestmark = pytest.mark.e2e
JUDGED = "serving: provisioned\nevaluation: {metrics: [correctness]}\n"
ACCEPTS = JUDGED + "gate: {correctness: {at_most: 9.9}}\n"
REJECTS = JUDGED + "gate: {correctness: {at_least: 9.9}}\n"


def release(pipeline, event):
    """Invokes the release function, as the rule and the schedule do."""
    return pipeline.invoke("ReleaseFunctionName", event)


def has_schedule(pipeline, run):
    schedules = pipeline.client("scheduler").list_schedules(GroupName="tuner-releases")["Schedules"]
    return f"tuner-{run}" in [schedule["Name"] for schedule in schedules]


def finished(pipeline, dataset, settings):
    """A run of a small dataset, at its end."""
    pipeline.drop(dataset, small_dataset(settings))
    run = pipeline.run_of(dataset)
    execution = pipeline.finished(run)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return run


def test_an_accepted_model_keeps_its_endpoint_until_the_release_schedule_fires(pipeline):
    """Nothing but the schedule releases it: the execution succeeded, and no rule is for that."""
    run = finished(pipeline, "kept", ACCEPTS + "keep_hours: 0.002\n")
    assert "Release the throughput" not in pipeline.states(run)
    kept_until = pipeline.report(run)["serving"]["kept_until"]
    record = lambda: json.loads(pipeline.artifact(run, Keys.ENDPOINT))  # noqa: E731
    assert until(lambda: record()["released_at"], "the release by the schedule") >= kept_until
    assert pipeline.alive() == []
    until(lambda: not has_schedule(pipeline, run), "the end of the schedule")


def test_a_refused_model_keeps_nothing(pipeline):
    run = finished(pipeline, "refused", REJECTS + "keep_hours: 1\n")
    assert "Release the refused model" in pipeline.states(run)
    assert pipeline.alive() == []
    assert has_schedule(pipeline, run), "only the sweep deletes it, when it has looked at the endpoint once more"


def test_a_commitment_is_bought_for_an_accepted_model_only_and_ends_with_its_term(pipeline):
    pipeline.drop("uncommitted", small_dataset(REJECTS + "commitment: OneMonth\n"))
    run = finished(pipeline, "committed", ACCEPTS + "commitment: OneMonth\n")
    refused = pipeline.run_of("uncommitted")
    assert pipeline.finished(refused)["status"] == "SUCCEEDED"
    assert "Purchase the commitment" not in pipeline.states(refused)
    assert pipeline.report(refused)["commitment"] is None
    report = pipeline.report(run)
    arn = report["commitment"]["arn"]
    assert report["serving"]["commitment"] is None, "what it was evaluated with was hourly"
    assert report["serving"]["released_at"]
    assert release(pipeline, {"sweep": True})["released"] == []
    assert pipeline.alive() == [arn]
    pipeline.change_bedrock(endpoints_age_hours=31 * 24)
    try:
        assert release(pipeline, {"sweep": True})["released"] == [arn]
    finally:
        pipeline.change_bedrock(endpoints_age_hours=0)
    assert pipeline.alive() == []


def test_the_candidate_with_the_lowest_validation_loss_is_served_and_the_other_models_are_deleted(pipeline):
    """A learning rate that is too small loses, and so does the network that learns less. Two jobs run at the same time;
    only one model gets an endpoint, and it is compared with its own base model.
    """
    base_models = "amazon.nova-lite-v1:0:300k, amazon.nova-micro-v1:0:128k"
    settings = (
        "candidates:\n- hyperparameters: {epochCount: 2, learningRate: [0.000001, 0.0001]}\n"
        f"  base_model: [{base_models}]\n"
    )
    pipeline.drop("candidates", small_dataset(JUDGED + settings))
    run = pipeline.run_of("candidates")
    # The price of training Nova Lite is not known, so a person is asked.
    until(lambda: pipeline.artifact(run, Keys.APPROVAL), "a request for approval")
    subprocess.run(["tuner", "approve", run], check=True)
    execution = pipeline.finished(run)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    report = pipeline.report(run)
    candidates = report["training"]["candidates"]
    asked = [(each["base_model"].split("-")[1], each["hyperparameters"]["learningRate"]) for each in candidates]
    assert asked == [(name, rate) for name in ("lite", "micro") for rate in ("0.000001", "0.0001")]
    losses = [each["validation_loss"] for each in candidates]
    assert losses[1] < losses[0] and losses[3] < losses[2] and losses[1] != losses[3]
    (best,) = [each for each in candidates if each["chosen"]]
    assert best["validation_loss"] == min(losses)
    first, second = candidates[:2]
    assert max(first["started_at"], second["started_at"]) < min(first["ended_at"], second["ended_at"]), "together"
    states = pipeline.states(run)
    assert states.count("Purchase throughput") == 1
    assert states.index("Summarize the training") < states.index("Answer with the chosen base model")
    assert "Answer with the base model" not in states
    assert report["models"]["base"]["id"] == best["base_model"]
    assert report["models"]["tuned"]["arn"] == report["training"]["custom_model_arn"] == best["custom_model_arn"]
    of_models = lambda items: {  # noqa: E731
        (item["id"], item["model"]): item["quantity"]
        for item in items
        if item["id"] in ("training", "custom_model_storage")
    }
    estimated, billed = of_models(report["estimate"]["items"]), of_models(report["bill"]["items"])
    assert estimated == billed
    stored = {model: number for (item, model), number in billed.items() if item == "custom_model_storage"}
    assert stored == dict.fromkeys(base_models.split(", "), 2)
    arns = lambda: [each["modelArn"] for each in models(pipeline) if run in each["modelName"]]  # noqa: E731
    until(lambda: arns() == [best["custom_model_arn"]], "the deletion of the other models")
    assert pipeline.alive() == []


def models(pipeline):
    return pipeline.client("bedrock").list_custom_models()["modelSummaries"]


def test_a_run_with_settings_that_the_deployment_forbids_is_refused(pipeline):
    pipeline.drop("greedy", small_dataset("keep_hours: 2\ncommitment: SixMonths\n"))
    execution = pipeline.finished(pipeline.run_of("greedy"))
    assert execution["error"] == "SettingsError"
    assert "longest_keep_hours" in execution["cause"]
    assert "commitments" in execution["cause"]


def company_of(pipeline):
    """What a company has before it deploys: a network, a boundary, and a key whose policy lets the services use it."""
    ec2, iam, kms = (pipeline.client(name) for name in ("ec2", "iam", "kms"))
    subnet = ec2.describe_subnets()["Subnets"][0]
    (group, *_) = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}])[
        "SecurityGroups"
    ]
    anything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.create_policy(PolicyName="company-boundary", PolicyDocument=json.dumps(anything))
    account = pipeline.client("sts").get_caller_identity()["Account"]
    root = {
        "Sid": "Iam",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Statement": [root, *key_statements("farewell", "aws", "us-east-1", account)]}
    return {
        "vpc.subnet_ids": subnet["SubnetId"],
        "vpc.security_group_ids": group["GroupId"],
        "permissions_boundary": "company-boundary",
        "kms_key_arn": kms.create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"],
        "tags.cost-center": "4711",
    }


def has_the_companys_key(pipeline, other, company):
    # MiniStack's CloudFormation drops a function's VpcConfig and a role's boundary:
    # tests/unit/stacks/test_company_settings.py looks for them in the template.
    rules = pipeline.client("s3").get_bucket_encryption(Bucket=other.outputs["DataBucketName"])
    (rule,) = rules["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == company["kms_key_arn"]


@pytest.mark.thorough
def test_the_deletion_of_the_stack_is_refused_during_a_run_and_releases_endpoints_first(pipeline, deployed, tmp_path):
    """A second deployment beside the first, with all that a company prescribes: each guards its own."""
    company = company_of(pipeline)

    def cdk(*arguments):
        options = ["--no-notices", "--no-version-reporting", "--no-color"]
        options += [part for key, value in company.items() for part in ("-c", f"{key}={value}")]
        command = ["cdk", *arguments, "--all", "-c", "target=local", "-c", "name=farewell", *options]
        return subprocess.run(command, cwd=CHECKOUT, env=deployed, capture_output=True, text=True, check=False)

    before = pipeline.alive()
    created = cdk("deploy", "--require-approval", "never", "--output", str(tmp_path))
    assert created.returncode == 0, created.stderr
    other = Pipeline(pipeline.session, stack="BedrockTuner-farewell")
    has_the_companys_key(pipeline, other, company)
    other.drop("farewell", small_dataset("serving: none\n"))
    run = other.run_of("farewell")
    refused = cdk("destroy", "--force", "--app", str(tmp_path))
    assert refused.returncode != 0
    assert f"Runs are in progress: {run}" in refused.stderr + refused.stdout
    # The refusal left everything as it was: the run goes on to its end.
    assert other.finished(run)["status"] == "SUCCEEDED"

    bedrock = pipeline.client("bedrock")
    (model,) = bedrock.list_custom_models(nameContains="farewell-")["modelSummaries"]
    of_the_model = bedrock.list_tags_for_resource(resourceARN=model["modelArn"])["tags"]
    assert {"key": "cost-center", "value": "4711"} in of_the_model
    tags = [{"key": Tags.DEPLOYMENT, "value": "farewell"}]
    forgotten = {"provisionedModelName": "farewell-x", "modelId": model["modelArn"], "modelUnits": 1, "tags": tags}
    bedrock.create_provisioned_model_throughput(**forgotten)
    destroyed = cdk("destroy", "--force", "--app", str(tmp_path))
    assert destroyed.returncode == 0, destroyed.stderr
    assert pipeline.alive() == before


def job_of(pipeline, run):
    """The customization job of the run, as Bedrock shows it."""
    record = json.loads(until(lambda: pipeline.artifact(run, Keys.TRAINING_JOB), f"the job of {run}"))
    return pipeline.client("bedrock").get_model_customization_job(jobIdentifier=record["job_name"])


def status_of_job(pipeline, run):
    return job_of(pipeline, run)["status"]


def again(pipeline, run):
    """Runs the same content once more."""
    dataset = json.loads(pipeline.describe(run)["input"])["dataset"]
    reply = pipeline.invoke("StartFunctionName", {"dataset": dataset, "repeat": 1})
    assert reply["started"], reply
    return reply["run_id"]


def test_the_job_of_a_stopped_run_is_stopped_and_its_model_never_made(pipeline):
    pipeline.change_bedrock(job_stage_seconds=300)
    try:
        pipeline.drop("stopped-in-training", small_dataset("serving: none\n"))
        run = pipeline.run_of("stopped-in-training")
        until(lambda: "Wait for the training" in pipeline.states(run), "a run in training")
        assert status_of_job(pipeline, run) == "InProgress"
        pipeline.client("stepfunctions").stop_execution(executionArn=pipeline.arn(run), cause="enough")
        until(lambda: status_of_job(pipeline, run) == "Stopped", "a job that is stopped")
        message = pipeline.report(run)["failure"]["message"]
    finally:
        pipeline.change_bedrock(job_stage_seconds=0.5)
    assert "was stopped at" in message


def test_all_jobs_of_a_stopped_run_with_candidates_are_stopped_and_no_further_one_is_started(pipeline):
    pipeline.change_bedrock(job_stage_seconds=300)
    try:
        grid = "candidates: [{hyperparameters: {learningRate: [0.00001, 0.00002, 0.00003]}}]\n"
        pipeline.drop("stopped-candidates", small_dataset(f"serving: none\n{grid}"))
        run = pipeline.run_of("stopped-candidates")
        until(lambda: "Wait for the training" in pipeline.states(run), "a run in training")
        jobs = lambda: statuses_of_jobs(pipeline, run)  # noqa: E731
        assert jobs() == ["InProgress", "InProgress"], "the third one waits for a training place"
        pipeline.client("stepfunctions").stop_execution(executionArn=pipeline.arn(run), cause="enough")
        until(lambda: jobs() == ["Stopped", "Stopped"], "two jobs that are stopped")
        message = pipeline.report(run)["failure"]["message"]
    finally:
        pipeline.change_bedrock(job_stage_seconds=0.5)
    assert message.count("was stopped at") == 2
    assert jobs() == ["Stopped", "Stopped"]


def statuses_of_jobs(pipeline, run):
    bedrock = pipeline.client("bedrock")
    names = [name for name in pipeline.jobs() if run in name]
    return [bedrock.get_model_customization_job(jobIdentifier=name)["status"] for name in names]


def test_a_run_of_the_same_content_adopts_the_model_and_trains_nothing(pipeline):
    first = finished(pipeline, "adopted", "serving: none\n")
    jobs = pipeline.jobs()
    second = again(pipeline, first)
    assert pipeline.finished(second)["status"] == "SUCCEEDED"
    assert pipeline.jobs() == jobs
    training, before = pipeline.report(second)["training"], pipeline.report(first)["training"]
    assert training["adopted_from"] == first
    assert training["custom_model_arn"] == before["custom_model_arn"]
    assert training["epochs"] == before["epochs"]
    cost = {item["id"]: item["usd"] for item in pipeline.report(second)["bill"]["items"]}
    assert cost["training"] == 0
