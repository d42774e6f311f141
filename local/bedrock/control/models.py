"""Custom models."""

from __future__ import annotations

import shutil
from datetime import timedelta
from functools import partial

from local.bedrock.control.pagination import page
from local.bedrock.errors import ConflictError
from local.bedrock.protocol.operation import Operation, Params, Result
from local.bedrock.state.account_region import current_account_region
from local.bedrock.state.bedrock_state import BedrockState
from local.bedrock.state.lookups import find_model
from local.bedrock.state.records import CustomModel
from local.bedrock.state.settings import Settings


def operations(state: BedrockState) -> dict[str, Operation]:
    """The handlers of this module by API name."""
    return {
        "GetCustomModel": partial(get, state),
        "ListCustomModels": partial(list_models, state),
        "DeleteCustomModel": partial(delete, state),
    }


def get(state: BedrockState, params: Params) -> Result:
    """GetCustomModel."""
    found = find_model(state.store, current_account_region(), params["modelIdentifier"])
    model = _with_age_offset(found, state.settings)
    return {
        "modelArn": model.arn,
        "modelName": model.name,
        "jobName": model.job_name,
        "jobArn": model.job_arn,
        "baseModelArn": model.account_region.foundation_model_arn(model.base_model_id),
        "customizationType": "FINE_TUNING",
        "modelKmsKeyArn": model.kms_key,
        "hyperParameters": model.hyperparameters,
        "trainingDataConfig": {"s3Uri": model.training_uri},
        "validationDataConfig": {"validators": [{"s3Uri": model.validation_uri}]} if model.validation_uri else None,
        "outputDataConfig": {"s3Uri": model.output_uri},
        "trainingMetrics": {"trainingLoss": model.training_loss} if model.training_loss is not None else None,
        "validationMetrics": [{"validationLoss": model.validation_loss}] if model.validation_loss is not None else None,
        "creationTime": model.created,
        "modelStatus": "Active",
    }


def list_models(state: BedrockState, params: Params) -> Result:
    """ListCustomModels."""
    base = params.get("baseModelArnEquals") or params.get("foundationModelArnEquals")
    models = (
        _with_age_offset(model, state.settings)
        for model in state.store.models.all(current_account_region())
        if base in (None, model.account_region.foundation_model_arn(model.base_model_id))
        # Every model here is Active and owned by the account.
        and params.get("modelStatus", "Active") == "Active"
        and params.get("isOwned", True)
    )
    return page(models, params, "modelSummaries", _summary)


def delete(state: BedrockState, params: Params) -> Result:
    """DeleteCustomModel. Refused while a throughput or a deployment serves the model."""
    with state.store.lock:
        model = find_model(state.store, current_account_region(), params["modelIdentifier"])
        endpoints = [
            *state.store.throughputs.all(model.account_region),
            *state.store.deployments.all(model.account_region),
        ]
        used_by = [endpoint.arn for endpoint in endpoints if endpoint.model_arn == model.arn]
        if used_by:
            raise ConflictError(f"The custom model is in use by {', '.join(used_by)}. Delete that first.")
        state.store.models.delete(model.id)
        if state.store.stored_models.by_id(model.id):
            state.store.stored_models.update(model.id, deleted=state.clock())
        # The weights are in the folder of the job.
        shutil.rmtree(state.store.job_folder(model.job_id), ignore_errors=True)
    return {}


def _with_age_offset(model: CustomModel, settings: Settings) -> CustomModel:
    offset = timedelta(days=settings.models_age_days)
    return model.model_copy(update={"created": model.created - offset})


def _summary(model: CustomModel) -> Result:
    return {
        "modelArn": model.arn,
        "modelName": model.name,
        "creationTime": model.created,
        "baseModelArn": model.account_region.foundation_model_arn(model.base_model_id),
        "baseModelName": model.base_model_id.split(":")[0],
        "customizationType": "FINE_TUNING",
        "ownerAccountId": model.account_region.account,
        "modelStatus": "Active",
    }
