"""The running cloud enforces the limits of a new account, in its APIs and in CloudFormation."""

import json
import uuid

import boto3
import botocore.exceptions
import pytest

from local import cloud
from tests.e2e.local.conftest import eventually

pytestmark = pytest.mark.e2e
_COMPLEX = {"detail": {"key": [{"wildcard": f"*/{kind}/*.x"} for kind in "abcd"]}}
_DASHBOARD = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardName": "one", "DashboardBody": "{}"}}
_RULE = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": _COMPLEX}}


def test_a_rule_that_is_too_complex_is_refused(session):
    with pytest.raises(botocore.exceptions.ClientError, match="Rule is too complex") as raised:
        session.client("events").put_rule(Name="complex", EventPattern=json.dumps(_COMPLEX))
    assert raised.value.response["Error"]["Code"] == "InvalidEventPatternException"
    status, reason = deployed({"Rule": _RULE}, "us-east-1")
    assert (status, "Rule is too complex" in reason) == ("ROLLBACK_COMPLETE", True)


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"MemorySize": 3009}, "3008"), ({"Environment": {"Variables": {"A": "x" * 4096}}}, "4KB limit")],
)
def test_a_function_beyond_a_new_accounts_limits_is_refused(session, function, asked, words):
    with pytest.raises(botocore.exceptions.ClientError, match=words):
        session.client("lambda").update_function_configuration(FunctionName=function, **asked)


def test_a_dashboard_name_is_in_use_in_every_region():
    assert deployed({"Dashboard": _DASHBOARD}, "us-east-1")[0] == "CREATE_COMPLETE"
    status, reason = deployed({"Dashboard": _DASHBOARD}, "us-west-2")
    assert (status, "'one' already exists" in reason) == ("ROLLBACK_COMPLETE", True)


def deployed(resources, region):
    """The end of a new stack, and why its resources failed."""
    variables, name = cloud.env().variables, f"stack-{uuid.uuid4().hex[:8]}"
    stacks = boto3.client(
        "cloudformation",
        region_name=region,
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        verify=variables["AWS_CA_BUNDLE"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    stacks.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    end = eventually(lambda: _end(stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]), 60)
    events = stacks.describe_stack_events(StackName=name)["StackEvents"]
    return end, " ".join(event.get("ResourceStatusReason", "") for event in events)


def _end(status):
    return None if status.endswith("_IN_PROGRESS") else status
