"""Tests with a third-party policy evaluator that the deployment of one team reaches nothing of another team's."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from typing import Any

import pytest

from tests.authorization.artifacts import RUN, keys
from tests.authorization.evaluation import Policies, verdicts
from tests.authorization.journal import Call
from tests.authorization.rules import listed
from tests.authorization.template import ACCOUNT, Template
from tests.unit.stacks.conftest import Synthesis
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import Tags

pytestmark = pytest.mark.slow

TEAMS = ("search", "support")
# Files of a team's datasets. Its runs' artifacts are derived from the code.
_DATASETS = ("incoming/faq/training.jsonl", "incoming/faq/documents/a.md")
_SERVICES = {
    "AWS::S3::Bucket": "s3",
    "AWS::KMS::Key": "kms",
    "AWS::SQS::Queue": "sqs",
    "AWS::SNS::Topic": "sns",
    "AWS::Lambda::Function": "lambda",
    "AWS::StepFunctions::StateMachine": "states",
    "AWS::IAM::Role": "iam",
    "AWS::Logs::LogGroup": "logs",
    "AWS::DynamoDB::Table": "dynamodb",
}
# Actions that AWS authorises on no resource of a team, or that are decided by the tag of the team's deployment.
_ACCOUNT_WIDE = ("logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy")


@pytest.fixture(scope="module")
def stacks(synthesize_all: Callable[..., dict[str, Synthesis]]) -> dict[str, Synthesis]:
    """The stacks of two teams, from one run of app.py."""
    return synthesize_all(teams=",".join(TEAMS))


@pytest.fixture(scope="module")
def templates(stacks: dict[str, Synthesis]) -> dict[str, Template]:
    return {team: Template(stacks[f"BedrockTuner-{team}"].template, f"{team}-") for team in TEAMS}


def test_each_team_has_a_stack_and_none_is_left_over(stacks: dict[str, Synthesis]) -> None:
    assert sorted(stacks) == ["BedrockTuner-search", "BedrockTuner-support"]
    names = {team: set(stacks[f"BedrockTuner-{team}"].functions()) for team in TEAMS}
    assert len(names["search"]) > 20
    assert not names["search"] & names["support"]


def _granted(template: Template) -> dict[str, list[dict[str, Any]]]:
    """The statements of every role and of every policy for people."""
    found: dict[str, list[dict[str, Any]]] = {}
    for policy in template.policies():
        if not policy.on:
            found.setdefault(policy.owner, []).extend(policy.statements)
    return found


def _resources(stack: Synthesis, template: Template, artifacts: Collection[str]) -> dict[str, list[str]]:
    """The ARNs of a team's resources, by the service that their actions begin with. `artifacts` are keys."""
    below = {"StorageData": _DATASETS, "StorageArtifacts": artifacts}
    found: dict[str, list[str]] = {}
    for kind, service in _SERVICES.items():
        for name in stack.of_type(kind):
            arn = template.arn(name)
            objects = next((keys for start, keys in below.items() if name.startswith(start)), ())
            found.setdefault(service, []).extend((arn, *(f"{arn}/{key}" for key in sorted(objects))))
            if kind == "AWS::StepFunctions::StateMachine":
                found[service].append(f"{arn.replace(':stateMachine:', ':execution:')}:faq-1")
    return found


def _granted_keys(template: Template) -> set[str]:
    """A key of each pattern that a role or a policy for people may write: nothing else can be written at all."""
    patterns = {
        resource
        for statements in _granted(template).values()
        for statement in statements
        if "s3:PutObject" in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    return {pattern.partition("/")[2].replace("/*/", f"/{RUN}/", 1).replace("*", "x") for pattern in patterns}


def _calls(roles: dict[str, list[dict[str, Any]]], resources: dict[str, list[str]], decision: str) -> Iterator[Call]:
    """Each action that a role is granted, on each resource of its service.

    Of several roles with the same statements about an action, one is asked about. On S3, an action is on buckets or on
    objects, not on both.
    """
    asked: set[tuple[str, str]] = set()
    for role, statements in roles.items():
        actions = {action for statement in statements for action in listed(statement["Action"])}
        for action in sorted(actions - set(_ACCOUNT_WIDE)):
            about = [statement for statement in statements if action in listed(statement["Action"])]
            kind = (action, json.dumps(about, sort_keys=True))
            if kind in asked:
                continue
            asked.add(kind)
            for resource in resources.get(action.partition(":")[0], ()):
                if action.startswith("s3:") and ("/" in resource) == action.startswith("s3:List"):
                    continue
                yield Call(
                    principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/x",
                    service=False,
                    action=action,
                    resource=resource,
                    decision=decision,
                    context=_context(action, resource),
                )


def _context(action: str, resource: str) -> dict[str, Any]:
    """Condition keys with which the team's own calls are allowed."""
    context: dict[str, Any] = {"aws:PrincipalAccount": ACCOUNT, "aws:SecureTransport": "true"}
    if action.startswith("kms:"):
        context["kms:ViaService"] = "s3.us-east-1.amazonaws.com"
    if action == "s3:ListBucket":
        context["s3:prefix"] = "incoming/faq/"
    return context


def _policies(stacks: dict[str, Synthesis], templates: dict[str, Template], team: str) -> Policies:
    """The grants of one team, and the policies of all resources of both."""
    resources: dict[str, Any] = {}
    for template in templates.values():
        for policy in template.policies():
            if policy.on:
                statements = [*resources.get(policy.on, {}).get("Statement", []), *policy.statements]
                resources[policy.on] = {"Version": "2012-10-17", "Statement": statements}
    return Policies(_granted(templates[team]), resources)


@pytest.mark.thorough
def test_no_role_and_no_person_of_a_team_reaches_a_resource_of_another(
    stacks: dict[str, Synthesis], templates: dict[str, Template]
) -> None:
    artifacts = keys() | _granted_keys(templates["support"])
    theirs = _resources(stacks["BedrockTuner-support"], templates["support"], artifacts)
    assert len(theirs["s3"]) > len(artifacts) > 50
    calls = list(_calls(_granted(templates["search"]), theirs, "ImplicitDeny"))
    found = verdicts(calls, _policies(stacks, templates, "search"))
    assert len(found) == len(calls) > 500
    assert [str(each) for each in found if each.decision.result == "Allowed"] == []


@pytest.mark.thorough
def test_the_same_calls_on_a_teams_own_resources_are_allowed_to_whoever_needs_them(
    stacks: dict[str, Synthesis], templates: dict[str, Template]
) -> None:
    """Otherwise the calls above could be denied for another reason than the team."""
    own = _resources(stacks["BedrockTuner-search"], templates["search"], {Keys.folder(RUN) + Keys.ESTIMATE})
    calls = list(_calls(_granted(templates["search"]), own, "Allow"))
    allowed = {each.call.action for each in verdicts(calls, _policies(stacks, templates, "search")) if each.agrees}
    assert allowed >= {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:ListBucket", "kms:Decrypt"}
    assert allowed >= {"states:StartExecution", "states:DescribeExecution", "lambda:InvokeFunction", "sqs:SendMessage"}


def test_what_bedrock_holds_for_another_team_is_neither_deleted_nor_tagged(
    stacks: dict[str, Synthesis], templates: dict[str, Template]
) -> None:
    """Bedrock makes the ids of its resources, so the tag of the deployment decides."""
    changing = [
        Call(
            principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/x",
            service=False,
            action=action,
            resource=resource.replace("*", "abc"),
            decision="ImplicitDeny",
            context={f"aws:{kind}/{Tags.DEPLOYMENT}": "support" for kind in ("ResourceTag", "RequestTag")},
        )
        for role, statements in _granted(templates["search"]).items()
        for statement in statements
        for action in listed(statement["Action"])
        if action.startswith(("bedrock:Delete", "bedrock:Create", "bedrock:Tag", "bedrock:Stop"))
        for resource in listed(statement["Resource"])
        if "model-customization-job/*" not in resource or "Create" not in action  # the evaluator does not decide these
    ]
    found = verdicts(changing, _policies(stacks, templates, "search"))
    assert len(found) == len(changing) > 10
    assert [str(each) for each in found if each.decision.result == "Allowed"] == []
