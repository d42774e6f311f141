"""Settings on the command line: `cdk -c KEY=VALUE` passes text, and one level of keys."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from tuner.core.errors import SettingsError
from tuner.settings import DeploymentSettings, Polling, VpcSettings, deployment_settings, deployments


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
def test_values_on_the_command_line_are_converted(context: dict[str, Any], key: str, value: object) -> None:
    assert getattr(deployment_settings(context), key) == value


def test_one_value_of_a_group_keeps_the_other_defaults_of_the_local_cloud() -> None:
    settings = deployment_settings({"target": "local", "training_polling.longest": "9"})
    assert settings.training_polling == Polling(shortest=1, longest=9)


def test_a_list_in_a_group_can_be_given() -> None:
    context = {"vpc.subnet_ids": "subnet-12345678,subnet-0123456789abcdef0", "vpc.security_group_ids": "sg-12345678"}
    vpc = deployment_settings(context).vpc
    assert vpc.subnet_ids == ("subnet-12345678", "subnet-0123456789abcdef0")
    assert vpc.security_group_ids == ("sg-12345678",)


# A valid value of every setting, as text on a command line. Keys of groups have a dot.
_AS_TEXT = {
    "target": "local",
    "name": "team1",
    "region": "us-west-2",
    "base_model": "meta.llama3-3-70b-instruct-v1:0:128k",
    "judge_model": "us.amazon.nova-pro-v1:0",
    "judge_models": "us.amazon.nova-pro-v1:0",
    "compared_models": "us.amazon.nova-pro-v1:0",
    "bertscore_revision": "0" * 40,
    "bertscore_layer": "9",
    "bertscore_model": "roberta-large",
    "commitments": "OneMonth",
    "budget_usd": "300",
    "approval_usd": "null",
    "approval_hours": "2",
    "monthly_usd": "3000",
    "monthly_usd_per_dataset": "600",
    "unknown_prices": "ask",
    "prices": '[{"item": "storage", "usd": 2, "source": "invoice"}]',
    "longest_training_hours": "5",
    "longest_throughput_hours": "5",
    "longest_keep_hours": "5",
    "model_retention_days": "5",
    "notification_emails": "a@example.com",
    "keep_data": "false",
    "retention_days": "5",
    "quiet_seconds": "5",
    "training_polling.shortest": "5",
    "training_polling.longest": "50",
    "training_polling.growth": "0.5",
    "serving_polling.shortest": "5",
    "serving_polling.longest": "50",
    "serving_polling.growth": "0.5",
    "shard_size": "5",
    "answer_concurrency": "5",
    "account_concurrency": "1000",
    "preparation_places": "5",
    "training_places": "5",
    "vpc.subnet_ids": "subnet-12345678",
    "vpc.security_group_ids": "sg-12345678",
    "permissions_boundary": "own",
    "kms_key_arn": "arn:aws:kms:us-west-2:111122223333:key/12345678-1234-1234-1234-123456789012",
    "tags.team": "search",
    "scorers.check": "arn:aws:lambda:us-west-2:111122223333:function:check",
}


def test_every_setting_can_be_given_on_the_command_line() -> None:
    settings = deployment_settings(_AS_TEXT)
    local = deployment_settings({"target": "local"})
    assert {key.partition(".")[0] for key in _AS_TEXT} == set(DeploymentSettings.model_fields)
    assert [name for name in DeploymentSettings.model_fields if getattr(settings, name) == getattr(local, name)] == [
        "target"
    ]
    groups: dict[str, type[BaseModel]] = {"training_polling": Polling, "serving_polling": Polling, "vpc": VpcSettings}
    given = {key for key in _AS_TEXT if key.partition(".")[0] in groups}
    assert given == {f"{group}.{name}" for group, model in groups.items() for name in model.model_fields}


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"training_polling.shortes": "5"}, "training_polling.shortes: there is no such key. Did you mean 'shortest'?"),
        ({"trainingpolling.shortest": "5"}, "trainingpolling.shortest: there is no such key. Did you mean"),
        ({"training_polling": "5"}, "training_polling: must contain keys and values; found 5."),
        ({"prices": "[{"}, 'prices: must be a list; found "[{", which is not valid JSON ('),
        ({"tag:team": "x"}, "tag:team: there is no such key."),
        ({"@budget": "5"}, "@budget: there is no such key. Did you mean 'budget_usd'?"),
        ({"cdk-budget": "5"}, "cdk-budget: there is no such key."),
        ({"budget_usd.x": "5"}, "budget_usd.x: there is no such key. Did you mean 'budget_usd'?"),
    ],
    ids=str,
)
def test_a_wrong_key_on_the_command_line_is_refused(context: dict[str, Any], message: str) -> None:
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
def test_keys_of_the_cdk_are_ignored(key: str) -> None:
    assert deployment_settings({key: [34892]}) == deployment_settings({})


def test_functions_get_the_settings_that_differ_from_the_defaults() -> None:
    settings = deployment_settings({"budget_usd": "300", "notification_emails": "me@example.com"})
    environment = settings.for_functions()
    assert json.loads(environment) == {"budget_usd": 300.0, "judge_model": "amazon.nova-pro-v1:0"}
    assert DeploymentSettings.model_validate_json(environment).budget_usd == 300


def test_without_teams_there_is_one_deployment() -> None:
    assert deployments({"budget_usd": "300"}) == (deployment_settings({"budget_usd": 300}),)


@pytest.mark.parametrize("teams", ["search, support", '["search", "support"]', ["search", "support"], "{}"])
def test_each_team_is_a_deployment_with_its_name_and_the_common_settings(teams: Any) -> None:
    given = {"search": {}, "support": {}} if teams == "{}" else teams
    found = deployments({"teams": given, "name": "tuner", "retention_days": 7})
    assert found == tuple(DeploymentSettings(name=team, retention_days=7) for team in ("search", "support"))
    assert [settings.stack_name for settings in found] == ["BedrockTuner-search", "BedrockTuner-support"]


def test_a_teams_own_values_replace_the_common_ones() -> None:
    own: Any = {"search": {"budget_usd": 300, "tags.cost-center": "7"}, "support": {}}
    search, support = deployments({"teams": own, "budget_usd": 400, "tags": {"owner": "ml"}})
    assert (search.budget_usd, support.budget_usd) == (300, 400)
    assert (search.tags, support.tags) == ({"owner": "ml", "cost-center": "7"}, {"owner": "ml"})


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ({"teams": {}}, "teams: name one team or more"),
        ({"teams": ""}, "teams: name one team or more"),
        ({"teams": 5}, "teams: name one team or more"),
        ({"teams": "search", "name": "faq"}, "name: each team's deployment is called like the team"),
        ({"teams": {"search": {"name": "faq"}}}, "teams.search: give the team's settings"),
        ({"teams": {"search": {"target": "local"}}}, "teams.search: give the team's settings"),
        ({"teams": {"search": 5}}, "teams.search: give the team's settings"),
        ({"teams": "Search Team"}, "teams.Search Team: name: "),
        ({"teams": {"search": {"budget_usd": -1}}}, "teams.search: budget_usd: "),
        ({"teams": {"search": {"budget": 1}}}, "teams.search: budget: "),
        ({"teams": [f"team{number}" for number in range(21)]}, "21 teams are given, and at most 20 are allowed"),
        ({"teams": ["search", "search"]}, "teams.search is given twice"),
    ],
    ids=str,
)
def test_wrong_teams_are_refused(context: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as error:
        deployments(context)
    assert words in str(error.value)
