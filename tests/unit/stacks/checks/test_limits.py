"""Tests the template against AWS limits, with the default and with the largest settings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stacks.checks.limits import LIMITS
from statemachine.definition import definition
from tests.unit.stacks.conftest import Synthesis
from tuner import catalog
from tuner.settings import DeploymentSettings, deployment_settings
from tuner.settings.deployment.checks import LARGEST_FOR_FUNCTIONS
from tuner.settings.deployment.settings import SPARE, STARTERS

_JUDGES = ",".join(entry.id for entry in catalog.judges() if {"us-east-1", "*"} & set(entry.regions))
_TAGS = {f"tags.key-{number:02d}": "v" * 45 for number in range(20)}
# What CloudFormation fills in: an ARN with a role's or a bucket's longest name has about so many characters.
_ARN = "x" * 100

Values = Iterator[tuple[str, float]]


def largest() -> dict[str, str]:
    """As much of everything as synthesis accepts at once."""
    return {
        "name": "abcdefghijklmno",
        "judge_models": _JUDGES,
        "vpc.subnet_ids": ",".join(f"subnet-{number:017x}" for number in range(16)),
        "vpc.security_group_ids": ",".join(f"sg-{number:017x}" for number in range(5)),
        "notification_emails": ",".join(f"person{number}@example.com" for number in range(50)),
        "commitments": "OneMonth,SixMonths",
        "permissions_boundary": "b" * 128,
        **_TAGS,
    }


@pytest.fixture(scope="module", params=["default", "largest"])
def synthesis(request: pytest.FixtureRequest, synthesize: Callable[..., Synthesis]) -> Synthesis:
    return synthesize() if request.param == "default" else synthesize(**largest())


def resolved(value: Any) -> Any:
    """The value with what CloudFormation fills in, at its longest."""
    if isinstance(value, list):
        return [resolved(part) for part in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::Join"}:
        return value["Fn::Join"][0].join(resolved(part) for part in value["Fn::Join"][1])
    if value == {"Ref": "AWS::AccountId"}:
        return "123456789012"
    if set(value) & {"Ref", "Fn::GetAtt", "Fn::Sub"}:
        return _ARN
    return {key: resolved(part) for key, part in value.items()}


def compact(value: Any) -> int:
    return len(re.sub(r"\s", "", json.dumps(resolved(value), ensure_ascii=False)).encode())


def function_network(synthesis: Synthesis) -> Values:
    for function in synthesis.functions().values():
        variables = resolved(function["Environment"]["Variables"])
        yield "function.memory", function["MemorySize"]
        yield "function.timeout", function["Timeout"]
        yield "function.environment", sum(len(f"{name}{value}".encode()) for name, value in variables.items())
        yield "function.layers", len(function.get("Layers", ()))
        yield "function.name", len(function["FunctionName"])
        yield "function.subnets", len(function.get("VpcConfig", {}).get("SubnetIds", ()))
        yield "function.security_groups", len(function.get("VpcConfig", {}).get("SecurityGroupIds", ()))
        assert "ReservedConcurrentExecutions" not in function, "a new account has none to reserve"
    for entry in synthesis.of_type("AWS::Lambda::EventInvokeConfig").values():
        yield "function.retries", entry["Properties"]["MaximumRetryAttempts"]
        yield "function.event_age", entry["Properties"]["MaximumEventAgeInSeconds"]


def of_the_template(synthesis: Synthesis) -> Values:
    (path,) = synthesis.directory.glob("*.template.json")
    yield "template.size", path.stat().st_size
    yield "template.resources", len(synthesis.template["Resources"])
    yield "template.outputs", len(synthesis.template["Outputs"])
    yield "template.description", len(synthesis.template["Description"])
    yield "stack.name", len(path.name.removesuffix(".template.json"))
    (farewell,) = synthesis.of_type("Custom::ReleaseBeforeDeletion").values()
    yield "stack.custom_resource", int(farewell["Properties"]["ServiceTimeout"])
    for entry in synthesis.template["Resources"].values():
        yield "resource.tags", len(entry.get("Properties", {}).get("Tags", ()))


def of_the_state_machine(synthesis: Synthesis) -> Values:
    (machine,) = synthesis.of_type("AWS::StepFunctions::StateMachine").values()
    text = resolved(machine["Properties"]["DefinitionString"])
    yield "machine.definition", len(text.encode()) + len(_ARN) * text.count("${")
    yield "machine.name", len(machine["Properties"]["StateMachineName"])
    for part in (definition(), *(state["ItemProcessor"] for state in maps())):
        for name in part["States"]:
            yield "machine.state_name", len(name)


def maps() -> list[dict[str, Any]]:
    return [state for state in definition()["States"].values() if state["Type"] == "Map"]


def of_policies(synthesis: Synthesis) -> Values:
    for role in synthesis.of_type("AWS::IAM::Role").values():
        documents = [policy["PolicyDocument"] for policy in role["Properties"].get("Policies", ())]
        yield "role.policies", sum(map(compact, documents))
        yield "role.trust", compact(role["Properties"]["AssumeRolePolicyDocument"])
    for key in synthesis.of_type("AWS::KMS::Key").values():
        yield "key.policy", compact(key["Properties"]["KeyPolicy"])
    for bucket in synthesis.of_type("AWS::S3::BucketPolicy").values():
        yield "bucket.policy", compact(bucket["Properties"]["PolicyDocument"])


def of_events_and_logs(synthesis: Synthesis) -> Values:
    for rule in synthesis.of_type("AWS::Events::Rule").values():
        yield "rule.pattern", compact(rule["Properties"].get("EventPattern", {}))
        yield "rule.targets", len(rule["Properties"]["Targets"])
        for target in rule["Properties"]["Targets"]:
            yield "rule.retries", target["RetryPolicy"]["MaximumRetryAttempts"]
            yield "rule.event_age", target["RetryPolicy"]["MaximumEventAgeInSeconds"]
    for alarm in synthesis.of_type("AWS::CloudWatch::Alarm").values():
        yield "alarm.description", len(alarm["Properties"]["AlarmDescription"])
        yield "alarm.actions", len(alarm["Properties"]["AlarmActions"])
    for group in synthesis.of_type("AWS::Logs::LogGroup").values():
        yield "log.name", len(group["Properties"]["LogGroupName"])
    for key, kind, name in (
        ("dashboard.name", "AWS::CloudWatch::Dashboard", "DashboardName"),
        ("schedules.name", "AWS::Scheduler::ScheduleGroup", "Name"),
        ("topic.display_name", "AWS::SNS::Topic", "DisplayName"),
    ):
        for entry in synthesis.of_type(kind).values():
            yield key, len(entry["Properties"][name])
    for queue in synthesis.of_type("AWS::SQS::Queue").values():
        yield "queue.retention", queue["Properties"]["MessageRetentionPeriod"]


MEASURES = (function_network, of_the_template, of_the_state_machine, of_policies, of_events_and_logs)
# Not in the template: the tests below.
ELSEWHERE = {"function.concurrency", "function.package"}


@pytest.mark.parametrize("measures", MEASURES, ids=lambda measures: measures.__name__)
def test_the_template_is_within_every_limit(synthesis: Synthesis, measures: Callable[[Synthesis], Values]) -> None:
    over = [
        f"{key}: {value:g} > {LIMITS[key].most:g}" for key, value in measures(synthesis) if value > LIMITS[key].most
    ]
    assert not over


def test_every_limit_is_measured(aws: Synthesis) -> None:
    measured = {key for measures in MEASURES for key, _ in measures(aws)}
    assert measured | ELSEWHERE == set(LIMITS)


def test_every_limit_names_a_page_of_aws() -> None:
    for limit in LIMITS.values():
        assert re.match(r"https://(docs\.aws\.amazon\.com|repost\.aws)/", limit.source)


def test_all_runs_together_fit_into_a_new_accounts_concurrency() -> None:
    """Beside them, what events call must find room: a release, a report, the queue for places."""
    settings = DeploymentSettings()
    widest = max(state["MaxConcurrency"] for state in maps())
    assert all(state["MaxConcurrency"] > 0 for state in maps()), "0 is without a limit"
    runs = STARTERS + settings.preparation_places + settings.training_places * widest
    assert runs + SPARE <= LIMITS["function.concurrency"].most


def test_the_largest_settings_fill_the_environment_of_functions() -> None:
    """So that the environment is measured at its fullest."""
    size = len(deployment_settings(largest()).for_functions().encode())
    assert 0.9 * LARGEST_FOR_FUNCTIONS < size <= LARGEST_FOR_FUNCTIONS


def test_a_template_beyond_a_limit_is_reported(aws: Synthesis) -> None:
    """The test of the test: a function with more memory than a new account has."""
    template = json.loads(json.dumps(aws.template))
    function = next(entry for entry in template["Resources"].values() if entry["Type"] == "AWS::Lambda::Function")
    function["Properties"]["MemorySize"] = 4096
    broken = Synthesis(aws.directory, template, aws.report)
    assert ("function.memory", 4096) in list(function_network(broken))
    assert LIMITS["function.memory"].most < 4096
