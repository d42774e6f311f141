"""Tests of both kinds of endpoint, with botocore's service model."""

import datetime as dt
from typing import Any

import pytest

from tests.unit.aws.stubs import stubbed
from tuner.aws.bedrock.endpoints import ModelDeployments, ProvisionedThroughputs, endpoints_of
from tuner.aws.bedrock.resources import EndpointRequest
from tuner.core.errors import AccessDeniedError, QuotaError, StillAliveError

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
NAME = "tuner-faq-0123456789ab"
MODEL = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl"
BASE = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k"
THROUGHPUT = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl"
DEPLOYMENT = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl"
REQUEST = EndpointRequest(NAME, MODEL, 2, None, {"k": "v"})


def throughput(**members: Any) -> dict[str, Any]:
    return {
        "provisionedModelName": NAME,
        "provisionedModelArn": THROUGHPUT,
        "modelArn": MODEL,
        "desiredModelArn": MODEL,
        "foundationModelArn": BASE,
        "modelUnits": 1,
        "desiredModelUnits": 1,
        "status": "Creating",
        "creationTime": NOW,
        "lastModifiedTime": NOW,
        **members,
    }


def deployment(name: str, **members: Any) -> dict[str, Any]:
    return {
        "customModelDeploymentArn": DEPLOYMENT,
        name: NAME,
        "modelArn": MODEL,
        "createdAt": NOW,
        "status": "Creating",
        **members,
    }


@pytest.mark.parametrize("commitment", [None, "OneMonth"])
def test_throughput_is_hourly_unless_a_commitment_is_requested(commitment: Any) -> None:
    expected = {
        "provisionedModelName": NAME,
        "modelId": MODEL,
        "modelUnits": 2,
        "clientRequestToken": f"{NAME}-throughput",
        "tags": [{"key": "k", "value": "v"}],
    } | ({"commitmentDuration": commitment} if commitment else {})
    with stubbed(
        "bedrock", ("create_provisioned_model_throughput", expected, {"provisionedModelArn": THROUGHPUT})
    ) as api:
        assert ProvisionedThroughputs(api).create(EndpointRequest(NAME, MODEL, 2, commitment, {"k": "v"})) == THROUGHPUT


def test_an_endpoint_gets_the_companys_tags_and_keeps_its_own() -> None:
    tags = [{"key": "team", "value": "search"}, {"key": "k", "value": "v"}]
    expected = {
        "modelDeploymentName": NAME,
        "modelArn": MODEL,
        "clientRequestToken": f"{NAME}-deployment",
        "tags": tags,
    }
    with stubbed(
        "bedrock", ("create_custom_model_deployment", expected, {"customModelDeploymentArn": DEPLOYMENT})
    ) as api:
        endpoints = ModelDeployments(api, {"team": "search", "k": "theirs"})
        assert endpoints.create(EndpointRequest(NAME, MODEL, 1, None, {"k": "v"})) == DEPLOYMENT


def test_a_deployment_is_created_with_tags_and_a_token() -> None:
    expected = {
        "modelDeploymentName": NAME,
        "modelArn": MODEL,
        "clientRequestToken": f"{NAME}-deployment",
        "tags": [{"key": "k", "value": "v"}],
    }
    with stubbed(
        "bedrock", ("create_custom_model_deployment", expected, {"customModelDeploymentArn": DEPLOYMENT})
    ) as a:
        assert ModelDeployments(a).create(REQUEST) == DEPLOYMENT


def test_a_zero_quota_is_not_retried() -> None:
    answer = "ServiceQuotaExceededException: no units"
    with stubbed("bedrock", ("create_provisioned_model_throughput", None, answer)) as api, pytest.raises(QuotaError):
        ProvisionedThroughputs(api).create(REQUEST)


def test_lists_read_all_pages_and_both_names_of_a_deployment() -> None:
    first = {"provisionedModelSummaries": [throughput()], "nextToken": "t"}
    second = {"provisionedModelSummaries": [throughput(commitmentDuration="OneMonth", commitmentExpirationTime=NOW)]}
    with stubbed(
        "bedrock",
        ("list_provisioned_model_throughputs", {"nameContains": NAME}, first),
        ("list_provisioned_model_throughputs", {"nameContains": NAME, "nextToken": "t"}, second),
    ) as api:
        found = list(ProvisionedThroughputs(api).list(NAME))
    assert [endpoint.committed_until for endpoint in found] == [None, NOW]
    page = {"modelDeploymentSummaries": [deployment("customModelDeploymentName")]}
    with stubbed("bedrock", ("list_custom_model_deployments", {"nameContains": NAME}, page)) as api:
        assert [endpoint.name for endpoint in ModelDeployments(api).list(NAME)] == [NAME]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("Creating", "Creating"), ("InService", "InService"), ("Updating", "InService"), ("Failed",) * 2],
)
def test_the_status_of_throughput_is_mapped(theirs: str, ours: str) -> None:
    answer = throughput(status=theirs, failureMessage="why")
    request = {"provisionedModelId": THROUGHPUT}
    with stubbed("bedrock", ("get_provisioned_model_throughput", request, answer)) as api:
        found = ProvisionedThroughputs(api).get(THROUGHPUT)
    assert found
    assert (found.status, found.failure, found.kind) == (ours, "why", "provisioned")


@pytest.mark.parametrize(("theirs", "ours"), [("Creating", "Creating"), ("Active", "InService"), ("Failed", "Failed")])
def test_the_status_of_a_deployment_is_mapped(theirs: str, ours: str) -> None:
    answer = deployment("modelDeploymentName", status=theirs)
    request = {"customModelDeploymentIdentifier": DEPLOYMENT}
    with stubbed("bedrock", ("get_custom_model_deployment", request, answer)) as api:
        found = ModelDeployments(api).get(DEPLOYMENT)
    assert found
    assert (found.status, found.name, found.kind) == (ours, NAME, "on_demand")


def test_a_missing_endpoint_is_none_and_can_be_deleted_again() -> None:
    gone = "ResourceNotFoundException: none"
    with stubbed(
        "bedrock",
        ("get_provisioned_model_throughput", None, gone),
        ("delete_provisioned_model_throughput", {"provisionedModelId": THROUGHPUT}, gone),
        ("list_tags_for_resource", {"resourceARN": THROUGHPUT}, gone),
    ) as api:
        throughputs = ProvisionedThroughputs(api)
        assert throughputs.get(THROUGHPUT) is None
        throughputs.delete(THROUGHPUT)
        assert throughputs.tags(THROUGHPUT) == {}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("ConflictException: It is being created.", StillAliveError),
        ("ValidationException: It is being created.", StillAliveError),
        ("AccessDeniedException: not authorized to perform: bedrock:DeleteCustomModelDeployment", AccessDeniedError),
    ],
)
def test_a_refused_delete_is_an_error(answer: str, kind: type[Exception]) -> None:
    with (
        stubbed("bedrock", ("delete_custom_model_deployment", None, answer)) as api,
        pytest.raises(kind, match=answer.partition(": ")[2]),
    ):
        ModelDeployments(api).delete(DEPLOYMENT)


def test_tags_are_read_as_a_mapping() -> None:
    answer = {"tags": [{"key": "k", "value": "v"}]}
    with stubbed("bedrock", ("list_tags_for_resource", {"resourceARN": DEPLOYMENT}, answer)) as api:
        assert ModelDeployments(api).tags(DEPLOYMENT) == {"k": "v"}


def test_the_settings_choose_the_kind() -> None:
    assert (endpoints_of("on_demand").kind, endpoints_of("provisioned").kind) == ("on_demand", "provisioned")
