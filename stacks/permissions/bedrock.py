"""Permissions on Amazon Bedrock. What costs money is made with the deployment's tag, and only that is deleted."""

from __future__ import annotations

from stacks.permissions import models
from stacks.permissions.arns import Places
from stacks.permissions.grant import Conditions, Grant
from tuner import catalog
from tuner.core.resource_names import Tags

# What a tuned model answers through: the kind in its ARN, and the noun in its actions.
_ENDPOINTS = {"provisioned-model": "ProvisionedModelThroughput", "custom-model-deployment": "CustomModelDeployment"}


def look_models_up(places: Places) -> list[Grant]:
    """Any model's public description, so that a wrong id gets a better answer than AccessDenied."""
    return [
        Grant(
            ("bedrock:GetFoundationModel",),
            (places.foundation_model("*"),),
            "asks whether a model is active and tunable here; a run may name any",
        )
    ]


def read_quotas(places: Places) -> list[Grant]:
    """Bedrock's quotas of this account."""
    quotas = places.arn("servicequotas", "bedrock/*")
    reason = "finds how often the judge may be asked, by the quota's name; AWS knows no narrower resource for lists"
    return [
        Grant(("servicequotas:GetServiceQuota",), (quotas,), "reads how many model units the account may have"),
        Grant(("servicequotas:ListServiceQuotas",), ("*",), reason),
    ]


def ask_models(places: Places) -> list[Grant]:
    """Base models on demand, and tuned ones through the endpoint that the run made."""
    return [
        Grant(("bedrock:InvokeModel",), tuple(models.askable(places)), "asks the base model; Converse is InvokeModel"),
        Grant(
            ("bedrock:InvokeModel",), _endpoints(places), "asks the tuned model; its endpoint's id is made by Bedrock"
        ),
    ]


def ask_judges(places: Places) -> list[Grant]:
    """The judges that the deployment allows."""
    return [
        Grant(
            ("bedrock:InvokeModel",),
            tuple(models.judging(places)),
            "has the answers graded; a profile's model is checked in every Region the profile may reach",
        ),
        *_ask_behind_profiles(places),
    ]


def _ask_behind_profiles(places: Places) -> list[Grant]:
    """The models behind the account's own inference profiles, whose ARNs do not name them.

    https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
    """
    allowed = (places.deployment.judge_model, *places.deployment.judge_models)
    own = tuple(judge for judge in allowed if ":application-inference-profile/" in judge)
    if not own:
        return []
    reason = "asks the model behind the account's own inference profile, through that profile only"
    through = {"StringEquals": {"bedrock:InferenceProfileArn": own}}
    return [Grant(("bedrock:InvokeModel",), (places.foundation_model("*", "*"),), reason, through)]


def look_subscriptions_up(places: Places) -> list[Grant]:
    """Whether the account is subscribed to the judges that are sold in AWS Marketplace, when the deployment has any."""
    allowed = (places.deployment.judge_model, *places.deployment.judge_models)
    if not any(catalog.judge_or_assumed(judge).marketplace for judge in allowed):
        return []
    reason = "asks whether the account is subscribed to a judge; AWS knows no narrower resource"
    return [Grant(("bedrock:GetFoundationModelAvailability",), ("*",), reason)]


def start_jobs(places: Places) -> list[Grant]:
    """A customization job with the deployment's tag, and the role it works with."""
    job, model = places.bedrock("model-customization-job/*"), places.bedrock("custom-model/*")
    return [
        Grant(
            ("bedrock:CreateModelCustomizationJob",),
            (*models.tunable(places), model, job),
            "starts the customization job; job and model get their ids from Bedrock",
            _tagged_request(places),
        ),
        Grant(("bedrock:TagResource",), (job, model), "tags what it starts", _tagged_request(places)),
        Grant(
            ("iam:PassRole",),
            (places.customization_role,),
            "gives the job its service role",
            {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
        ),
    ]


def mark_models(places: Places) -> list[Grant]:
    """The gate's decision as a tag, on custom models of this deployment; no other tag."""
    return [
        Grant(
            ("bedrock:TagResource",),
            (places.bedrock("custom-model/*"),),
            "marks the custom model with the gate's decision, and with nothing else",
            {
                "StringEquals": {f"aws:ResourceTag/{Tags.DEPLOYMENT}": places.deployment.name},
                "ForAllValues:StringEquals": {"aws:TagKeys": Tags.GATE},
            },
        )
    ]


def see_models(places: Places) -> list[Grant]:
    """Whether the model of a job that could be adopted exists, and is ours."""
    models_ = (places.bedrock("custom-model/*"),)
    return [Grant(("bedrock:ListTagsForResource",), models_, "sees by the tag whether a model is there to be adopted")]


def watch_jobs(places: Places) -> list[Grant]:
    """A job's status, losses and custom model."""
    job = places.bedrock("model-customization-job/*")
    return [Grant(("bedrock:GetModelCustomizationJob",), (job,), "asks how the job is doing")]


def list_jobs(places: Places) -> list[Grant]:
    """Jobs in progress, and whose they are."""
    jobs = (places.bedrock("model-customization-job/*"),)
    return [
        Grant(
            ("bedrock:ListModelCustomizationJobs",),
            ("*",),
            "finds the jobs that no running execution uses; AWS knows no narrower resource for lists",
        ),
        Grant(("bedrock:ListTagsForResource",), jobs, "sees by the tag whose a job is"),
    ]


def stop_jobs(places: Places) -> list[Grant]:
    """Only what carries the deployment's tag."""
    tagged = {"StringEquals": {f"aws:ResourceTag/{Tags.DEPLOYMENT}": places.deployment.name}}
    jobs = (places.bedrock("model-customization-job/*"),)
    return [Grant(("bedrock:StopModelCustomizationJob",), jobs, "ends a training that no run waits for", tagged)]


def count_jobs(places: Places) -> list[Grant]:
    """Whether other jobs take the account's places."""
    reason = "tells a quota that other jobs fill from one that is too small; AWS knows no narrower resource for lists"
    return [Grant(("bedrock:ListModelCustomizationJobs",), ("*",), reason)]


def purchase_endpoints(places: Places) -> list[Grant]:
    """Throughput and deployments of custom models only, and only with the deployment's tag."""
    return [
        Grant(
            ("bedrock:CreateProvisionedModelThroughput", "bedrock:CreateCustomModelDeployment"),
            (places.bedrock("custom-model/*"),),
            "makes the tuned model answer; never a base model",
            _tagged_request(places),
        ),
        Grant(("bedrock:TagResource",), _endpoints(places), "tags what it buys", _tagged_request(places)),
    ]


def watch_endpoints(places: Places) -> list[Grant]:
    """Status of throughput and deployments."""
    return _per_endpoint(places, "bedrock:Get{}", "asks whether the endpoint is in service, or gone")


def find_endpoints(places: Places) -> list[Grant]:
    """What of this deployment is there."""
    return [
        Grant(
            ("bedrock:ListProvisionedModelThroughputs", "bedrock:ListCustomModelDeployments"),
            ("*",),
            "finds what an earlier attempt made; AWS knows no narrower resource for lists",
        ),
        Grant(("bedrock:ListTagsForResource",), _endpoints(places), "sees by the tag whose it is"),
    ]


def delete_endpoints(places: Places) -> list[Grant]:
    """Only what carries the deployment's tag."""
    tagged = {"StringEquals": {f"aws:ResourceTag/{Tags.DEPLOYMENT}": places.deployment.name}}
    return _per_endpoint(places, "bedrock:Delete{}", "ends what costs money", tagged)


def mark_endpoints(places: Places) -> list[Grant]:
    """Until when an endpoint of this deployment is kept, and nothing else."""
    return [
        Grant(
            ("bedrock:TagResource",),
            _endpoints(places),
            "marks what is kept with the time when that ends, and with nothing else",
            {
                "StringEquals": {f"aws:ResourceTag/{Tags.DEPLOYMENT}": places.deployment.name},
                "ForAllValues:StringEquals": {"aws:TagKeys": Tags.KEPT_UNTIL},
            },
        )
    ]


def delete_models(places: Places) -> list[Grant]:
    """Custom models of this deployment that nothing uses."""
    models_ = places.bedrock("custom-model/*")
    tagged = {"StringEquals": {f"aws:ResourceTag/{Tags.DEPLOYMENT}": places.deployment.name}}
    reason = "finds models that are older than the deployment keeps them; AWS knows no narrower resource for lists"
    return [
        Grant(("bedrock:ListCustomModels",), ("*",), reason),
        Grant(
            ("bedrock:ListTagsForResource",), (models_,), "sees by the tag whose a model is, and whether it is accepted"
        ),
        Grant(("bedrock:DeleteCustomModel",), (models_,), "ends what costs money by the month", tagged),
    ]


def _per_endpoint(places: Places, action: str, reason: str, conditions: Conditions | None = None) -> list[Grant]:
    """The action on throughput, and its like on deployments."""
    return [
        Grant((action.format(name),), (places.bedrock(f"{kind}/*"),), reason, conditions or {})
        for kind, name in _ENDPOINTS.items()
    ]


def _endpoints(places: Places) -> tuple[str, ...]:
    return tuple(places.bedrock(f"{kind}/*") for kind in _ENDPOINTS)


def _tagged_request(places: Places) -> Conditions:
    return {"StringEquals": {f"aws:RequestTag/{Tags.DEPLOYMENT}": places.deployment.name}}
