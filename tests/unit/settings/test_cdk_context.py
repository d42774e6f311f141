"""Settings on the command line: `cdk -c KEY=VALUE` gives text, for one level of keys."""

import json
from typing import Any

import pytest

from tuner.core.errors import SettingsError
from tuner.settings import DeploymentSettings, Polling, deployment_settings


@pytest.mark.parametrize(
    ("context", "key", "value"),
    [
        ({"commitments": "OneMonth, SixMonths"}, "commitments", ("OneMonth", "SixMonths")),
        ({"commitments": '["OneMonth"]'}, "commitments", ("OneMonth",)),
        ({"judge_models": "amazon.nova-pro-v1:0"}, "judge_models", ("amazon.nova-pro-v1:0",)),
        ({"notification_emails": ""}, "notification_emails", ()),
        ({"approval_usd": "null"}, "approval_usd", None),
        ({"budget_usd": "1e3"}, "budget_usd", 1000),
        ({"keep_data": "false"}, "keep_data", False),
        ({"keep_data": "False"}, "keep_data", False),
        ({"training_polling.shortest": "5"}, "training_polling", Polling(shortest=5, longest=600)),
        ({"training_polling": '{"shortest": 5, "longest": 9}'}, "training_polling", Polling(shortest=5, longest=9)),
        ({"training_polling": {"shortest": 5, "longest": 9}}, "training_polling", Polling(shortest=5, longest=9)),
        ({"tags.team": "search", "tags.cost:center": "7"}, "tags", {"team": "search", "cost:center": "7"}),
        ({"tags": {"a": "1", "b": "2"}, "tags.b": "3"}, "tags", {"a": "1", "b": "3"}),
    ],
    ids=str,
)
def test_a_value_on_the_command_line(context: dict[str, Any], key: str, value: object) -> None:
    assert getattr(deployment_settings(context), key) == value


def test_one_value_of_a_group_leaves_the_others_of_the_laptop() -> None:
    settings = deployment_settings({"target": "local", "training_polling.longest": "9"})
    assert settings.training_polling == Polling(shortest=1, longest=9)


def test_a_list_of_a_group() -> None:
    context = {"vpc.subnet_ids": "subnet-12345678,subnet-0123456789abcdef0", "vpc.security_group_ids": "sg-12345678"}
    vpc = deployment_settings(context).vpc
    assert vpc.subnet_ids == ("subnet-12345678", "subnet-0123456789abcdef0")
    assert vpc.security_group_ids == ("sg-12345678",)


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"training_polling.shortes": "5"}, "training_polling.shortes: there is no such key. Did you mean 'shortest'?"),
        ({"trainingpolling.shortest": "5"}, "trainingpolling.shortest: there is no such key. Did you mean"),
        ({"training_polling": "5"}, "training_polling: must hold keys and values; found 5."),
        ({"prices": "[{"}, 'prices: must be a list; found "[{", which is not valid JSON ('),
        ({"tag:team": "x"}, "tag:team: there is no such key."),
        ({"@budget": "5"}, "@budget: there is no such key. Did you mean 'budget_usd'?"),
        ({"cdk-budget": "5"}, "cdk-budget: there is no such key."),
        ({"budget_usd.x": "5"}, "budget_usd.x: there is no such key. Did you mean 'budget_usd'?"),
    ],
    ids=str,
)
def test_a_wrong_key_on_the_command_line(context: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        deployment_settings(context)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        "@aws-cdk/core:bootstrapQualifier",
        "aws:cdk:version-reporting",
        "cdk-migrate",
        "cli-telemetry",
        "acknowledged-issue-numbers",  # what `cdk acknowledge` writes into cdk.context.json
        "availability-zones:account=111122223333:region=us-east-1",
    ],
)
def test_keys_of_the_cdk_are_passed_over(key: str) -> None:
    assert deployment_settings({key: [34892]}) == deployment_settings({})


def test_functions_are_told_what_differs_from_the_defaults() -> None:
    settings = deployment_settings({"budget_usd": "300", "notification_emails": "me@example.com"})
    told = settings.for_functions()
    assert json.loads(told) == {"budget_usd": 300.0, "judge_model": "amazon.nova-pro-v1:0"}
    assert DeploymentSettings.model_validate_json(told).budget_usd == 300
