"""Bedrock's operations need the actions and ARNs of the Service Authorization Reference."""

import pytest

from local.patches.iam.authorization import Request
from local.patches.iam.bedrock_permissions import _checks, permissions

ACCOUNT = "000000000000"
OWN = f"arn:aws:bedrock:us-east-1:{ACCOUNT}"
NOVA = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0"
MODEL = f"{OWN}:custom-model/amazon.nova-micro-v1:0:128k/abc"
THROUGHPUT = f"{OWN}:provisioned-model/abc"
TAGS = [{"key": "Deployment", "value": "tuner"}]


def needed(operation, **params):
    return [(check.action, check.resource) for check in permissions(operation, params)]


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("Converse", "bedrock:InvokeModel"),
        ("InvokeModel", "bedrock:InvokeModel"),
        ("ConverseStream", "bedrock:InvokeModelWithResponseStream"),
        ("InvokeModelWithResponseStream", "bedrock:InvokeModelWithResponseStream"),
        ("CountTokens", "bedrock:CountTokens"),
    ],
)
def test_converse_needs_the_action_invoke_model(operation, action):
    assert needed(operation, modelId="amazon.nova-micro-v1:0") == [(action, NOVA)]


@pytest.mark.parametrize("arn", [THROUGHPUT, f"{OWN}:custom-model-deployment/abc"])
def test_invoking_an_endpoint_is_checked_on_its_arn(arn):
    assert needed("InvokeModel", modelId=arn) == [("bedrock:InvokeModel", arn)]


@pytest.mark.parametrize("given", ["us.amazon.nova-pro-v1:0", f"{OWN}:inference-profile/us.amazon.nova-pro-v1:0"])
def test_a_profile_needs_permissions_on_itself_and_on_its_model_in_every_region(given):
    profile = f"{OWN}:inference-profile/us.amazon.nova-pro-v1:0"
    assert needed("Converse", modelId=given) == [
        ("bedrock:InvokeModel", profile),
        *(
            ("bedrock:InvokeModel", f"arn:aws:bedrock:{region}::foundation-model/amazon.nova-pro-v1:0")
            for region in ("us-east-1", "us-east-2", "us-west-2")
        ),
    ]


def test_the_model_of_a_profile_has_the_profile_as_a_condition_key():
    first, *rest = permissions("Converse", {"modelId": "us.amazon.nova-pro-v1:0"})
    assert not first.context
    assert {check.context["bedrock:inferenceprofilearn"] for check in rest} == {first.resource}


def test_a_customization_job_needs_permissions_on_base_model_job_and_custom_model():
    assert needed("CreateModelCustomizationJob", baseModelIdentifier="amazon.nova-micro-v1:0:128k") == [
        (
            "bedrock:CreateModelCustomizationJob",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k",
        ),
        ("bedrock:CreateModelCustomizationJob", f"{OWN}:custom-model/*"),
        ("bedrock:CreateModelCustomizationJob", f"{OWN}:model-customization-job/*"),
    ]


def test_a_batch_job_needs_permissions_on_its_model_and_on_the_job():
    model, job, tag = permissions("CreateModelInvocationJob", {"modelId": "amazon.nova-micro-v1:0", "tags": TAGS})
    assert (model.action, model.resource) == ("bedrock:CreateModelInvocationJob", NOVA)
    assert (job.action, job.resource) == ("bedrock:CreateModelInvocationJob", f"{OWN}:model-invocation-job/*")
    assert (tag.action, tag.resource) == ("bedrock:TagResource", f"{OWN}:model-invocation-job/*")
    assert {check.context["aws:requesttag/deployment"] for check in (model, job, tag)} == {"tuner"}


def test_tags_of_a_job_and_its_model_need_tag_resource():
    tagging = [
        check
        for check in permissions(
            "CreateModelCustomizationJob", {"baseModelIdentifier": "m", "jobTags": TAGS, "customModelTags": TAGS}
        )
        if check.action == "bedrock:TagResource"
    ]
    assert [check.resource for check in tagging] == [f"{OWN}:model-customization-job/*", f"{OWN}:custom-model/*"]
    assert all(check.context["aws:requesttag/deployment"] == "tuner" for check in tagging)
    assert all(check.context["aws:tagkeys"] == ["Deployment"] for check in tagging)


def test_buying_throughput_is_checked_on_the_model_with_the_request_tags():
    buy, tag = permissions("CreateProvisionedModelThroughput", {"modelId": MODEL, "tags": TAGS})
    assert (buy.action, buy.resource) == ("bedrock:CreateProvisionedModelThroughput", MODEL)
    assert buy.context["aws:requesttag/deployment"] == "tuner"
    assert (tag.action, tag.resource) == ("bedrock:TagResource", f"{OWN}:provisioned-model/*")


@pytest.mark.parametrize(
    ("operation", "params", "resource"),
    [
        ("GetFoundationModel", {"modelIdentifier": "amazon.nova-micro-v1:0"}, NOVA),
        ("GetModelCustomizationJob", {"jobIdentifier": "name"}, f"{OWN}:model-customization-job/name"),
        ("StopModelCustomizationJob", {"jobIdentifier": "name"}, f"{OWN}:model-customization-job/name"),
        ("GetModelInvocationJob", {"jobIdentifier": "name"}, f"{OWN}:model-invocation-job/name"),
        ("StopModelInvocationJob", {"jobIdentifier": "name"}, f"{OWN}:model-invocation-job/name"),
        ("GetCustomModel", {"modelIdentifier": MODEL}, MODEL),
        ("GetProvisionedModelThroughput", {"provisionedModelId": THROUGHPUT}, THROUGHPUT),
        ("DeleteProvisionedModelThroughput", {"provisionedModelId": "name"}, f"{OWN}:provisioned-model/name"),
        ("CreateCustomModelDeployment", {"modelArn": MODEL}, MODEL),
        (
            "DeleteCustomModelDeployment",
            {"customModelDeploymentIdentifier": "d"},
            f"{OWN}:custom-model-deployment/d",
        ),
        ("ListTagsForResource", {"resourceARN": THROUGHPUT}, THROUGHPUT),
        ("ListProvisionedModelThroughputs", {}, "*"),
        ("ListFoundationModels", {}, "*"),
    ],
)
def test_each_operation_is_checked_on_the_resource_that_it_names(operation, params, resource):
    assert needed(operation, **params) == [(f"bedrock:{operation}", resource)]


@pytest.mark.parametrize(
    ("service", "method", "path", "expected"),
    [
        ("bedrock-runtime", "POST", f"/model/{THROUGHPUT}/converse", ("bedrock:InvokeModel", THROUGHPUT)),
        (
            "bedrock",
            "GET",
            f"/provisioned-model-throughput/{THROUGHPUT}",
            ("bedrock:GetProvisionedModelThroughput", THROUGHPUT),
        ),
        ("bedrock", "GET", "/_local/bedrock/settings", ("local-bedrock:Administer", "*")),
    ],
)
def test_an_operation_with_an_arn_in_its_path_is_recognized(service, method, path, expected):
    checks = _checks(service, Request(method, path, {}, b"{}", {}))
    assert [(check.action, check.resource) for check in checks] == [expected]
