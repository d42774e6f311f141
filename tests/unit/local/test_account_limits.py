"""What a new account, or another Region's stack, makes AWS refuse; and the pauses between retries."""

import pytest
from ministack.services import cloudwatch, iam, lambda_svc, stepfunctions
from ministack.services.cloudformation import provisioners

from local.patches.cloudformation import unique_names
from local.patches.lambda_functions import account_limits
from local.patches.lambda_functions.account_limits import (
    attached_refusal,
    function_refusal,
    managed_refusal,
    role_refusal,
)
from local.patches.settings import PatchSettings
from local.patches.step_functions import retry_delays


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
    assert words in function_refusal(properties)


def test_a_function_at_the_limits_is_made():
    assert (
        function_refusal({"MemorySize": 3008, "Timeout": 900, "Environment": {"Variables": {"A": "x" * 4088}}}) is None
    )


def test_policies_have_their_limits(monkeypatch):
    monkeypatch.setattr(iam, "_roles", {"r": {"InlinePolicies": {"one": document(6000)}}})
    assert role_refusal({"AssumeRolePolicyDocument": document(2048)}) is None
    assert "ACLSizePerRole: 2048" in role_refusal({"AssumeRolePolicyDocument": document(2049)})
    twice = {"Policies": [{"PolicyDocument": document(6000)}, {"PolicyDocument": document(4241)}]}
    assert "10240 bytes exceeded" in role_refusal(twice)
    two = {"PolicyName": "two", "Roles": ["r"], "PolicyDocument": document(4241)}
    assert "exceeded for role r" in attached_refusal(two)
    assert attached_refusal({**two, "PolicyName": "one"}) is None
    assert managed_refusal({"PolicyDocument": document(6144)}) is None
    assert "PolicySize: 6144" in managed_refusal({"PolicyDocument": document(6145)})


def test_lambda_and_cloudformation_both_refuse(monkeypatch):
    for name in ("_create_function", "_update_config", "_throttle_response", "_ACCOUNT_CONCURRENCY_CAP"):
        monkeypatch.setattr(lambda_svc, name, getattr(lambda_svc, name))
    made = {"create": lambda *_: "made", "update": lambda *_: "made"}
    for kind in account_limits._REFUSALS:
        monkeypatch.setitem(provisioners._RESOURCE_HANDLERS, kind, dict(made))
    account_limits.install()
    function = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    big = {"FunctionName": "f", "MemorySize": 4096}
    for refused in (("f", big, "stack"), ("f", {}, big, "stack", "F")):
        with pytest.raises(ValueError, match="3008"):
            function["create" if len(refused) == 3 else "update"](*refused)
    assert function["create"]("f", {"MemorySize": 512}, "stack") == "made"
    assert lambda_svc._create_function(big)[0] == lambda_svc._update_config("f", big)[0] == 400
    assert lambda_svc._ACCOUNT_CONCURRENCY_CAP == 10


def test_a_dashboard_of_another_region_and_a_role_of_another_stack_cannot_be_made_again(monkeypatch):
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


RETRIER = {"ErrorEquals": ["E"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 99}


class TestRetryPauses:
    @pytest.mark.parametrize(
        ("more", "retries", "pause"),
        [
            ({}, 0, 2),
            ({}, 4, 162),
            ({"MaxDelaySeconds": 100}, 4, 100),
            ({"MaxDelaySeconds": 100, "JitterStrategy": "FULL"}, 4, 25),
            ({"JitterStrategy": "NONE"}, 1, 6),
            ({"MaxDelaySeconds": 100}, 10**6, 100),
        ],
    )
    def test_a_pause_grows_to_its_maximum_and_full_jitter_draws_below(self, more, retries, pause):
        assert retry_delays.delay_seconds({**RETRIER, **more}, retries, 0.25) == pause

    @pytest.fixture
    def paused(self, monkeypatch):
        """Installs the correction with these settings; returns the pauses, whose draws are all in the middle."""

        def install(settings):
            slept = []
            monkeypatch.setattr(stepfunctions, "_scaled_sleep", slept.append)
            monkeypatch.setattr(stepfunctions, "_find_matching_retrier", stepfunctions._find_matching_retrier)
            monkeypatch.setattr(retry_delays.random, "random", lambda: 0.5)
            monkeypatch.setattr(retry_delays, "patch_settings", lambda: settings)
            retry_delays.install()
            return slept

        return install

    def test_the_state_machine_pauses_so_long(self, paused):
        slept = paused(PatchSettings())
        retriers = [{**RETRIER, "ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL"}]
        assert stepfunctions._find_matching_retrier(retriers, "E", {0: 4})[1] == 0
        stepfunctions._scaled_sleep(60)
        stepfunctions._scaled_sleep(7)  # a Wait state
        assert slept == [81, 7]

    def test_who_waits_for_a_function_pauses_as_much_less_as_it_takes_here(self, paused):
        slept = paused(PatchSettings(pending=0.6))
        stepfunctions._find_matching_retrier(
            [{**RETRIER, "ErrorEquals": ["States.ALL"]}], "Lambda.ResourceConflictException", {0: 1}
        )
        stepfunctions._scaled_sleep(6)
        assert slept == [pytest.approx(0.06)]
