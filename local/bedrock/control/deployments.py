"""Custom model deployments: on-demand inference for a custom model."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from local.bedrock.control.pagination import page
from local.bedrock.errors import ServiceQuotaExceededError, ValidationError
from local.bedrock.protocol.operation import Operation, Params, Result
from local.bedrock.state.account_region import AccountRegion, current_account_region, new_id
from local.bedrock.state.bedrock_state import BedrockState
from local.bedrock.state.billing import close_bill, open_bill
from local.bedrock.state.endpoints import check_deletion_allowed, endpoint_status, with_age_offset
from local.bedrock.state.lookups import find_deployment, find_model
from local.bedrock.state.records import CustomModel, Deployment
from local.bedrock.state.tags import tags_from_request
from tuner import catalog


def operations(state: BedrockState) -> dict[str, Operation]:
    """The handlers of this module by API name."""
    return {
        "CreateCustomModelDeployment": partial(create, state),
        "GetCustomModelDeployment": partial(get, state),
        "ListCustomModelDeployments": partial(list_deployments, state),
        "DeleteCustomModelDeployment": partial(delete, state),
    }


def create(state: BedrockState, params: Params) -> Result:
    """CreateCustomModelDeployment, for the model families that AWS serves on demand."""
    account_region = current_account_region()
    with state.store.lock:
        earlier = state.store.deployments.with_token(account_region, params.get("clientRequestToken"))
        if earlier:
            return {"customModelDeploymentArn": earlier.arn}
        model = find_model(state.store, account_region, params["modelArn"])
        _check(state, account_region, params["modelDeploymentName"], model)
        identifier, now = new_id(), state.clock()
        deployment = Deployment(
            id=identifier,
            name=params["modelDeploymentName"],
            arn=account_region.arn(f"custom-model-deployment/{identifier}"),
            account_region=account_region,
            created=now,
            changed=now,
            ready=now + timedelta(seconds=state.settings.deployment_seconds),
            token=params.get("clientRequestToken"),
            tags=tags_from_request(params.get("tags")),
            model_arn=model.arn,
            base_model_id=model.base_model_id,
            description=params.get("description"),
            injected_failure=state.settings.fail_deployments,
        )
        state.store.deployments.put(deployment)
        open_bill(state.store, deployment)
    return {"customModelDeploymentArn": deployment.arn}


def _check(state: BedrockState, account_region: AccountRegion, name: str, model: CustomModel) -> None:
    settings = state.settings
    if not catalog.family_of(model.base_model_id).on_demand_deployment:
        raise ValidationError(
            f"Custom models based on {model.base_model_id} cannot be deployed for on-demand inference."
        )
    if state.store.deployments.find(account_region, name):
        raise ValidationError("The provided model deployment name is currently in use.")
    deployments = list(state.store.deployments.all(account_region))
    creating = [deployment for deployment in deployments if state.clock() < deployment.ready]
    if len(deployments) >= settings.deployments:
        raise ServiceQuotaExceededError(
            f"Your account's quota of {settings.deployments} custom model deployments is used up."
        )
    if len(creating) >= settings.deployments_in_progress:
        raise ServiceQuotaExceededError(
            f"Your account can create {settings.deployments_in_progress} custom model deployments at a time."
        )


def get(state: BedrockState, params: Params) -> Result:
    """GetCustomModelDeployment."""
    found = find_deployment(state.store, current_account_region(), params["customModelDeploymentIdentifier"])
    deployment = with_age_offset(found, state.settings)
    status = _status(state, deployment)
    return {
        "customModelDeploymentArn": deployment.arn,
        "modelDeploymentName": deployment.name,
        "modelArn": deployment.model_arn,
        "createdAt": deployment.created,
        "status": status,
        "description": deployment.description,
        "failureMessage": deployment.injected_failure if status == "Failed" else None,
        # The change to Active happens without a request, when `ready` has come.
        "lastUpdatedAt": max(deployment.changed, min(deployment.ready, state.clock())),
    }


def list_deployments(state: BedrockState, params: Params) -> Result:
    """ListCustomModelDeployments."""

    def summary(deployment: Deployment) -> Result:
        return {
            "customModelDeploymentArn": deployment.arn,
            # The summary's member is named unlike GetCustomModelDeployment's `modelDeploymentName`, as on AWS.
            "customModelDeploymentName": deployment.name,
            "modelArn": deployment.model_arn,
            "createdAt": deployment.created,
            "status": _status(state, deployment),
            "lastUpdatedAt": deployment.changed,
        }

    found = (
        with_age_offset(deployment, state.settings)
        for deployment in state.store.deployments.all(current_account_region())
        if params.get("statusEquals") in (None, _status(state, deployment))
        and params.get("modelArnEquals") in (None, deployment.model_arn)
    )
    return page(found, params, "modelDeploymentSummaries", summary, "createdAfter", "createdBefore")


def delete(state: BedrockState, params: Params) -> Result:
    """DeleteCustomModelDeployment."""
    with state.store.lock:
        deployment = find_deployment(state.store, current_account_region(), params["customModelDeploymentIdentifier"])
        check_deletion_allowed(state.settings)
        state.store.deployments.delete(deployment.id)
        close_bill(state.store, deployment, state.clock())
    return {}


def _status(state: BedrockState, deployment: Deployment) -> str:
    return endpoint_status(deployment, state.clock(), "Active")
