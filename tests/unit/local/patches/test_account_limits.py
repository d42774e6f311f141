"""The limits of a new account, and names that are unique in an account."""

from typing import Any

import pytest
from ministack.services import cloudwatch, iam, lambda_svc
from ministack.services.cloudformation import provisioners

from local.patches.cloudformation import unique_names
from local.patches.lambda_functions import account_limits
from local.patches.lambda_functions.account_limits import (
    attached_refusal,
    function_refusal,
    managed_refusal,
    role_refusal,
)


def document(characters):
    """A policy of this size."""
    empty = {"Statement": [{"Resource": ""}]}
    return {"Statement": [{"Resource": "x" * (characters - account_limits._size(empty))}]}


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"MemorySize": 3009}, "less than or equal to 3008"),
        ({"Timeout": 901}, "less than or equal to 900"),
        ({"Environment": {"Variables": {"A": "x" * 4096}}}, "exceeded the 4KB limit"),
    ],
)
def test_a_function_beyond_the_limits_is_refused(properties, words):
    assert words in (function_refusal(properties) or "")


def test_a_function_at_the_limits_is_created():
    assert (
        function_refusal({"MemorySize": 3008, "Timeout": 900, "Environment": {"Variables": {"A": "x" * 4088}}}) is None
    )


def test_policies_beyond_their_limits_are_refused(monkeypatch):
    monkeypatch.setattr(iam, "_roles", {"r": {"InlinePolicies": {"one": document(6000)}}})
    assert role_refusal({"AssumeRolePolicyDocument": document(2048)}) is None
    assert "ACLSizePerRole: 2048" in (role_refusal({"AssumeRolePolicyDocument": document(2049)}) or "")
    twice = {"Policies": [{"PolicyDocument": document(6000)}, {"PolicyDocument": document(4241)}]}
    assert "10240 bytes exceeded" in (role_refusal(twice) or "")
    two = {"PolicyName": "two", "Roles": ["r"], "PolicyDocument": document(4241)}
    assert "exceeded for role r" in (attached_refusal(two) or "")
    assert attached_refusal({**two, "PolicyName": "one"}) is None
    assert managed_refusal({"PolicyDocument": document(6144)}) is None
    assert "PolicySize: 6144" in (managed_refusal({"PolicyDocument": document(6145)}) or "")


def test_lambda_and_cloudformation_both_refuse(monkeypatch):
    for name in ("_create_function", "_update_config", "_throttle_response", "_ACCOUNT_CONCURRENCY_CAP"):
        monkeypatch.setattr(lambda_svc, name, getattr(lambda_svc, name))
    made = {"create": lambda *_: "made", "update": lambda *_: "made"}
    for kind in account_limits._REFUSALS:
        monkeypatch.setitem(provisioners._RESOURCE_HANDLERS, kind, dict(made))
    account_limits.install()
    function = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    big = {"FunctionName": "f", "MemorySize": 4096}
    refusals: tuple[tuple[Any, ...], ...] = (("f", big, "stack"), ("f", {}, big, "stack", "F"))
    for refused in refusals:
        with pytest.raises(ValueError, match="3008"):
            function["create" if len(refused) == 3 else "update"](*refused)
    assert function["create"]("f", {"MemorySize": 512}, "stack") == "made"
    assert lambda_svc._create_function(big)[0] == lambda_svc._update_config("f", big)[0] == 400
    assert lambda_svc._ACCOUNT_CONCURRENCY_CAP == 10


def test_a_dashboard_of_another_region_and_a_role_of_another_stack_keep_their_names(monkeypatch):
    monkeypatch.setattr(cloudwatch, "_dashboards", None)
    monkeypatch.setattr(iam, "_roles", {"r": {}})
    for kind in ("AWS::CloudWatch::Dashboard", "AWS::IAM::Role"):
        monkeypatch.setitem(provisioners._RESOURCE_HANDLERS, kind, {"create": lambda *_: "made"})
    unique_names.install()
    dashboard, role = (
        provisioners._RESOURCE_HANDLERS[kind]["create"] for kind in ("AWS::CloudWatch::Dashboard", "AWS::IAM::Role")
    )
    assert dashboard("D", {"DashboardName": "tuner"}, "stack") == role("R", {}, "stack") == "made"
    cloudwatch._dashboards["tuner"] = {}
    with pytest.raises(ValueError, match="'tuner' already exists"):
        dashboard("D", {"DashboardName": "tuner"}, "stack")
    with pytest.raises(ValueError, match="'r' already exists"):
        role("R", {"RoleName": "r"}, "stack")
