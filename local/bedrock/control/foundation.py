"""Foundation models and inference profiles."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from local.bedrock import catalogue
from local.bedrock.account_region import Scope, current_scope
from local.bedrock.catalogue import FoundationModel, Profile
from local.bedrock.errors import ResourceNotFoundError, ValidationError
from tuner import catalog

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock


def tunable_model(bedrock: Bedrock, scope: Scope, identifier: str) -> catalog.Model:
    """The model that a customization job may start from.

    Raises:
        ValidationError: unknown, past its end of life, not tunable, or (with lifecycle=aws) not in this Region.
    """
    model = catalogue.foundation_models().get(_model_id(identifier))
    if model is None or catalogue.lifecycle(model, bedrock.settings) == "END_OF_LIFE":
        raise ValidationError("The provided model identifier is invalid.")
    if model.tunable is None:
        raise ValidationError(f"The model {model.id} does not support FINE_TUNING customization.")
    if bedrock.settings.lifecycle == "aws" and scope.region not in model.tunable.regions:
        raise ValidationError("The provided model identifier is invalid.")
    return model.tunable


def get_model(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """GetFoundationModel."""
    model = catalogue.foundation_models().get(_model_id(params["modelIdentifier"]))
    if model is None:
        raise ResourceNotFoundError("Could not resolve the foundation model from the provided model identifier.")
    return {"modelDetails": _details(bedrock, model)}


def get_availability(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """GetFoundationModelAvailability. Everybody has access to the stand-ins."""
    model = catalogue.foundation_models().get(_model_id(params["modelId"]))
    if model is None:
        raise ResourceNotFoundError("Could not resolve the foundation model from the provided model identifier.")
    return {
        "modelId": model.id,
        "agreementAvailability": {"status": "AVAILABLE"},
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": "AVAILABLE",
        "regionAvailability": "AVAILABLE",
    }


def list_models(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """ListFoundationModels."""
    wanted = {
        "customizationsSupported": params.get("byCustomizationType"),
        "outputModalities": params.get("byOutputModality"),
        "inferenceTypesSupported": params.get("byInferenceType"),
    }
    provider = params.get("byProvider", "").lower()
    found = [
        details
        for details in (_details(bedrock, model) for model in catalogue.foundation_models().values())
        if provider in ("", details["providerName"].lower())
        and all(value is None or value in details[key] for key, value in wanted.items())
    ]
    return {"modelSummaries": found}


def get_profile(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """GetInferenceProfile."""
    profile = catalogue.profiles().get(params["inferenceProfileIdentifier"].rsplit("/", 1)[-1])
    if profile is None:
        raise ResourceNotFoundError("The provided inference profile could not be found.")
    return _profile(profile)


def list_profiles(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """ListInferenceProfiles."""
    offered = catalogue.profiles().values() if params.get("typeEquals") != "APPLICATION" else ()
    return {"inferenceProfileSummaries": [_profile(profile) for profile in offered]}


def _model_id(identifier: str) -> str:
    return identifier.rsplit("foundation-model/", 1)[-1]


def _details(bedrock: Bedrock, model: FoundationModel) -> dict[str, Any]:
    lifecycle: dict[str, Any] = {"status": "ACTIVE"}
    state = catalogue.lifecycle(model, bedrock.settings)
    if state != "ACTIVE":
        # The service model has no word for "past its end": what AWS answers then is unconfirmed.
        end = model.end_of_life or bedrock.clock().date() + dt.timedelta(days=90 if state == "LEGACY" else -1)
        lifecycle = {"status": "LEGACY", "endOfLifeTime": dt.datetime(end.year, end.month, end.day, tzinfo=dt.UTC)}
    return {
        "modelArn": current_scope().foundation_model_arn(model.id),
        "modelId": model.id,
        "modelName": catalogue.stand_in_name(model, bedrock.settings),
        "providerName": model.provider,
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": False,
        "customizationsSupported": ["FINE_TUNING"] if model.tunable else [],
        "inferenceTypesSupported": ["PROVISIONED"] if model.tunable else ["ON_DEMAND"] if model.on_demand else [],
        "modelLifecycle": lifecycle,
    }


def _profile(profile: Profile) -> dict[str, Any]:
    scope = current_scope()
    return {
        "inferenceProfileName": f"US {profile.name}".replace(".", "-"),
        "description": "Routes requests on AWS and is answered by a local stand-in here",
        "inferenceProfileArn": scope.arn(f"inference-profile/{profile.id}"),
        "models": [
            {"modelArn": Scope(scope.account, region).foundation_model_arn(profile.model_id)}
            for region in profile.regions
        ],
        "inferenceProfileId": profile.id,
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }


OPERATIONS = {
    "GetFoundationModel": get_model,
    "GetFoundationModelAvailability": get_availability,
    "ListFoundationModels": list_models,
    "GetInferenceProfile": get_profile,
    "ListInferenceProfiles": list_profiles,
}
