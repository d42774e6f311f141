"""Custom models."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from local.bedrock.account_region import Scope, current_scope
from local.bedrock.control.listing import page
from local.bedrock.errors import ConflictError, ResourceNotFoundError
from local.bedrock.records import CustomModel

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock


def find_model(bedrock: Bedrock, scope: Scope, identifier: str) -> CustomModel:
    """The custom model that a name or an ARN means.

    Raises:
        ResourceNotFoundError: there is none.
    """
    model = bedrock.store.models.find(scope, identifier)
    if model is None:
        raise ResourceNotFoundError(f"The provided custom model could not be found: {identifier}")
    return model


def get(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """GetCustomModel."""
    model = _shown(bedrock, find_model(bedrock, current_scope(), params["modelIdentifier"]))
    return {
        "modelArn": model.arn,
        "modelName": model.name,
        "jobName": model.job_name,
        "jobArn": model.job_arn,
        "baseModelArn": model.scope.foundation_model_arn(model.base_model_id),
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


def list_models(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """ListCustomModels."""
    base = params.get("baseModelArnEquals") or params.get("foundationModelArnEquals")
    models = (
        _shown(bedrock, model)
        for model in bedrock.store.models.all(current_scope())
        if base in (None, model.scope.foundation_model_arn(model.base_model_id))
        and params.get("modelStatus", "Active") == "Active"
        and params.get("isOwned", True)
    )
    return page(models, params, "modelSummaries", _summary)


def delete(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteCustomModel; refused while the model is served."""
    with bedrock.store.lock:
        model = find_model(bedrock, current_scope(), params["modelIdentifier"])
        serving = [*bedrock.store.throughputs.all(model.scope), *bedrock.store.deployments.all(model.scope)]
        used_by = [record.arn for record in serving if record.model_arn == model.arn]
        if used_by:
            raise ConflictError(f"The custom model is in use by {', '.join(used_by)}: delete that first.")
        bedrock.store.models.delete(model.id)
        shutil.rmtree(bedrock.store.job_folder(model.job_id), ignore_errors=True)
    return {}


def _shown(bedrock: Bedrock, model: CustomModel) -> CustomModel:
    older = timedelta(days=bedrock.settings.models_age_days)
    return model.model_copy(update={"created": model.created - older})


def _summary(model: CustomModel) -> dict[str, Any]:
    base = model.scope.foundation_model_arn(model.base_model_id)
    return {
        "modelArn": model.arn,
        "modelName": model.name,
        "creationTime": model.created,
        "baseModelArn": base,
        "baseModelName": model.base_model_id.split(":")[0],
        "customizationType": "FINE_TUNING",
        "ownerAccountId": model.scope.account,
        "modelStatus": "Active",
    }


OPERATIONS = {"GetCustomModel": get, "ListCustomModels": list_models, "DeleteCustomModel": delete}
