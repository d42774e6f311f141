"""Provisioned throughput and deployments: status, quotas, billing and deletion."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from local.bedrock.state.billing import bill_lines
from tests.unit.local.bedrock.conftest import HAIKU, NOVA, change_settings, converse_record, lines


@pytest.fixture
def model(control, job_request, finish):
    control.create_model_customization_job(**job_request)
    return finish("first-job").outputModelArn


@pytest.fixture
def nova_model(control, storage, job_request, finish):
    storage.objects["in/train.jsonl"] = lines(converse_record, 8)
    request = job_request | {"baseModelIdentifier": NOVA, "hyperParameters": {}}
    del request["validationDataConfig"]
    control.create_model_customization_job(**request)
    return finish("first-job").outputModelArn


def buy(control, model, name="throughput", **more):
    request = {"modelUnits": 1, "provisionedModelName": name, "modelId": model} | more
    return control.create_provisioned_model_throughput(**request)["provisionedModelArn"]


def test_a_throughput_is_billed_from_in_service_to_deleted(bedrock, control, clock, model):
    arn = buy(control, model, tags=[{"key": "run", "value": "r1"}])
    found = control.get_provisioned_model_throughput(provisionedModelId=arn)
    assert (found["status"], found["modelArn"], found["desiredModelUnits"]) == ("Creating", model, 1)
    clock.advance(2)
    assert control.get_provisioned_model_throughput(provisionedModelId="throughput")["status"] == "InService"
    assert control.list_tags_for_resource(resourceARN=arn)["tags"] == [{"key": "run", "value": "r1"}]
    clock.advance(100)
    (running,) = bill_lines(bedrock.state.store, clock())
    assert (running.seconds, running.deleted_at) == (100, None)
    control.delete_provisioned_model_throughput(provisionedModelId=arn)
    clock.advance(1000)
    (bill,) = bill_lines(bedrock.state.store, clock())
    assert (bill.arn, bill.seconds, bill.model_unit_seconds) == (arn, 100, 100)
    assert bill.tags == {"run": "r1"}
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        control.get_provisioned_model_throughput(provisionedModelId=arn)
    assert control.list_provisioned_model_throughputs()["provisionedModelSummaries"] == []


def test_a_throughput_deleted_before_it_is_in_service_costs_nothing(bedrock, control, clock, model):
    control.delete_provisioned_model_throughput(provisionedModelId=buy(control, model))
    (bill,) = bill_lines(bedrock.state.store, clock())
    assert (bill.seconds, bill.in_service_at) == (0, None)


def test_without_quota_there_is_no_throughput(bedrock, control, model):
    change_settings(bedrock, model_units=0)
    with pytest.raises(ClientError, match="does not currently have any no commitment model units reserved") as caught:
        buy(control, model)
    assert caught.value.response["Error"]["Code"] == "ServiceQuotaExceededException"


def test_a_legacy_model_gets_no_new_throughput(bedrock, control, model):
    base = control.get_custom_model(modelIdentifier=model)["baseModelArn"].rsplit("foundation-model/", 1)[-1]
    change_settings(bedrock, lifecycles={base: "LEGACY"})
    with pytest.raises(ClientError, match="Legacy state"):
        buy(control, model)


def test_the_quota_counts_units_in_use(bedrock, control, model):
    buy(control, model, "one")
    with pytest.raises(ClientError, match=r"needs 2 no commitment model unit\(s\); 1 of your account's 2 are in use"):
        buy(control, model, "two", modelUnits=2)
    with pytest.raises(ClientError, match="any commitment model units"):
        buy(control, model, "three", commitmentDuration="OneMonth")


def test_a_commitment_cannot_be_ended_early(bedrock, control, clock, model):
    change_settings(bedrock, committed_model_units=1)
    arn = buy(control, model, commitmentDuration="OneMonth")
    clock.advance(29 * 86400)
    with pytest.raises(control.exceptions.ConflictException, match="commitment"):
        control.delete_provisioned_model_throughput(provisionedModelId=arn)
    clock.advance(86400)
    control.delete_provisioned_model_throughput(provisionedModelId=arn)


def test_names_are_unique_and_a_repeated_token_returns_the_first(control, model):
    arn = buy(control, model, clientRequestToken="t")
    assert buy(control, model, clientRequestToken="t") == arn
    with pytest.raises(ClientError, match="name is currently in use"):
        buy(control, model)


def test_a_throughput_can_change_its_name_and_model_but_not_its_base_model(
    control, model, storage, job_request, finish
):
    storage.objects["in/nova.jsonl"] = lines(converse_record, 8)
    for number, base, data in ((2, HAIKU, "train"), (3, NOVA, "nova")):
        names = {"jobName": f"job-{number}", "customModelName": f"model-{number}", "baseModelIdentifier": base}
        places = {
            "trainingDataConfig": {"s3Uri": f"s3://data/in/{data}.jsonl"},
            "validationDataConfig": {"validators": []},
        }
        control.create_model_customization_job(**(job_request | names | places | {"hyperParameters": {}}))
        assert finish(f"job-{number}").status == "Completed"
    arn = buy(control, model)
    control.update_provisioned_model_throughput(provisionedModelId=arn, desiredProvisionedModelName="renamed")
    assert control.get_provisioned_model_throughput(provisionedModelId="renamed")["provisionedModelArn"] == arn
    second, third = (control.get_custom_model(modelIdentifier=f"model-{n}")["modelArn"] for n in (2, 3))
    control.update_provisioned_model_throughput(provisionedModelId=arn, desiredModelId=second)
    assert control.get_provisioned_model_throughput(provisionedModelId=arn)["modelArn"] == second
    with pytest.raises(ClientError, match="must have the base model of the provisioned one"):
        control.update_provisioned_model_throughput(provisionedModelId=arn, desiredModelId=third)


def test_a_throughput_that_failed_is_not_billed(bedrock, control, clock, model):
    change_settings(bedrock, fail_throughputs="No capacity.")
    arn = buy(control, model)
    clock.advance(10)
    found = control.get_provisioned_model_throughput(provisionedModelId=arn)
    assert (found["status"], found["failureMessage"]) == ("Failed", "No capacity.")
    control.delete_provisioned_model_throughput(provisionedModelId=arn)
    assert bill_lines(bedrock.state.store, clock()) == []


def test_a_model_in_use_cannot_be_deleted(control, model):
    arn = buy(control, model)
    with pytest.raises(control.exceptions.ConflictException, match=arn):
        control.delete_custom_model(modelIdentifier=model)
    control.delete_provisioned_model_throughput(provisionedModelId=arn)
    control.delete_custom_model(modelIdentifier=model)


def test_lists_filter_by_status_and_model(control, clock, model):
    buy(control, model)
    listed = lambda **wanted: len(control.list_provisioned_model_throughputs(**wanted)["provisionedModelSummaries"])  # noqa: E731
    assert (listed(), listed(statusEquals="InService"), listed(modelArnEquals=model)) == (1, 0, 1)
    clock.advance(2)
    assert (listed(statusEquals="InService"), listed(nameContains="other")) == (1, 0)


def test_a_deployment_is_created_listed_and_deleted(bedrock, control, clock, nova_model):
    arn = control.create_custom_model_deployment(modelDeploymentName="d", modelArn=nova_model, description="why")[
        "customModelDeploymentArn"
    ]
    get = lambda: control.get_custom_model_deployment(customModelDeploymentIdentifier="d")  # noqa: E731
    assert (get()["status"], get()["description"]) == ("Creating", "why")
    clock.advance(2)
    assert get()["status"] == "Active"
    assert len(control.list_custom_model_deployments(statusEquals="Active")["modelDeploymentSummaries"]) == 1
    control.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        get()
    assert bill_lines(bedrock.state.store, clock())[0].model_unit_seconds == 0


def test_deployments_are_limited_in_number_and_in_progress(bedrock, control, clock, nova_model):
    create = lambda name: control.create_custom_model_deployment(modelDeploymentName=name, modelArn=nova_model)  # noqa: E731
    create("a")
    create("b")
    with pytest.raises(ClientError, match="2 custom model deployments at a time"):
        create("c")
    clock.advance(2)
    change_settings(bedrock, deployments=2)
    with pytest.raises(ClientError, match="quota of 2 custom model deployments is used up"):
        create("c")


def test_a_family_that_is_not_served_on_demand_cannot_be_deployed(control, model):
    with pytest.raises(ClientError, match="cannot be deployed for on-demand inference"):
        control.create_custom_model_deployment(modelDeploymentName="d", modelArn=model)


def test_the_length_of_a_commitment_month_is_a_setting(bedrock, control, clock, model):
    change_settings(bedrock, committed_model_units=1, month_seconds=60)
    arn = buy(control, model, commitmentDuration="SixMonths")
    clock.advance(359)
    with pytest.raises(control.exceptions.ConflictException, match="commitment"):
        control.delete_provisioned_model_throughput(provisionedModelId=arn)
    clock.advance(2)
    control.delete_provisioned_model_throughput(provisionedModelId=arn)


def test_the_commitment_of_a_throughput_that_looks_older_ends_earlier(bedrock, control, model):
    change_settings(bedrock, committed_model_units=1)
    arn = buy(control, model, commitmentDuration="OneMonth")
    ends = control.get_provisioned_model_throughput(provisionedModelId=arn)["commitmentExpirationTime"]
    change_settings(bedrock, endpoints_age_hours=29 * 24)
    found = control.get_provisioned_model_throughput(provisionedModelId=arn)
    assert found["commitmentExpirationTime"] == ends - timedelta(days=29)
    with pytest.raises(control.exceptions.ConflictException, match="commitment"):
        control.delete_provisioned_model_throughput(provisionedModelId=arn)
    change_settings(bedrock, endpoints_age_hours=30 * 24)
    control.delete_provisioned_model_throughput(provisionedModelId=arn)


def test_deletions_fail_with_the_setting_fail_deletes(bedrock, control, nova_model):
    arn = buy(control, nova_model)
    deployment = control.create_custom_model_deployment(modelDeploymentName="deployment", modelArn=nova_model)
    change_settings(bedrock, fail_deletes="Not now.")
    with pytest.raises(control.exceptions.ConflictException, match=r"Not now\."):
        control.delete_provisioned_model_throughput(provisionedModelId=arn)
    with pytest.raises(control.exceptions.ConflictException, match=r"Not now\."):
        control.delete_custom_model_deployment(customModelDeploymentIdentifier=deployment["customModelDeploymentArn"])
    change_settings(bedrock, fail_deletes="")
    control.delete_provisioned_model_throughput(provisionedModelId=arn)


def test_the_age_offset_of_models_applies(bedrock, control, clock, model):
    change_settings(bedrock, models_age_days=2)
    day = timedelta(days=1)
    made = control.get_custom_model(modelIdentifier=model)["creationTime"]
    assert clock() - made >= 2 * day
    assert control.list_custom_models(creationTimeBefore=clock() - day)["modelSummaries"][0]["creationTime"] == made
    assert control.list_custom_models(creationTimeAfter=clock() - day)["modelSummaries"] == []


def test_the_age_offset_of_endpoints_applies(bedrock, control, clock, nova_model):
    arn = buy(control, nova_model)
    deployment = control.create_custom_model_deployment(modelDeploymentName="deployment", modelArn=nova_model)
    change_settings(bedrock, endpoints_age_hours=3)
    long_ago = clock() - timedelta(hours=3)
    assert control.get_provisioned_model_throughput(provisionedModelId=arn)["creationTime"] <= long_ago
    assert control.list_provisioned_model_throughputs()["provisionedModelSummaries"][0]["creationTime"] <= long_ago
    deployed = control.get_custom_model_deployment(
        customModelDeploymentIdentifier=deployment["customModelDeploymentArn"]
    )
    assert deployed["createdAt"] <= long_ago
    assert control.list_custom_model_deployments()["modelDeploymentSummaries"][0]["createdAt"] <= long_ago


def test_stale_reads_miss_a_new_resource(bedrock, control, nova_model):
    change_settings(bedrock, stale_reads=2)
    arn = buy(control, nova_model)
    assert control.list_provisioned_model_throughputs()["provisionedModelSummaries"] == []
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        control.get_provisioned_model_throughput(provisionedModelId=arn)
    assert control.get_provisioned_model_throughput(provisionedModelId=arn)["provisionedModelArn"] == arn
    assert len(control.list_provisioned_model_throughputs()["provisionedModelSummaries"]) == 1
    assert len(control.list_custom_models()["modelSummaries"]) == 1, "what was there before is seen"


def test_a_resource_that_reads_miss_can_be_deleted_and_keeps_its_name(bedrock, control, nova_model):
    change_settings(bedrock, stale_reads=5)
    arn = buy(control, nova_model)
    with pytest.raises(control.exceptions.ClientError, match="in use"):
        buy(control, nova_model)
    control.delete_provisioned_model_throughput(provisionedModelId=arn)
