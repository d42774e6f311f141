"""The permissions that a Bedrock request needs, and the ARNs of their resources.

MiniStack checks one action with the name of the operation, mostly on `*`. It checks `bedrock:Converse`, which does not
exist on AWS: Converse needs `bedrock:InvokeModel`. MiniStack does not recognize operations whose path has an ARN, and
allows them without a check. AWS checks every action on the ARNs of the models, jobs and endpoints.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon Bedrock"; Bedrock User
Guide, "Identity-based policy examples" (customization jobs), "Required permissions for batch inference", "Prerequisites
for inference profiles"; autumn 2026.
"""

import re
from collections.abc import Iterator
from typing import Any

from ministack.core import iam_actions, responses

from local.bedrock.errors import BedrockError
from local.bedrock.instance import instance
from local.bedrock.protocol.parsing import parse_request
from local.bedrock.protocol.routing import route
from local.patches.iam.authorization import Check, Request, guard
from tuner import catalog

_SERVICES = ("bedrock", "bedrock-runtime")
_ACTION_OF_OPERATION = {
    "Converse": "InvokeModel",
    "ConverseStream": "InvokeModelWithResponseStream",
}
_PROFILE = re.compile(r"^(us|us-gov|eu|apac|jp|au|ca|global)\.")

# Operation: the parameter that names the resource, and the resource type in its ARN. Names and ARNs are accepted.
_NAMED_RESOURCE = {
    "GetFoundationModel": ("modelIdentifier", "foundation-model"),
    "GetModelCustomizationJob": ("jobIdentifier", "model-customization-job"),
    "StopModelCustomizationJob": ("jobIdentifier", "model-customization-job"),
    "GetModelInvocationJob": ("jobIdentifier", "model-invocation-job"),
    "StopModelInvocationJob": ("jobIdentifier", "model-invocation-job"),
    "GetCustomModel": ("modelIdentifier", "custom-model"),
    "DeleteCustomModel": ("modelIdentifier", "custom-model"),
    "GetProvisionedModelThroughput": ("provisionedModelId", "provisioned-model"),
    "UpdateProvisionedModelThroughput": ("provisionedModelId", "provisioned-model"),
    "DeleteProvisionedModelThroughput": ("provisionedModelId", "provisioned-model"),
    "CreateCustomModelDeployment": ("modelArn", "custom-model"),
    "GetCustomModelDeployment": ("customModelDeploymentIdentifier", "custom-model-deployment"),
    "UpdateCustomModelDeployment": ("customModelDeploymentIdentifier", "custom-model-deployment"),
    "DeleteCustomModelDeployment": ("customModelDeploymentIdentifier", "custom-model-deployment"),
    "GetInferenceProfile": ("inferenceProfileIdentifier", "inference-profile"),
    "TagResource": ("resourceARN", ""),
    "UntagResource": ("resourceARN", ""),
    "ListTagsForResource": ("resourceARN", ""),
}


def install() -> None:
    """Replaces MiniStack's authorization of Bedrock. MiniStack still verifies the signature."""
    original = iam_actions.extract_iam_action

    def always_allowed_for_bedrock(service: str, *request: Any) -> str | None:
        # An action that every principal may do. Without an action MiniStack would accept unsigned requests.
        return "sts:GetCallerIdentity" if service in _SERVICES else original(service, *request)

    iam_actions.extract_iam_action = always_allowed_for_bedrock
    for service in _SERVICES:
        guard(service, lambda request, service=service: _checks(service, request))  # type: ignore[misc]


def _checks(service: str, request: Request) -> Iterator[Check]:
    if request.path.startswith("/_local/"):
        # The local-only endpoints are for the administrator of the cloud, not for the roles of the app.
        yield Check("local-bedrock:Administer")
        return
    try:
        operation, labels = route(service, request.method, request.path)
        params = parse_request(operation, labels, request.query, request.headers, request.body)
    except BedrockError:
        return  # The service answers with the same error.
    yield from permissions(operation.name, params)


def permissions(operation: str, params: dict[str, Any]) -> Iterator[Check]:
    """The permissions that an operation with these parameters needs. The parameters are not validated yet."""
    action = f"bedrock:{_ACTION_OF_OPERATION.get(operation, operation)}"
    if operation == "CreateModelCustomizationJob":
        yield from _job_creation(action, params)
    elif operation == "CreateModelInvocationJob":
        yield from _batch_creation(action, params)
    elif operation == "CreateProvisionedModelThroughput":
        model = str(params.get("modelId", ""))
        kind = "custom-model" if ":custom-model/" in model else "foundation-model"
        yield Check(action, _arn(kind, model), _request_tags(params.get("tags")))
        yield from _tagging(params.get("tags"), "provisioned-model")
    elif operation == "CreateCustomModelDeployment":
        yield Check(action, _arn("custom-model", params.get("modelArn")), _request_tags(params.get("tags")))
        yield from _tagging(params.get("tags"), "custom-model-deployment")
    elif "modelId" in params:
        yield from (Check(action, arn, context) for arn, context in _invocation(str(params["modelId"])))
    elif operation in _NAMED_RESOURCE:
        parameter, kind = _NAMED_RESOURCE[operation]
        resource = _arn(kind, params.get(parameter))
        yield Check(action, resource, _resource_tags(resource) | _request_tags(params.get("tags")))
    else:
        yield Check(action)


def _job_creation(action: str, params: dict[str, Any]) -> Iterator[Check]:
    tags = _request_tags(params.get("jobTags"))
    base = str(params.get("baseModelIdentifier", ""))
    kind = "custom-model" if ":custom-model/" in base else "foundation-model"
    yield Check(action, _arn(kind, base), tags)
    yield Check(action, _arn("custom-model", "*"), tags)
    yield Check(action, _arn("model-customization-job", "*"), tags)
    yield from _tagging(params.get("jobTags"), "model-customization-job")
    yield from _tagging(params.get("customModelTags"), "custom-model")


def _batch_creation(action: str, params: dict[str, Any]) -> Iterator[Check]:
    """The model is checked as for an invocation, and the job with its tags."""
    tags = _request_tags(params.get("tags"))
    for arn, context in _invocation(str(params.get("modelId", ""))):
        yield Check(action, arn, context | tags)
    yield Check(action, _arn("model-invocation-job", "*"), tags)
    yield from _tagging(params.get("tags"), "model-invocation-job")


def _tagging(tags: Any, kind: str) -> Iterator[Check]:
    """`bedrock:TagResource`, which creating a resource with tags needs, too."""
    if tags:
        yield Check("bedrock:TagResource", _arn(kind, "*"), _request_tags(tags))


def _invocation(model: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The ARNs on which an invocation is checked, each with its condition keys.

    With an inference profile these are the profile and its model in every Region that the profile routes to. On AWS a
    Region that is missing in the policy fails only when a request is routed there. Here all Regions are always checked.
    """
    profile = model.rsplit("/", 1)[-1]
    if ":inference-profile/" not in model and not _PROFILE.match(model):
        yield _arn("foundation-model", model), {}
        return
    arn = _arn("inference-profile", model)
    yield arn, {}
    model_id, regions = _profile_target(profile)
    for region in regions:
        yield f"arn:aws:bedrock:{region}::foundation-model/{model_id}", {"bedrock:inferenceprofilearn": arn}


def _profile_target(profile: str) -> tuple[str, tuple[str, ...]]:
    judge = catalog.judge(profile)
    if judge:
        return judge.foundation_model, tuple(judge.regions)
    for model in catalog.models():
        if model.profile == profile:
            return _PROFILE.sub("", profile), tuple(model.profile_regions)
    return _PROFILE.sub("", profile), (responses.get_region(),)


def _arn(kind: str, identifier: Any) -> str:
    """The ARN of a resource that is given by ARN, id or name. AWS's ARN ends in the id even if a name was given."""
    text = str(identifier or "*")
    if text.startswith("arn:") or not kind:
        return text
    account = "" if kind == "foundation-model" else responses.get_account_id()
    return f"arn:aws:bedrock:{responses.get_region()}:{account}:{kind}/{text}"


def _request_tags(tags: Any) -> dict[str, Any]:
    """The condition keys `aws:RequestTag/...` and `aws:TagKeys` for the tags of a request."""
    pairs = [tag for tag in tags if isinstance(tag, dict)] if isinstance(tags, list) else []
    if not pairs:
        return {}
    named = {f"aws:requesttag/{tag.get('key')}".lower(): tag.get("value") for tag in pairs}
    return named | {"aws:tagkeys": [tag.get("key") for tag in pairs]}


def _resource_tags(arn: str) -> dict[str, Any]:
    """The condition keys `aws:ResourceTag/...` of a resource of the local Bedrock."""
    tags = instance().state.store.tags(arn) or {}
    return {f"aws:resourcetag/{name}".lower(): value for name, value in tags.items()}
