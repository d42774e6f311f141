"""Resolves a modelId: a base model, an inference profile, a provisioned throughput or a deployment."""

from __future__ import annotations

from dataclasses import dataclass

from local.bedrock.engine.messages import Weights
from local.bedrock.errors import ModelNotReadyError, ResourceNotFoundError, ValidationError
from local.bedrock.offered_models import (
    FoundationModel,
    foundation_models,
    lifecycle,
    model_id_of,
    network_of,
    network_title,
    profiles,
)
from local.bedrock.state.account_region import current_account_region
from local.bedrock.state.bedrock_state import BedrockState
from local.bedrock.state.endpoints import endpoint_status
from local.bedrock.state.records import Endpoint
from local.trainer.spec import ADAPTER_FOLDER

END_OF_LIFE = (
    "This model version has reached the end of its life. Please refer to the AWS documentation for more details."
)


@dataclass(frozen=True, slots=True)
class Target:
    """The model that answers an invocation. `weights` is None with the engine `instant`, which has no network."""

    model_id: str
    base: FoundationModel
    weights: Weights | None
    stand_in: str


def resolve(state: BedrockState, model_id: str) -> Target:
    """The target of an invocation.

    Raises:
        ValidationError: there is no such model, or it cannot be invoked on demand.
        ResourceNotFoundError: the throughput or deployment does not exist, or the base model is past its end of life.
        ModelNotReadyError: the throughput or deployment is still being created.
    """
    if is_endpoint(model_id):
        return _endpoint_target(state, model_id)
    profile = profiles().get(model_id.rsplit("inference-profile/", 1)[-1])
    base = foundation_models().get(profile.model_id if profile else model_id_of(model_id))
    if base is None:
        raise ValidationError("The provided model identifier is invalid.")
    if lifecycle(base, state.settings) == "END_OF_LIFE":
        raise ResourceNotFoundError(END_OF_LIFE)
    if not profile and not base.on_demand:
        raise ValidationError(
            f"Invocation of model ID {base.id} with on-demand throughput isn’t supported. "
            "Retry your request with the ID or ARN of an inference profile that contains this model."
        )
    return _target(state, model_id, base, state.settings.engine, None)


def is_endpoint(model_id: str) -> bool:
    """Whether a modelId is the ARN of a provisioned throughput or a deployment."""
    return ":provisioned-model/" in model_id or ":custom-model-deployment/" in model_id


def _endpoint_target(state: BedrockState, arn: str) -> Target:
    """The custom model that a throughput or a deployment serves. Raises as `resolve`."""
    provisioned = ":provisioned-model/" in arn
    table = state.store.throughputs if provisioned else state.store.deployments
    endpoint: Endpoint | None = table.find(current_account_region(), arn)
    if endpoint is None:
        raise ResourceNotFoundError(f"Could not find the model to invoke: {arn}")
    ready_status = "InService" if provisioned else "Active"
    status = endpoint_status(endpoint, state.clock(), ready_status)
    if status != ready_status:
        raise ModelNotReadyError(f"The model is not ready for inference: {arn} is {status}.")
    model = state.store.models.find(endpoint.account_region, endpoint.model_arn)
    if model is None:
        raise ResourceNotFoundError(f"The custom model of {arn} no longer exists.")
    base = foundation_models()[model.base_model_id]
    # The engine of the model, and not of the settings: they may have changed since the training.
    return _target(state, arn, base, model.engine, model.job_id)


def _target(state: BedrockState, model_id: str, base: FoundationModel, engine: str, job_id: str | None) -> Target:
    weights = None
    if engine != "instant":
        adapter = state.store.job_folder(job_id) / ADAPTER_FOLDER if job_id else None
        weights = Weights(network=network_of(engine, base.id), cache=state.settings.networks, adapter=adapter)
    name = network_title(engine, base.id)
    return Target(model_id, base, weights, f"{name}, tuned" if job_id else name)
