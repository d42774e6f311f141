"""Tests a deployment with its own VPC, permissions boundary, KMS key and tags."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from stacks.permissions import Arns
from stacks.permissions.company_page import boundary_actions, endpoints
from stacks.permissions.permissions_page import every_role, example_arns
from tests.authorization.template import Template
from tests.unit.stacks.checks.test_linters import lint_findings
from tests.unit.stacks.conftest import Synthesis
from tests.unit.stacks.permissions.test_published_grants import wrong
from tuner.settings import deployment_settings

KEY = "arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012"
SUBNETS = ("subnet-0123456789abcdef0", "subnet-0123456789abcdef1")
GROUP = "sg-0123456789abcdef0"
COMPANY = {
    "vpc.subnet_ids": ",".join(SUBNETS),
    "vpc.security_group_ids": GROUP,
    "permissions_boundary": "team/boundary",
    "kms_key_arn": KEY,
    "tags.cost-center": "4711",
    "tags.owner:team": "search",
}


@pytest.fixture(scope="module")
def company(synthesize: Callable[..., Synthesis]) -> Synthesis:
    return synthesize(validated=True, **COMPANY)


def properties(synthesis: Synthesis, kind: str) -> list[dict[str, Any]]:
    return [entry.get("Properties", {}) for entry in synthesis.of_type(kind).values()]


@pytest.mark.thorough
def test_cdk_nag_and_cfn_lint_find_nothing(company: Synthesis) -> None:
    assert company.report["pluginReports"] == []
    assert lint_findings(company.template) == []


def test_every_function_is_in_the_vpc(company: Synthesis, aws: Synthesis) -> None:
    expected = {"SubnetIds": list(SUBNETS), "SecurityGroupIds": [GROUP]}
    assert all(function["VpcConfig"] == expected for function in company.functions().values())
    assert not any("VpcConfig" in function for function in aws.functions().values())


def test_every_role_has_the_permissions_boundary(company: Synthesis, aws: Synthesis) -> None:
    roles = properties(company, "AWS::IAM::Role")
    assert {json.dumps(role["PermissionsBoundary"]) for role in roles} == {
        json.dumps({"Fn::Join": ["", ["arn:aws:iam::", {"Ref": "AWS::AccountId"}, ":policy/team/boundary"]]})
    }
    assert not any("PermissionsBoundary" in role for role in properties(aws, "AWS::IAM::Role"))


@pytest.mark.thorough
def test_a_boundary_may_be_an_arn(west: Synthesis) -> None:
    roles = properties(west, "AWS::IAM::Role")
    assert {role["PermissionsBoundary"] for role in roles} == {"arn:aws:iam::aws:policy/PowerUserAccess"}


def test_everything_is_encrypted_with_the_companys_key(company: Synthesis) -> None:
    assert not company.of_type("AWS::KMS::Key")
    assert {group["KmsKeyId"] for group in properties(company, "AWS::Logs::LogGroup")} == {KEY}
    assert {topic["KmsMasterKeyId"] for topic in properties(company, "AWS::SNS::Topic")} == {KEY}
    text = json.dumps(company.template["Resources"])
    assert text.count(f'"KMSMasterKeyID": "{KEY}"') == 2


def test_the_key_policy_statements_are_an_output(company: Synthesis, aws: Synthesis) -> None:
    (key,) = properties(aws, "AWS::KMS::Key")
    ours = [statement for statement in key["KeyPolicy"]["Statement"] if "Sid" in statement]
    told = json.dumps(company.template["Outputs"]["KeyPolicyStatements"]["Value"])
    assert len(ours) == 2
    assert all(statement["Sid"] in told for statement in ours)
    assert "KeyPolicyStatements" not in aws.template["Outputs"]


def tags(entry: dict[str, Any]) -> dict[str, str] | None:
    """Tags as any resource type writes them; None where it takes none."""
    found = entry.get("Properties", {}).get("Tags")
    if isinstance(found, list):
        return {tag["Key"]: tag["Value"] for tag in found}
    return found


def test_the_settings_tags_are_on_every_tagged_resource(company: Synthesis) -> None:
    tagged = [found for entry in company.template["Resources"].values() if (found := tags(entry))]
    assert len(tagged) > 60
    for found in tagged:
        assert found["bedrock-tuner:deployment"] == "tuner"
        assert (found["cost-center"], found["owner:team"]) == ("4711", "search")


def in_a_vpc() -> Arns:
    return Arns(**(vars(example_arns()) | {"deployment": deployment_settings(COMPANY)}))


def test_functions_and_jobs_use_the_configured_subnets_only() -> None:
    arns = in_a_vpc()
    expected = {arns.arn("ec2", f"subnet/{name}") for name in SUBNETS} | {arns.arn("ec2", f"security-group/{GROUP}")}
    for title, service, grants in every_role(arns):
        made = [grant for grant in grants if "ec2:CreateNetworkInterface" in grant.actions]
        reached = {arn for grant in made for arn in grant.resources} - {arns.arn("ec2", "network-interface/*")}
        assert reached == (expected if service in ("lambda.amazonaws.com", "bedrock.amazonaws.com") else set()), title


def test_every_grant_fits_the_published_authorization_data(company: Synthesis) -> None:
    policies = list(Template(company.template).policies())
    assert not {policy.owner: found for policy in policies if (found := wrong(*policy.statements))}


def test_the_documentation_names_the_endpoint_of_every_service_that_functions_call() -> None:
    """Fails for a service that nobody has looked up."""
    assert {"s3", "bedrock", "bedrock-runtime", "states", "sns", "scheduler", "servicequotas", "events"} <= {
        *endpoints()
    }


def test_the_boundary_that_the_documentation_lists_allows_every_grant() -> None:
    listed = {f"{service}:{name}" for service, names in boundary_actions().items() for name in names}
    granted = {action for _, _, grants in every_role(example_arns()) for grant in grants for action in grant.actions}
    assert granted == listed


def test_a_role_touches_no_network_without_a_vpc() -> None:
    for title, _, grants in every_role(example_arns()):
        assert not [action for grant in grants for action in grant.actions if action.startswith("ec2:")], title
