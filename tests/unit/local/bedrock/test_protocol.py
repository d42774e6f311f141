"""The HTTP layer enforces the service model with AWS's messages."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from local.bedrock.errors import UnknownOperationError, ValidationError
from local.bedrock.protocol.parsing import parse_request
from local.bedrock.protocol.routing import route, service_model
from local.bedrock.protocol.serializing import serialize
from local.bedrock.protocol.validation import validate

MODEL_ARN = "arn:aws:bedrock:us-east-1:000000000000:custom-model/amazon.nova-micro-v1:0:128k/abcdefabcdef"


def operation(name: str, service: str = "bedrock"):
    return service_model(service).operation_model(name)


@pytest.mark.parametrize(
    ("method", "path", "name", "labels"),
    [
        ("POST", "/model-customization-jobs", "CreateModelCustomizationJob", {}),
        ("POST", "/model-customization-jobs/a/b/stop", "StopModelCustomizationJob", {"jobIdentifier": "a/b"}),
        ("GET", f"/custom-models/{MODEL_ARN}", "GetCustomModel", {"modelIdentifier": MODEL_ARN}),
        ("GET", "/custom-models", "ListCustomModels", {}),
        (
            "GET",
            "/automated-reasoning-policies/p/build-workflows/b/annotations",
            "GetAutomatedReasoningPolicyAnnotations",
            {"policyArn": "p", "buildWorkflowId": "b"},
        ),
        ("GET", "/custom-models/arn%3Aaws", "GetCustomModel", {"modelIdentifier": "arn:aws"}),
        ("DELETE", "/provisioned-model-throughput/x", "DeleteProvisionedModelThroughput", {"provisionedModelId": "x"}),
    ],
)
def test_an_operation_is_found_even_with_an_arn_in_its_path(method, path, name, labels):
    found, found_labels = route("bedrock", method, path)
    assert (found.name, found_labels) == (name, labels)


def test_an_unknown_path_is_refused():
    with pytest.raises(UnknownOperationError, match="PUT and path /custom-models"):
        route("bedrock", "PUT", "/custom-models")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"jobName": None}, r"1 validation error detected: Value null at 'jobName' .* Member must not be null"),
        ({"jobName": "-x"}, r"'-x' at 'jobName' .* regular expression pattern: \[a-zA-Z0-9\]"),
        ({"jobName": "a b"}, r"'a b' at 'jobName' .* regular expression pattern"),
        ({"jobName": "a" * 64}, r"at 'jobName' .* length less than or equal to 63"),
        ({"customizationType": "MAGIC"}, r"at 'customizationType' .* enum value set: \[FINE_TUNING, "),
        ({"hyperParameters": {"epochCount": 2}}, r"'2' at 'hyperParameters.epochCount' .* must be of type string"),
        ({"jobTags": [{"key": "a"}]}, r"Value null at 'jobTags.1.member.value'"),
        ({"jobTags": "no"}, r"'no' at 'jobTags' .* must be of type list"),
        ({"outputDataConfig": {}}, r"Value null at 'outputDataConfig.s3Uri'"),
        ({"outputDataConfig": {"s3Uri": "http://x"}}, r"'http://x' at 'outputDataConfig.s3Uri' .* pattern"),
        ({"validationDataConfig": {"validators": [{}] * 11}}, r"12 validation errors detected: .*length less than"),
        ({"jobName": None, "roleArn": "x"}, r"2 validation errors detected: .*jobName.*; .*roleArn"),
    ],
)
def test_every_constraint_of_the_model_is_checked(job_request, change, message):
    params = {key: value for key, value in (job_request | change).items() if value is not None}
    with pytest.raises(ValidationError, match=message):
        validate(operation("CreateModelCustomizationJob"), params)


def test_a_valid_request_passes(job_request):
    validate(operation("CreateModelCustomizationJob"), job_request)


@pytest.mark.parametrize(("units", "message"), [(0, "greater than or equal to 1"), (True, "of type integer")])
def test_ranges_are_checked_and_a_boolean_is_not_a_number(units, message):
    params = {"modelUnits": units, "provisionedModelName": "x", "modelId": MODEL_ARN}
    with pytest.raises(ValidationError, match=message):
        validate(operation("CreateProvisionedModelThroughput"), params)


def test_a_union_has_exactly_one_member():
    message = {"role": "user", "content": [{"text": "a", "cachePoint": {"type": "default"}}]}
    with pytest.raises(ValidationError, match="Exactly one member"):
        validate(operation("Converse", "bedrock-runtime"), {"modelId": "m", "messages": [message]})


@pytest.mark.parametrize(("body", "message"), [(b"{", "not valid JSON"), (b"[]", "not a JSON object")])
def test_a_body_that_is_not_an_object_is_refused(body, message):
    with pytest.raises(ValidationError, match=message):
        parse_request(operation("CreateModelCustomizationJob"), {}, {}, {}, body)


def test_query_values_are_converted_to_their_types():
    query = {"maxResults": ["7"], "creationTimeAfter": ["2026-11-23T00:00:00Z"], "sortOrder": ["Ascending"]}
    params = parse_request(operation("ListModelCustomizationJobs"), {}, query, {}, b"")
    assert (params["maxResults"], params["creationTimeAfter"].year, params["sortOrder"]) == (7, 2026, "Ascending")
    with pytest.raises(ValidationError, match="'x' at 'maxResults' is not a integer"):
        parse_request(operation("ListModelCustomizationJobs"), {}, {"maxResults": ["x"]}, {}, b"")


def test_a_result_that_is_not_in_the_service_model_is_an_error():
    with pytest.raises(KeyError, match="surprise"):
        serialize(operation("CreateModelCustomizationJob"), {"jobArn": "a", "surprise": 1})
    with pytest.raises(KeyError, match="jobArn"):
        serialize(operation("CreateModelCustomizationJob"), {})


def test_an_error_becomes_the_sdks_exception(control):
    with pytest.raises(control.exceptions.ResourceNotFoundException) as caught:
        control.get_custom_model(modelIdentifier="nobody")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert "nobody" in caught.value.response["Error"]["Message"]


def test_an_operation_that_is_not_implemented_is_an_error(control):
    with pytest.raises(ClientError, match=r"UnknownOperationException.*does not implement ListGuardrails"):
        control.list_guardrails()


def test_a_bug_is_an_internal_server_error_without_a_traceback(bedrock, control, monkeypatch):
    monkeypatch.setattr(bedrock.state.store.models, "find", lambda *_: 1 / 0)
    with pytest.raises(ClientError, match="InternalServerException") as caught:
        control.get_custom_model(modelIdentifier="x")
    assert "division" not in json.dumps(caught.value.response, default=str)
