"""What a modelId means: a base model, an inference profile, a provisioned throughput or a deployment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.bedrock import catalogue
from local.bedrock.account_region import current_scope
from local.bedrock.catalogue import FoundationModel
from local.bedrock.control.serving import state
from local.bedrock.engine.messages import Weights
from local.bedrock.errors import ModelNotReadyError, ResourceNotFoundError, ValidationError
from local.bedrock.records import Serving
from local.trainer.spec import ADAPTER_FOLDER

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock

END_OF_LIFE = (
    "This model version has reached the end of its life. Please refer to the AWS documentation for more details."
)


@dataclass(frozen=True, slots=True)
class Target:
    """What answers. `weights` is None where no network does: the instant engine, and models that only judge."""

    model_id: str
    base: FoundationModel
    weights: Weights | None
    stand_in: str


def resolve(bedrock: Bedrock, model_id: str) -> Target:
    """The target of an invocation.

    Raises:
        ValidationError: no such model, or not one that answers on demand.
        ResourceNotFoundError: no such throughput or deployment (any more), or a base model past its end of life.
        ModelNotReadyError: the throughput or deployment is still being created.
    """
    if ":provisioned-model/" in model_id or ":custom-model-deployment/" in model_id:
        return _served(bedrock, model_id)
    profile = catalogue.profiles().get(model_id.rsplit("inference-profile/", 1)[-1])
    base_id = profile.model_id if profile else model_id.rsplit("foundation-model/", 1)[-1]
    base = catalogue.foundation_models().get(base_id)
    if base is None:
        raise ValidationError("The provided model identifier is invalid.")
    if catalogue.lifecycle(base, bedrock.settings) == "END_OF_LIFE":
        raise ResourceNotFoundError(END_OF_LIFE)
    if not profile and not base.on_demand:
        raise ValidationError(
            f"Invocation of model ID {base.id} with on-demand throughput isn’t supported. "
            "Retry your request with the ID or ARN of an inference profile that contains this model."
        )
    return _target(bedrock, model_id, base, bedrock.settings.engine, None)


def _served(bedrock: Bedrock, arn: str) -> Target:
    provisioned = ":provisioned-model/" in arn
    tables = bedrock.store.throughputs if provisioned else bedrock.store.deployments
    serving: Serving | None = tables.find(current_scope(), arn)
    if serving is None:
        raise ResourceNotFoundError(f"Could not find the model to invoke: {arn}")
    ready = "InService" if provisioned else "Active"
    status = state(serving, bedrock.clock(), ready)
    if status != ready:
        raise ModelNotReadyError(f"The model is not ready for inference: {arn} is {status}.")
    model = bedrock.store.models.find(serving.scope, serving.model_arn)
    if model is None:
        raise ResourceNotFoundError(f"The custom model behind {arn} is gone.")
    base = catalogue.foundation_models()[model.base_model_id]
    return _target(bedrock, arn, base, model.engine, model.job_id)


def _target(bedrock: Bedrock, model_id: str, base: FoundationModel, engine: str, job_id: str | None) -> Target:
    weights = None
    if engine != "instant":
        adapter = bedrock.store.job_folder(job_id) / ADAPTER_FOLDER if job_id else None
        weights = Weights(network=engine, cache=bedrock.settings.networks, adapter=adapter)
    name = catalogue.ENGINE_NAMES[engine]
    return Target(model_id, base, weights, f"{name}, tuned" if job_id else name)
