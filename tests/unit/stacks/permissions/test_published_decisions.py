"""Tests what the template's policies allow and deny, with a third-party policy evaluator.

tests/e2e/test_second_evaluator.py puts the deployed pipeline's own calls to the same evaluator; here are the calls
that nobody should be able to make.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stacks.function_table import STEPS
from stacks.permissions.arns import function_name
from tests.authorization.evaluation import Policies, Verdict, verdicts
from tests.authorization.journal import Call
from tests.authorization.template import ACCOUNT, Template
from tests.unit.stacks.conftest import Synthesis
from tuner.artifacts.evaluation.gate import GateEvent
from tuner.artifacts.evaluation.people import PEOPLE
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import Tags

# Decision, step or service, action, resource, condition keys.
Row = tuple[str, str, str, str, dict[str, Any]]
Otherwise = Callable[..., list[str]]
OURS, THEIRS = {f"aws:ResourceTag/{Tags.DEPLOYMENT}": "tuner"}, {f"aws:ResourceTag/{Tags.DEPLOYMENT}": "other"}
MARKED, UNMARKED = {f"aws:RequestTag/{Tags.DEPLOYMENT}": "tuner"}, {f"aws:RequestTag/{Tags.DEPLOYMENT}": "other"}
OURSELVES = {"aws:SourceAccount": ACCOUNT}


def bedrock(resource: str) -> str:
    return f"arn:aws:bedrock:us-east-1:{ACCOUNT}:{resource}"


@pytest.fixture(scope="session")
def template(aws: Synthesis) -> Template:
    return Template(aws.template)


@pytest.fixture(scope="session")
def policies(template: Template) -> Policies:
    roles: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    for policy in template.policies():
        if policy.on:
            statements = [*resources.get(policy.on, {}).get("Statement", []), *policy.statements]
            resources[policy.on] = {"Version": "2012-10-17", "Statement": statements}
        else:
            roles[policy.owner] = policy.statements
    return Policies(roles, resources)


@pytest.fixture(scope="session")
def arns(aws: Synthesis, template: Template) -> dict[str, str]:
    """The deployment's one key and topic, its buckets, queues, rules and roles, by what they are called here."""
    kinds = {"AWS::KMS::Key": "key", "AWS::SNS::Topic": "topic"}
    found = {word: template.arn(next(iter(aws.of_type(kind)))) for kind, word in kinds.items()}
    for kind in (
        "AWS::S3::Bucket",
        "AWS::Events::Rule",
        "AWS::IAM::Role",
        "AWS::SQS::Queue",
        "AWS::DynamoDB::Table",
    ):
        found |= {name: template.arn(name) for name in aws.of_type(kind)}
    return found


@pytest.fixture
def otherwise(aws: Synthesis, policies: Policies) -> Otherwise:
    """Which of these calls, by a step or a service, the evaluator decides otherwise."""

    def principal(name: str) -> str:
        function = aws.functions().get(function_name("tuner", name))
        if name in policies.roles:  # a person's
            return name
        return str(function["Role"]["Fn::GetAtt"][0]) if function else f"{name}.amazonaws.com"

    def decide(*rows: Row) -> list[str]:
        calls = [call(principal(name), action, on, context, decision) for decision, name, action, on, context in rows]
        found = verdicts(calls, policies)
        assert len(found) == len(calls), "a call of nobody, or on nothing"
        return [str(each) for each in found if not each.agrees]

    return decide


def call(principal: str, action: str, resource: str, context: dict[str, Any], decision: str) -> Call:
    service = "." in principal
    return Call(
        principal=principal if service else f"arn:aws:sts::{ACCOUNT}:assumed-role/{principal}/session",
        service=service,
        action=action,
        resource=resource,
        context={"aws:PrincipalAccount": ACCOUNT, "aws:SecureTransport": "true", "s3:TlsVersion": "1.3"} | context,
        decision=decision,
    )


ALLOW, REFUSE, DENY = "Allow", "ImplicitDeny", "Deny"
PROVISIONED, MODEL = bedrock("provisioned-model/abc123"), bedrock("custom-model/amazon.nova-micro/abc123")
BASE = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k"


def test_jobs_are_started_and_throughput_is_bought_with_the_deployments_tag_only(otherwise: Otherwise) -> None:
    assert not otherwise(
        (ALLOW, "start_customization", "bedrock:CreateModelCustomizationJob", BASE, MARKED),
        (REFUSE, "start_customization", "bedrock:CreateModelCustomizationJob", BASE, UNMARKED),
        (REFUSE, "start_customization", "bedrock:CreateModelCustomizationJob", BASE, {}),
        (ALLOW, "purchase_throughput", "bedrock:CreateProvisionedModelThroughput", MODEL, MARKED),
        (REFUSE, "purchase_throughput", "bedrock:CreateProvisionedModelThroughput", BASE, MARKED),
        (REFUSE, "purchase_throughput", "bedrock:CreateProvisionedModelThroughput", MODEL, {}),
        (REFUSE, "start_customization", "bedrock:CreateProvisionedModelThroughput", MODEL, MARKED),
    )


def test_only_resources_with_the_deployments_tag_are_deleted_and_tagged(otherwise: Otherwise) -> None:
    mark, both = {"aws:TagKeys": [Tags.KEPT_UNTIL]}, {"aws:TagKeys": [Tags.KEPT_UNTIL, Tags.DEPLOYMENT]}
    assert not otherwise(
        (ALLOW, "release_throughput", "bedrock:DeleteProvisionedModelThroughput", PROVISIONED, OURS),
        (REFUSE, "release_throughput", "bedrock:DeleteProvisionedModelThroughput", PROVISIONED, THEIRS),
        (REFUSE, "release_throughput", "bedrock:DeleteProvisionedModelThroughput", PROVISIONED, {}),
        (REFUSE, "write_report", "bedrock:DeleteProvisionedModelThroughput", PROVISIONED, OURS),
        (ALLOW, "keep_throughput", "bedrock:TagResource", PROVISIONED, OURS | mark),
        (REFUSE, "keep_throughput", "bedrock:TagResource", PROVISIONED, OURS | both),
        (REFUSE, "keep_throughput", "bedrock:TagResource", PROVISIONED, THEIRS | mark),
    )


def test_only_the_ledgers_partitions_are_changed_by_the_steps_that_keep_it(
    otherwise: Otherwise, aws: Synthesis, arns: dict[str, str]
) -> None:
    (table,) = (arns[name] for name in aws.of_type("AWS::DynamoDB::Table"))
    ledger = {"dynamodb:LeadingKeys": ["ledger#2026-11", "ledger#runs"]}
    other = {"dynamodb:LeadingKeys": ["ledger#2026-11", "places#training"]}
    assert not otherwise(
        (ALLOW, "estimate_cost", "dynamodb:UpdateItem", table, ledger),
        (REFUSE, "estimate_cost", "dynamodb:UpdateItem", table, other),
        (ALLOW, "close_run", "dynamodb:PutItem", table, ledger),
        (REFUSE, "close_run", "dynamodb:Scan", table, ledger),
        (REFUSE, "preprocess", "dynamodb:GetItem", table, ledger),
        (ALLOW, "preflight", "dynamodb:GetItem", table, ledger),
        (REFUSE, "preflight", "dynamodb:GetItem", table, other),
        (ALLOW, "preflight", "dynamodb:UpdateItem", table, ledger),
        (REFUSE, "preflight", "dynamodb:UpdateItem", table, other),
    )


def test_only_models_of_the_deployment_are_invoked(otherwise: Otherwise) -> None:
    assert not otherwise(
        (ALLOW, "answer_questions", "bedrock:InvokeModel", PROVISIONED, {}),
        (REFUSE, "answer_questions", "bedrock:InvokeModel", BASE.replace("nova-micro", "nova-sonic"), {}),
        (REFUSE, "validate", "bedrock:InvokeModel", PROVISIONED, {}),
    )


def test_data_is_read_and_written_where_a_step_needs_it(otherwise: Otherwise, arns: dict[str, str]) -> None:
    data, artifacts = (
        next(arn for name, arn in arns.items() if name.startswith(f"Storage{kind}")) for kind in ("Data", "Artifacts")
    )
    via = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    assert not otherwise(
        (ALLOW, "preprocess", "s3:GetObjectVersion", f"{data}/incoming/a/training.csv", {}),
        (REFUSE, "preprocess", "s3:GetObject", f"{data}/incoming/a/training.csv", {}),
        (REFUSE, "preprocess", "s3:PutObject", f"{data}/incoming/a/training.csv", {}),
        (ALLOW, "preprocess", "s3:PutObject", f"{artifacts}/runs/r/dataset/training.jsonl", {}),
        (REFUSE, "preprocess", "s3:PutObject", f"{artifacts}/runs/r/report/index.html", {}),
        (DENY, "preprocess", "s3:GetObject", f"{artifacts}/runs/r/run.json", {"aws:SecureTransport": "false"}),
        (DENY, "preprocess", "s3:GetObject", f"{artifacts}/runs/r/run.json", {"s3:TlsVersion": "1.1"}),
        (ALLOW, "answer_questions", "s3:ListBucket", artifacts, {"s3:prefix": "runs/r/answers/"}),
        (ALLOW, "answer_questions", "s3:ListBucket", artifacts, {}),  # asked when an object is absent
        (REFUSE, "answer_questions", "s3:ListBucket", artifacts, {"s3:prefix": "incoming/"}),
        (REFUSE, "answer_questions", "s3:ListBucket", data, {"s3:prefix": "incoming/"}),
        (ALLOW, "preprocess", "kms:Decrypt", arns["key"], via),
        (REFUSE, "preprocess", "kms:Decrypt", arns["key"], {}),
        (REFUSE, "preprocess", "kms:Decrypt", arns["key"], {"kms:ViaService": "sns.us-east-1.amazonaws.com"}),
        (REFUSE, "validate", "kms:GenerateDataKey", arns["key"], via),
        (ALLOW, "notify", "sns:Publish", arns["topic"], {}),
        (DENY, "notify", "sns:Publish", arns["topic"], {"aws:SecureTransport": "false"}),
        (REFUSE, "validate", "sns:Publish", arns["topic"], {}),
    )


def test_only_the_gate_writes_what_a_purchase_trusts_and_no_step_writes_a_dataset(
    otherwise: Otherwise, arns: dict[str, str]
) -> None:
    data, artifacts = (
        next(arn for name, arn in arns.items() if name.startswith(f"Storage{kind}")) for kind in ("Data", "Artifacts")
    )
    run = f"{artifacts}/runs/faq-0123456789ab"
    rows: list[Row] = []
    for step in STEPS:
        gate = ALLOW if step.name == "apply_gate" else REFUSE
        manifest = ALLOW if step.name == "pin_inputs" else REFUSE
        rows += [
            (gate, step.name, "s3:PutObject", f"{run}/{Keys.GATE}", {}),
            (manifest, step.name, "s3:PutObject", f"{run}/{Keys.MANIFEST}", {}),
            (REFUSE, step.name, "s3:PutObject", f"{run}/{Keys.APPROVAL_ANSWER}", {}),
            (REFUSE, step.name, "s3:PutObject", f"{run}/{PEOPLE}", {}),
            (REFUSE, step.name, "s3:PutObject", f"{data}/incoming/faq/training.jsonl", {}),
            (REFUSE, step.name, "s3:DeleteObject", f"{run}/{Keys.GATE}", {}),
        ]
    assert not otherwise(*rows)


# What decides who answers, what is scored, and which model is purchased for.
TRUSTED = (
    *(Keys.MANIFEST, Keys.ESTIMATE, Keys.TRAINING, Keys.EVALUATION, Keys.TRAINING_JOB, Keys.TRAINING_SUMMARY),
    *(Keys.candidate(1) + Keys.TRAINING_JOB, Keys.ENDPOINT, Keys.COMMITMENT, Keys.answers("tuned", 0)),
)


def test_people_write_nothing_that_answers_and_purchases_follow_and_operators_delete_nothing_of_others(
    policies: Policies, otherwise: Otherwise, arns: dict[str, str]
) -> None:
    """Reviewers write gate.json after a run: a purchase follows what the gate's own step returned."""
    owner, operator, reviewer = (
        next(role for role in policies.roles if role.startswith(f"People{name}"))
        for name in ("DataOwner", "Operator", "Reviewer")
    )
    artifacts = next(arn for name, arn in arns.items() if name.startswith("StorageArtifacts"))
    run = f"{artifacts}/runs/faq-0123456789ab"
    rows: list[Row] = [
        (REFUSE, person, "s3:PutObject", f"{run}/{name}", {})
        for person in (owner, operator, reviewer)
        for name in TRUSTED
    ]
    for name in (Keys.SCORES, Keys.GATE, PEOPLE):
        rows += [(REFUSE, person, "s3:PutObject", f"{run}/{name}", {}) for person in (owner, operator)]
        rows += [(ALLOW, reviewer, "s3:PutObject", f"{run}/{name}", {})]
    release = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:tuner-release-throughput"
    rows += [
        (ALLOW, operator, "s3:PutObject", f"{run}/{Keys.APPROVAL_ANSWER}", {}),
        (ALLOW, operator, "lambda:InvokeFunction", release, {}),
        (REFUSE, owner, "lambda:InvokeFunction", release, {}),
        (REFUSE, operator, "lambda:InvokeFunction", release.replace("release", "purchase"), {}),
        (ALLOW, operator, "bedrock:DeleteProvisionedModelThroughput", PROVISIONED, OURS),
        (REFUSE, operator, "bedrock:DeleteProvisionedModelThroughput", PROVISIONED, THEIRS),
        (REFUSE, operator, "bedrock:DeleteProvisionedModelThroughput", PROVISIONED, {}),
        (ALLOW, operator, "bedrock:DeleteCustomModel", MODEL, OURS),
        (REFUSE, operator, "bedrock:DeleteCustomModel", MODEL, THEIRS),
        (REFUSE, operator, "bedrock:CreateProvisionedModelThroughput", MODEL, MARKED),
    ]
    assert not otherwise(*rows)


def test_a_role_is_passed_to_its_service_only_and_events_have_this_projects_source(
    otherwise: Otherwise, arns: dict[str, str]
) -> None:
    passed = next(arn for name, arn in arns.items() if name.startswith("RolesCustomization"))
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    ours = {"events:source": [GateEvent.SOURCE], "events:detail-type": [GateEvent.DETAIL_TYPE]}
    assert not otherwise(
        (ALLOW, "start_customization", "iam:PassRole", passed, {"iam:PassedToService": "bedrock.amazonaws.com"}),
        (REFUSE, "start_customization", "iam:PassRole", passed, {"iam:PassedToService": "lambda.amazonaws.com"}),
        (REFUSE, "arm_release", "iam:PassRole", passed, {"iam:PassedToService": "scheduler.amazonaws.com"}),
        (ALLOW, "apply_gate", "events:PutEvents", bus, ours),
        (REFUSE, "apply_gate", "events:PutEvents", bus, ours | {"events:source": ["aws.states"]}),
        (REFUSE, "apply_gate", "events:PutEvents", bus, ours | {"events:source": [GateEvent.SOURCE, "other"]}),
    )


def test_services_act_for_this_account_and_this_deployment_only(otherwise: Otherwise, arns: dict[str, str]) -> None:
    def role(word: str) -> str:
        return next(arn for name, arn in arns.items() if word in name and ":role/" in arn)

    def rule(word: str) -> str:
        return next(arn for name, arn in arns.items() if word in name and ":rule/" in arn)

    def group(name: str) -> dict[str, str]:
        return OURSELVES | {"aws:SourceArn": f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/{name}"}

    def queue(word: str) -> str:
        return next(arn for name, arn in arns.items() if word in name and ":sqs:" in arn)

    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:tuner-release-throughput"
    job = bedrock("model-customization-job/x")
    trigger, sweep = ({"aws:SourceArn": rule(name)} for name in ("Trigger", "HourlySweep"))
    assert not otherwise(
        (ALLOW, "bedrock", "sts:AssumeRole", role("Customization"), OURSELVES | {"aws:SourceArn": job}),
        (REFUSE, "bedrock", "sts:AssumeRole", role("Customization"), {"aws:SourceArn": job}),
        (REFUSE, "bedrock", "sts:AssumeRole", role("Customization"), {"aws:SourceAccount": "1"}),
        (REFUSE, "lambda", "sts:AssumeRole", role("Customization"), OURSELVES | {"aws:SourceArn": job}),
        (ALLOW, "scheduler", "sts:AssumeRole", role("Scheduler"), group("tuner-releases")),
        (REFUSE, "scheduler", "sts:AssumeRole", role("Scheduler"), group("default")),
        (ALLOW, "lambda", "sts:AssumeRole", role("StepsValidateRole"), {}),
        (ALLOW, "events", "lambda:InvokeFunction", function, sweep),
        (REFUSE, "events", "lambda:InvokeFunction", function, trigger),
        (REFUSE, "s3", "lambda:InvokeFunction", function, sweep),
        (ALLOW, "events", "sqs:SendMessage", queue("Undelivered"), trigger),
        (REFUSE, "events", "sqs:SendMessage", queue("Undelivered"), {"aws:SourceArn": rule("Trigger") + "x"}),
        (ALLOW, "events", "sqs:SendMessage", queue("Arrivals"), trigger),
        (REFUSE, "events", "sqs:SendMessage", queue("Arrivals"), sweep),
        (ALLOW, "start_run", "sqs:ReceiveMessage", queue("Arrivals"), {}),
        (REFUSE, "start_run", "sqs:ReceiveMessage", queue("Undelivered"), {}),
        (ALLOW, "cloudwatch", "sns:Publish", arns["topic"], OURSELVES),
        (REFUSE, "cloudwatch", "sns:Publish", arns["topic"], {"aws:SourceAccount": "1"}),
        (ALLOW, "cloudwatch", "kms:GenerateDataKey", arns["key"], OURSELVES),
        (REFUSE, "cloudwatch", "kms:GenerateDataKey", arns["key"], {"aws:SourceAccount": "1"}),
    )


@pytest.mark.slow
def test_a_redundant_or_missing_grant_is_reported() -> None:
    """What test_second_evaluator.py finds when a grant is redundant, or missing."""
    grant = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/a/*"}
    wider = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::data/*"]}
    read = call("reader", "s3:GetObject", "arn:aws:s3:::data/a/b", {}, ALLOW)

    def decided(*grants: dict[str, Any]) -> Verdict:
        (found,) = verdicts([read], Policies({"reader": grants}, {}))
        return found

    assert decided(grant).needed() == [grant]
    assert decided(wider).needed() == [{**wider, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}]
    assert decided(grant, wider).agrees
    assert decided(grant, wider).needed() == []
    assert not decided().agrees
    assert not decided({**grant, "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}).agrees
