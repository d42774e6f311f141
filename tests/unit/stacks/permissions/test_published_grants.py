"""Tests every policy statement against third-party authorization data (tests/authorization/reference.py)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from stacks.bundling.layer import CHECKOUT
from stacks.permissions import Arns
from stacks.permissions.permissions_page import every_role, example_arns
from tests.authorization.differences import POLICY_DIFFERENCES
from tests.authorization.reference import reference
from tests.authorization.rules import mistakes, services_of
from tests.authorization.template import ACCOUNT, Template
from tests.unit.stacks.conftest import Synthesis
from tuner import catalog
from tuner.settings import deployment_settings

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
ENDPOINTS = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:provisioned-model/*"
# Asked for together, once.
SERVICES = (
    "bedrock",
    "ec2",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "scheduler",
    "sns",
    "sqs",
    "states",
    "sts",
)
REGIONS = sorted({region for model in catalog.models() for region in model.regions})
JUDGES = (
    *(judge.id for judge in catalog.judges()),
    *("global.anthropic.claude-unknown-v1", "eu.meta.llama-unknown-v1:0", "vendor.unknown-v1:0"),
)


def wrong(*statements: Any) -> list[str]:
    known = reference(*SERVICES, *(set(services_of(list(statements))) - set(SERVICES)))
    return [mistake for statement in statements for mistake in mistakes(statement, known)]


def test_every_statement_of_the_template_matches_the_authorization_data(aws: Synthesis) -> None:
    """Roles, their trust, the policies for people, the policies of key, buckets, topic, queue and functions."""
    policies = list(Template(aws.template).policies())
    roles, people = aws.of_type("AWS::IAM::Role"), aws.of_type("AWS::IAM::ManagedPolicy")
    assert sum(not policy.on for policy in policies) == len(roles) + len(people)
    assert {"AWS::KMS::Key", "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"} <= {
        aws.template["Resources"][policy.owner.split(" ")[0]]["Type"] for policy in policies
    }
    found = {policy.owner: wrong(*policy.statements) for policy in policies}
    assert not {owner: each for owner, each in found.items() if each}


def roles_in(region: str) -> dict[str, list[dict[str, object]]]:
    """The statements of every role of a deployment with everything: a VPC, and all judges."""
    deployment = deployment_settings({"vpc.subnet_ids": "subnet-01234567", "vpc.security_group_ids": "sg-01234567"})
    update = {"region": region, "judge_model": JUDGES[0], "judge_models": JUDGES}
    fields = {
        name: value.replace("ACCOUNT", ACCOUNT).replace("us-east-1", region)
        for name, value in vars(example_arns()).items()
        if isinstance(value, str)
    }
    arns = Arns(deployment=deployment.model_copy(update=update), **fields)
    return {title: [grant.statement() for grant in grants] for title, _, grants in every_role(arns)}


@pytest.mark.slow
@pytest.mark.parametrize("region", REGIONS)
def test_every_grant_matches_the_authorization_data_in_every_region_with_every_judge_and_a_vpc(region: str) -> None:
    found = {title: wrong(*statements) for title, statements in roles_in(region).items()}
    assert not {title: each for title, each in found.items() if each}


@pytest.mark.slow
def test_every_policy_in_the_documentation_matches_the_authorization_data() -> None:
    """For a reader to copy: in Markdown as JSON, with words in capitals where a reader's own names go."""
    texts = [path.read_text("utf-8") for path in (CHECKOUT / "README.md", *(CHECKOUT / "docs").rglob("*.md"))]
    blocks = [block for text in texts for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    statements = [each for block in blocks if '"Statement"' in block for each in json.loads(block)["Statement"]]
    assert statements
    assert not wrong(*(of_a_key(each) if "Principal" in each else each for each in statements))


def of_a_key(statement: dict[str, Any]) -> dict[str, Any]:
    """In a key's policy, `*` is the key."""
    return statement | {"Resource": KEY} if statement["Resource"] == "*" else statement


def allow(action: Any, on: Any, **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": on} | ({"Condition": condition} if condition else {})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "mistake"),
    [
        (allow("bedrock:Converse", "*"), "bedrock:Converse is no action"),
        (allow("bedrok:InvokeModel", "*"), "bedrok:InvokeModel is no action"),
        (allow("s3:GetObject", "arn:aws:s3:::data"), "GetObject is not on arn:aws:s3:::data"),
        (allow("s3:ListBucket", "arn:aws:s3:::data/*"), "ListBucket is not on arn:aws:s3:::data/*"),
        (allow(["s3:GetObject"], ["arn:aws:s3:::a/*", KEY]), f"{KEY} fits none of the actions"),
        (allow("bedrock:InvokeModel", "*"), "InvokeModel is on every resource, though AWS knows narrower ones"),
        (allow("bedrock:ListCustomModels", ENDPOINTS), f"ListCustomModels is not on {ENDPOINTS}"),
        (
            allow("kms:Decrypt", KEY, StringEquals={"kms:ViaServices": "s3.us-east-1.amazonaws.com"}),
            "kms:ViaServices is no condition key",
        ),
        (
            allow("kms:Decrypt", KEY, StringEquals={"aws:RequestTag/a": "b"}),
            "a request of Decrypt has no aws:RequestTag/a",
        ),
        (
            allow("scheduler:CreateSchedule", "arn:aws:scheduler:*:*:schedule/g/*", StringEquals={"aws:TagKeys": "a"}),
            "a request of CreateSchedule has no aws:TagKeys",
        ),
        (
            allow(
                "bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/a", StringLike={"aws:ResourceTag/a": "*"}
            ),
            "a request of InvokeModel has no aws:ResourceTag/a",
        ),
        (
            allow("bedrock:TagResource", ENDPOINTS, StringEquals={"aws:TagKeys": "a"}),
            "aws:TagKeys is a set of values: StringEquals does not fit",
        ),
        (
            allow("iam:PassRole", "arn:aws:iam::1:role/r", ArnLike={"iam:PassedToService": "bedrock.amazonaws.com"}),
            "ArnLike does not compare iam:PassedToService, which is of type String",
        ),
        (
            allow("s3:GetObject", "arn:aws:s3:::a/*", Bool={"aws:SecureTransport": "yes"}),
            "aws:SecureTransport: 'yes' is no Bool",
        ),
        (
            allow("s3:GetObject", "arn:aws:s3:::a/*", ArnLike={"aws:SourceArn": "123456789012"}),
            "aws:SourceArn: '123456789012' is no ARN",
        ),
        ({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, "nobody checks NotAction"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_statement_is_reported(statement: dict[str, Any], mistake: str) -> None:
    assert mistake in wrong(statement)


def test_a_right_statement_has_no_mistakes() -> None:
    assert not wrong(
        allow("s3:ListBucket", "arn:aws:s3:::data", StringLikeIfExists={"s3:prefix": "a/*"}),
        allow("bedrock:TagResource", ENDPOINTS, **{"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}),
        allow("logs:PutLogEvents", "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/x:*"),
    )


@pytest.mark.thorough
def test_every_listed_difference_from_the_authorization_data_still_exists(
    aws: Synthesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the data has learnt in the meantime, or what nobody grants any more, goes from the list."""
    statements: list[Any] = [each for policy in Template(aws.template).policies() for each in policy.statements]
    statements += [each for statements in roles_in(REGIONS[0]).values() for each in statements]
    for number in range(len(POLICY_DIFFERENCES)):
        kept = POLICY_DIFFERENCES[:number] + POLICY_DIFFERENCES[number + 1 :]
        monkeypatch.setattr("tests.authorization.differences.POLICY_DIFFERENCES", kept)
        assert wrong(*statements), POLICY_DIFFERENCES[number]
