"""Custom model deployments: a custom model on demand, without model units."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from local.bedrock.account_region import Scope, current_scope, new_id
from local.bedrock.control.listing import page
from local.bedrock.control.models import find_model
from local.bedrock.control.serving import bill, close_bill, refuse_if_told, shown, state
from local.bedrock.control.tags import from_wire
from local.bedrock.errors import ResourceNotFoundError, ServiceQuotaExceededError, ValidationError
from local.bedrock.records import CustomModel, Deployment
from tuner import catalog

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock


def create(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """CreateCustomModelDeployment, for the families that AWS serves on demand."""
    scope = current_scope()
    with bedrock.store.lock:
        earlier = bedrock.store.deployments.with_token(scope, params.get("clientRequestToken"))
        if earlier:
            return {"customModelDeploymentArn": earlier.arn}
        model = find_model(bedrock, scope, params["modelArn"])
        _check(bedrock, scope, params["modelDeploymentName"], model)
        identifier, now = new_id(), bedrock.clock()
        deployment = Deployment(
            id=identifier,
            name=params["modelDeploymentName"],
            arn=scope.arn(f"custom-model-deployment/{identifier}"),
            scope=scope,
            created=now,
            changed=now,
            ready=now + timedelta(seconds=bedrock.settings.deployment_seconds),
            token=params.get("clientRequestToken"),
            tags=from_wire(params.get("tags")),
            model_arn=model.arn,
            base_model_id=model.base_model_id,
            description=params.get("description"),
            injected_failure=bedrock.settings.fail_deployments,
        )
        bedrock.store.deployments.put(deployment)
        bill(bedrock, deployment, "custom-model-deployment", 0, None)
    return {"customModelDeploymentArn": deployment.arn}


def _check(bedrock: Bedrock, scope: Scope, name: str, model: CustomModel) -> None:
    if not catalog.family_of(model.base_model_id).on_demand_deployment:
        raise ValidationError(
            f"Custom models based on {model.base_model_id} cannot be deployed for on-demand inference."
        )
    if bedrock.store.deployments.find(scope, name):
        raise ValidationError("The provided model deployment name is currently in use.")
    deployments = list(bedrock.store.deployments.all(scope))
    creating = [deployment for deployment in deployments if bedrock.clock() < deployment.ready]
    if len(deployments) >= bedrock.settings.deployments:
        raise ServiceQuotaExceededError(
            f"Your account's quota of {bedrock.settings.deployments} custom model deployments is used up."
        )
    if len(creating) >= bedrock.settings.deployments_in_progress:
        raise ServiceQuotaExceededError(
            f"Your account can create {bedrock.settings.deployments_in_progress} custom model deployments at a time."
        )


def get(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """GetCustomModelDeployment."""
    deployment = shown(bedrock, _find(bedrock, params["customModelDeploymentIdentifier"]))
    status = state(deployment, bedrock.clock(), "Active")
    return {
        "customModelDeploymentArn": deployment.arn,
        "modelDeploymentName": deployment.name,
        "modelArn": deployment.model_arn,
        "createdAt": deployment.created,
        "status": status,
        "description": deployment.description,
        "failureMessage": deployment.injected_failure if status == "Failed" else None,
        "lastUpdatedAt": max(deployment.changed, min(deployment.ready, bedrock.clock())),
    }


def list_deployments(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """ListCustomModelDeployments."""

    def summary(deployment: Deployment) -> dict[str, Any]:
        return {
            "customModelDeploymentArn": deployment.arn,
            "customModelDeploymentName": deployment.name,
            "modelArn": deployment.model_arn,
            "createdAt": deployment.created,
            "status": state(deployment, bedrock.clock(), "Active"),
            "lastUpdatedAt": deployment.changed,
        }

    found = (
        shown(bedrock, deployment)
        for deployment in bedrock.store.deployments.all(current_scope())
        if params.get("statusEquals") in (None, state(deployment, bedrock.clock(), "Active"))
        and params.get("modelArnEquals") in (None, deployment.model_arn)
    )
    return page(found, params, "modelDeploymentSummaries", summary, "createdAfter", "createdBefore")


def delete(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteCustomModelDeployment."""
    with bedrock.store.lock:
        deployment = _find(bedrock, params["customModelDeploymentIdentifier"])
        refuse_if_told(bedrock)
        bedrock.store.deployments.delete(deployment.id)
        close_bill(bedrock, deployment)
    return {}


def _find(bedrock: Bedrock, identifier: str) -> Deployment:
    deployment = bedrock.store.deployments.find(current_scope(), identifier)
    if deployment is None:
        raise ResourceNotFoundError(f"Could not find the custom model deployment: {identifier}")
    return deployment


OPERATIONS = {
    "CreateCustomModelDeployment": create,
    "GetCustomModelDeployment": get,
    "ListCustomModelDeployments": list_deployments,
    "DeleteCustomModelDeployment": delete,
}
