"""Permissions on Amazon Bedrock. Paid resources get the deployment's tag, and only tagged resources can be deleted."""

from __future__ import annotations

from collections.abc import Sequence

from stacks.permissions import model_arns
from stacks.permissions.arns import Arns
from stacks.permissions.grant import Conditions, Grant, only_tag, pass_role, tagged_request, tagged_resource
from tuner import catalog
from tuner.core.resource_names import Tags

# The endpoints of tuned models: resource type in the ARN, and noun in the names of the actions.
_ENDPOINTS = {"provisioned-model": "ProvisionedModelThroughput", "custom-model-deployment": "CustomModelDeployment"}


def describe_models(arns: Arns) -> list[Grant]:
    """Describes any foundation model, so that a wrong id gets a better message than AccessDenied."""
    return [
        Grant(
            ("bedrock:GetFoundationModel",),
            (arns.foundation_model("*"),),
            "asks whether a model is active and tunable here; a run may name any",
        )
    ]


def read_quotas(arns: Arns) -> list[Grant]:
    """Bedrock's quotas of this account."""
    quotas = arns.arn("servicequotas", "bedrock/*")
    reason = "finds how often the judge may be asked, by the quota's name; AWS has no narrower resource for lists"
    return [
        Grant(
            ("servicequotas:GetServiceQuota",),
            (quotas,),
            "reads how many model units and customization jobs the account may have",
        ),
        Grant(("servicequotas:ListServiceQuotas",), ("*",), reason),
    ]


def invoke_models(arns: Arns) -> list[Grant]:
    """Invokes the models that a run compares, on demand, and tuned models through the endpoint of the run."""
    return [
        *invoke_compared(arns),
        Grant(("bedrock:InvokeModel",), _endpoints(arns), "asks the tuned model; its endpoint's id is made by Bedrock"),
    ]


def invoke_compared(arns: Arns) -> list[Grant]:
    """Invokes base models on demand, and the other models that a run may compare with."""
    return [
        # IAM has no action for Converse: Bedrock authorizes it as InvokeModel.
        Grant(
            ("bedrock:InvokeModel",),
            tuple(model_arns.askable(arns)),
            "asks the base model, and the models that the run compares with; Converse is InvokeModel",
        ),
        *_invoke_through_profiles(arns, arns.deployment.compared_models),
    ]


def invoke_judges(arns: Arns) -> list[Grant]:
    """Invokes the judges that the deployment allows."""
    return [
        Grant(
            ("bedrock:InvokeModel",),
            tuple(model_arns.judges(arns)),
            "has the answers graded; a profile's model is checked in every Region the profile may reach",
        ),
        *_invoke_through_profiles(arns, _allowed_judges(arns)),
    ]


def _allowed_judges(arns: Arns) -> tuple[str, ...]:
    return (arns.deployment.judge_model, *arns.deployment.judge_models)


def _invoke_through_profiles(arns: Arns, models: Sequence[str]) -> list[Grant]:
    """Invokes the models of the account's own inference profiles, whose ARNs do not contain the models.

    https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
    """
    own = tuple(model for model in models if ":application-inference-profile/" in model)
    if not own:
        return []
    reason = "asks the model behind the account's own inference profile, through that profile only"
    through = {"StringEquals": {"bedrock:InferenceProfileArn": own}}
    return [Grant(("bedrock:InvokeModel",), (arns.foundation_model("*", "*"),), reason, through)]


def describe_subscriptions(arns: Arns) -> list[Grant]:
    """Checks the subscriptions of models that are sold in AWS Marketplace, if the deployment uses any."""
    allowed = (*_allowed_judges(arns), *arns.deployment.compared_models)
    if not any(catalog.judge_or_assumed(judge).marketplace for judge in allowed):
        return []
    reason = (
        "asks whether the account is subscribed to a judge or a model to compare with; AWS has no narrower resource"
    )
    return [Grant(("bedrock:GetFoundationModelAvailability",), ("*",), reason)]


def start_jobs(arns: Arns) -> list[Grant]:
    """Starts customization jobs with the deployment's tag, and passes the service role to them."""
    job, model = arns.bedrock("model-customization-job/*"), arns.bedrock("custom-model/*")
    return [
        Grant(
            ("bedrock:CreateModelCustomizationJob",),
            # Bedrock authorizes the call on three kinds of resources: the base model, the job, and the custom model.
            (*model_arns.tunable(arns), model, job),
            "starts the customization job; job and model get their ids from Bedrock",
            tagged_request(arns.deployment.name),
        ),
        Grant(("bedrock:TagResource",), (job, model), "tags what it starts", tagged_request(arns.deployment.name)),
        pass_role(arns.customization_role, "bedrock", "gives the job its service role"),
    ]


def tag_models(arns: Arns) -> list[Grant]:
    """Tags custom models of this deployment with the gate's decision, and with no other key."""
    return [
        Grant(
            ("bedrock:TagResource",),
            (arns.bedrock("custom-model/*"),),
            "marks the custom model with the gate's decision, and with nothing else",
            # Both conditions: only models of this deployment, and no other tag. The deletion of models depends on their
            # tags.
            {**tagged_resource(arns.deployment.name), **only_tag(Tags.GATE)},
        )
    ]


def read_model_tags(arns: Arns) -> list[Grant]:
    """Checks that the model of an adoptable job exists and belongs to this deployment."""
    models_ = (arns.bedrock("custom-model/*"),)
    return [Grant(("bedrock:ListTagsForResource",), models_, "sees by the tag whether a model is there to be adopted")]


def describe_jobs(arns: Arns) -> list[Grant]:
    """Reads the status, the losses and the custom model of jobs."""
    job = arns.bedrock("model-customization-job/*")
    return [Grant(("bedrock:GetModelCustomizationJob",), (job,), "asks how the job is doing")]


def list_jobs(arns: Arns) -> list[Grant]:
    """Lists jobs in progress and reads their deployment tags."""
    jobs = (arns.bedrock("model-customization-job/*"),)
    return [
        Grant(
            ("bedrock:ListModelCustomizationJobs",),
            ("*",),
            "finds the jobs that no running execution uses; AWS has no narrower resource for lists",
        ),
        Grant(("bedrock:ListTagsForResource",), jobs, "sees by the tag whose a job is"),
    ]


def stop_jobs(arns: Arns) -> list[Grant]:
    """Stops jobs that have the deployment's tag."""
    tagged = tagged_resource(arns.deployment.name)
    jobs = (arns.bedrock("model-customization-job/*"),)
    return [Grant(("bedrock:StopModelCustomizationJob",), jobs, "ends a training that no run waits for", tagged)]


def count_jobs(arns: Arns) -> list[Grant]:
    """Checks whether other jobs use the account's quota."""
    reason = "tells a quota that other jobs fill from one that is too small; AWS has no narrower resource for lists"
    return [Grant(("bedrock:ListModelCustomizationJobs",), ("*",), reason)]


def create_endpoints(arns: Arns) -> list[Grant]:
    """Creates throughput and deployments, only of custom models and only with the deployment's tag."""
    return [
        Grant(
            ("bedrock:CreateProvisionedModelThroughput", "bedrock:CreateCustomModelDeployment"),
            (arns.bedrock("custom-model/*"),),
            "makes the tuned model answer; never a base model",
            # Bedrock has no condition key for the commitment. The step checks it against the deployment's setting.
            tagged_request(arns.deployment.name),
        ),
        Grant(("bedrock:TagResource",), _endpoints(arns), "tags what it buys", tagged_request(arns.deployment.name)),
    ]


def describe_endpoints(arns: Arns) -> list[Grant]:
    """Reads the status of throughput and deployments."""
    return _per_endpoint(arns, "bedrock:Get{}", "asks whether the endpoint is in service, or gone")


def find_endpoints(arns: Arns) -> list[Grant]:
    """Lists throughput and deployments and reads their tags."""
    return [
        Grant(
            ("bedrock:ListProvisionedModelThroughputs", "bedrock:ListCustomModelDeployments"),
            ("*",),
            "finds what an earlier attempt made; AWS has no narrower resource for lists",
        ),
        Grant(("bedrock:ListTagsForResource",), _endpoints(arns), "sees by the tag whose it is"),
    ]


def delete_endpoints(arns: Arns) -> list[Grant]:
    """Deletes throughput and deployments that have the deployment's tag."""
    tagged = tagged_resource(arns.deployment.name)
    return _per_endpoint(arns, "bedrock:Delete{}", "ends what costs money", tagged)


def tag_endpoints(arns: Arns) -> list[Grant]:
    """Tags endpoints of this deployment with the end of their retention, and with no other key."""
    return [
        Grant(
            ("bedrock:TagResource",),
            _endpoints(arns),
            "marks what is kept with the time when that ends, and with nothing else",
            {**tagged_resource(arns.deployment.name), **only_tag(Tags.KEPT_UNTIL)},
        )
    ]


def find_models(arns: Arns, reason: str) -> list[Grant]:
    """Lists custom models, and tells by the tag whose they are."""
    return [
        Grant(("bedrock:ListCustomModels",), ("*",), f"{reason}; AWS has no narrower resource for lists"),
        Grant(
            ("bedrock:ListTagsForResource",),
            (arns.bedrock("custom-model/*"),),
            "sees by the tag whose a model is, and whether it is accepted",
        ),
    ]


def delete_models(arns: Arns) -> list[Grant]:
    """Deletes custom models that are expired or were not chosen, and that have the deployment's tag."""
    return [*find_models(arns, "finds models that are too old or were not chosen"), delete_tagged_models(arns)]


def delete_tagged_models(arns: Arns) -> Grant:
    """Deletes custom models that have the deployment's tag."""
    tagged = tagged_resource(arns.deployment.name)
    models_ = arns.bedrock("custom-model/*")
    return Grant(("bedrock:DeleteCustomModel",), (models_,), "ends what costs money by the month", tagged)


def _per_endpoint(arns: Arns, action: str, reason: str, conditions: Conditions | None = None) -> list[Grant]:
    """The same action on throughput and on deployments: their names differ by the noun."""
    return [
        Grant((action.format(name),), (arns.bedrock(f"{kind}/*"),), reason, conditions or {})
        for kind, name in _ENDPOINTS.items()
    ]


def _endpoints(arns: Arns) -> tuple[str, ...]:
    return tuple(arns.bedrock(f"{kind}/*") for kind in _ENDPOINTS)
