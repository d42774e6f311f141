"""The service role's trust policy, evaluated as for the service bedrock.amazonaws.com."""

from __future__ import annotations

import json

import pytest
from ministack.core.responses import request_scope
from ministack.services import iam, sts

from local.bedrock.errors import ValidationError
from local.bedrock.jobs.role import assume
from local.bedrock.state.account_region import AccountRegion

SCOPE = AccountRegion("000000000000", "us-east-1")
JOB = SCOPE.arn("model-customization-job/anthropic.claude-3-haiku-20240307-v1:0:200k/abcdefabcdef")
SOUND = {
    "Effect": "Allow",
    "Principal": {"Service": "bedrock.amazonaws.com"},
    "Action": "sts:AssumeRole",
    "Condition": {
        "StringEquals": {"aws:SourceAccount": SCOPE.account},
        "ArnEquals": {"aws:SourceArn": SCOPE.arn("model-customization-job/*")},
    },
}


@pytest.fixture
def role():
    """Make a role with these trust statements; it is gone after the test."""

    def make(*statements, name="service", account=SCOPE.account):
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        with request_scope(account, SCOPE.region):
            iam._roles[name] = {"RoleName": name, "RoleId": "AROAEXAMPLE", "AssumeRolePolicyDocument": document}
        return f"arn:aws:iam::{account}:role/{name}"

    yield make
    with request_scope(SCOPE.account, SCOPE.region):
        iam._roles.clear()
    sts.reset()


def test_a_role_that_trusts_bedrock_for_this_job_is_assumed(role):
    credentials = assume(role(SOUND), SCOPE, JOB)
    session = sts._sessions[credentials.access_key]
    assert ":assumed-role/service/bedrock-" in session["Arn"]
    assert (session["SecretAccessKey"], session["SessionToken"]) == (credentials.secret_key, credentials.token)


def without(key):
    return {name: value for name, value in SOUND.items() if name != key}


@pytest.mark.parametrize(
    "statements",
    [
        [SOUND | {"Principal": {"Service": "lambda.amazonaws.com"}}],
        [SOUND | {"Principal": {"AWS": "arn:aws:iam::000000000000:root"}}],
        [SOUND | {"Action": "sts:TagSession"}],
        [SOUND | {"Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}}],
        [SOUND | {"Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:bedrock:us-west-2:*:*"}}}],
        [SOUND, without("Condition") | {"Effect": "Deny"}],
        [],
    ],
)
def test_a_role_without_a_matching_trust_policy_is_refused(role, statements):
    with pytest.raises(ValidationError, match=r"Could not assume provided IAM role\..*bedrock.amazonaws.com"):
        assume(role(*statements), SCOPE, JOB)


def test_several_services_may_share_a_role_and_conditions_are_optional(role):
    shared = without("Condition") | {"Principal": {"Service": ["lambda.amazonaws.com", "bedrock.amazonaws.com"]}}
    assert assume(role(shared), SCOPE, JOB)


def test_a_missing_role_and_a_role_of_another_account_are_refused(role):
    for arn in ("arn:aws:iam::000000000000:role/none", role(SOUND, account="111111111111")):
        with pytest.raises(ValidationError, match="Could not assume provided IAM role"):
            assume(arn, SCOPE, JOB)
