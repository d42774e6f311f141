"""Tests that docs/first-deployment.md matches the template, and that its policy suffices to create the stack."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from docs.first_deployment import filled, main, ready_policy
from docs.generate import DOCS, PARTLY
from docs.resources import AT_REST, KINDS
from stacks.bundling.layer import CHECKOUT
from tests.authorization.reference import Request, decisions, reference
from tests.authorization.rules import mistakes, services_of
from tests.unit.stacks.conftest import Synthesis

ACCOUNT, REGION = "123456789012", "us-east-1"
POLICY = ready_policy(ACCOUNT, REGION)
# What IAM takes in a managed policy, white space not counted (IAM and STS quotas, IAM User Guide).
LARGEST_POLICY = 6144
# Types that cost by request, by byte or not at all. A type that is missing here and at rest fails the test: look it up.
BY_USE = {
    "AWS::CDK::Metadata",
    "AWS::DynamoDB::Table",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::StepFunctions::StateMachine",
    "AWS::StepFunctions::StateMachineAlias",
    "AWS::StepFunctions::StateMachineVersion",
    "Custom::ReleaseBeforeDeletion",
}
BOOTSTRAP = CHECKOUT / "node_modules/aws-cdk/lib/api/bootstrap/bootstrap-template.yaml"


def created(template: dict[str, Any]) -> list[tuple[str, str]]:
    """The call that creates each resource, and the ARN it gets."""
    return [
        (KINDS[entry["Type"]].creates, arn_of(name, entry))
        for name, entry in template["Resources"].items()
        if KINDS[entry["Type"]].creates
    ]


def arn_of(name: str, entry: dict[str, Any]) -> str:
    """CloudFormation names what has no name of its own after the stack and the logical id."""
    given, own = entry.get("Properties", {}), f"BedrockTuner-{name}-1ABCDEF"
    here = f"{REGION}:{ACCOUNT}"
    return {
        "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{here}:alarm:{own}",
        "AWS::CloudWatch::Dashboard": f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{given.get('DashboardName')}",
        "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{here}:table/{own}",
        "AWS::Events::Rule": f"arn:aws:events:{here}:rule/{own}",
        "AWS::IAM::ManagedPolicy": f"arn:aws:iam::{ACCOUNT}:policy/{own}",
        "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{own}",
        "AWS::KMS::Key": "*",
        "AWS::Lambda::EventSourceMapping": "*",
        "AWS::Lambda::Function": f"arn:aws:lambda:{here}:function:{given.get('FunctionName')}",
        "AWS::Lambda::LayerVersion": f"arn:aws:lambda:{here}:layer:{name}",
        "AWS::Logs::LogGroup": f"arn:aws:logs:{here}:log-group:{given.get('LogGroupName')}",
        "AWS::S3::Bucket": f"arn:aws:s3:::bedrocktuner-{name.lower()}-abc",
        "AWS::SNS::Topic": f"arn:aws:sns:{here}:{own}",
        "AWS::SQS::Queue": f"arn:aws:sqs:{here}:{own}",
        "AWS::Scheduler::ScheduleGroup": f"arn:aws:scheduler:{here}:schedule-group/{given.get('Name')}",
        "AWS::StepFunctions::StateMachine": f"arn:aws:states:{here}:stateMachine:{given.get('StateMachineName')}",
    }[entry["Type"]]


def decided(requests: list[tuple[str, str]]) -> list[str]:
    """What an independent evaluator says of the policy."""
    principal = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}"
    asked = [
        Request(
            principal=principal,
            action=action,
            resource=arn,
            account=ACCOUNT,
            context={},
            statements=POLICY["Statement"],
        )
        for action, arn in requests
    ]
    return [decision.result for decision in decisions(asked)]


def test_the_generated_parts_are_up_to_date(aws: Synthesis) -> None:
    page = (DOCS / PARTLY).read_text("utf-8")
    assert page == filled(page, aws.template["Resources"]), "run `make docs` and commit the result"
    assert page.count("<!-- begin ") == 4


def test_every_resource_type_is_known(aws: Synthesis) -> None:
    assert {entry["Type"] for entry in aws.template["Resources"].values()} <= set(KINDS)


def test_the_policy_lets_cloudformation_create_every_resource(aws: Synthesis) -> None:
    requests = created(aws.template)
    refused = [request for request, result in zip(requests, decided(requests), strict=True) if result != "Allowed"]
    assert len(requests) > 80
    assert not refused


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:payments"),
        ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/Admin"),
        ("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/BedrockTuner-Roles"),
        ("s3:GetObject", "arn:aws:s3:::payments/secret"),
        ("dynamodb:CreateTable", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/payments"),
        ("states:DeleteStateMachine", f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:payments"),
    ],
)
def test_the_policy_allows_nothing_of_another_app(action: str, arn: str) -> None:
    assert decided([(action, arn)]) == ["ImplicitlyDenied"]


@pytest.mark.slow
def test_every_statement_of_the_policy_fits_the_published_data() -> None:
    known = reference(*services_of(POLICY["Statement"]))
    assert [wrong for statement in POLICY["Statement"] for wrong in mistakes(statement, known)] == []


def test_the_policy_is_small_enough_for_a_managed_policy() -> None:
    assert len(json.dumps(POLICY, separators=(",", ":"))) <= LARGEST_POLICY


def test_every_resource_type_is_counted_at_rest_or_costs_nothing_until_it_is_used() -> None:
    counted = {item.count for item in AT_REST}
    assert not counted & BY_USE
    assert counted | BY_USE == {*KINDS, "metrics"}


def test_what_costs_at_rest_is_counted_in_the_template(aws: Synthesis) -> None:
    page = (DOCS / PARTLY).read_text("utf-8")
    for kind, row in (("AWS::KMS::Key", "KMS key"), ("AWS::CloudWatch::Alarm", "Alarms")):
        assert f"| {row} | {len(aws.of_type(kind))} |" in page


def test_the_roles_that_are_assumed_are_those_that_the_bootstrap_makes() -> None:
    made = set(re.findall(r"cdk-\$\{Qualifier\}-([a-z-]+)-role", BOOTSTRAP.read_text("utf-8")))
    page = (DOCS / PARTLY).read_text("utf-8")
    assert set(re.findall(r"role/cdk-hnb659fds-([a-z-]+)-role", page)) <= made | {"deploy"}


@pytest.mark.parametrize("name", re.findall(r"`(tests/[\w/.]+)`", (DOCS / PARTLY).read_text("utf-8")))
def test_every_proof_is_there(name: str) -> None:
    assert (CHECKOUT / name).exists()


@pytest.mark.parametrize("name", re.findall(r"`(test_\w+)`", (DOCS / PARTLY).read_text("utf-8")))
def test_every_test_that_is_named_exists(name: str) -> None:
    assert any(f"def {name}(" in path.read_text("utf-8") for path in (CHECKOUT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Use: python -m docs.first_deployment ACCOUNT REGION [NAME]"),
        (["ACCOUNT", REGION], "'ACCOUNT' is not an account: give your account's number, 12 digits."),
        ([ACCOUNT, "us-est-1"], "Did you mean 'us-east-1'?"),
        ([ACCOUNT, REGION, "Bad_Name"], "name: must be 2 to 15 lowercase letters and digits"),
    ],
)
def test_the_command_names_a_wrong_argument(words: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert said in str(caught.value)


def test_the_command_prints_the_policy(capsys: pytest.CaptureFixture[str]) -> None:
    main([ACCOUNT, REGION, "other"])
    assert json.loads(capsys.readouterr().out) == ready_policy(ACCOUNT, REGION, "other")
