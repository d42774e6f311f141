"""Foundation models and inference profiles."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from local.bedrock.errors import ResourceNotFoundError
from local.bedrock.offered_models import (
    FoundationModel,
    Profile,
    foundation_models,
    lifecycle,
    model_id_of,
    profiles,
    stand_in_name,
)
from local.bedrock.protocol.operation import Operation, Params, Result
from local.bedrock.state.account_region import AccountRegion, current_account_region
from local.bedrock.state.bedrock_state import BedrockState


def operations(state: BedrockState) -> dict[str, Operation]:
    """The handlers of this module by API name."""
    return {
        "GetFoundationModel": partial(get_model, state),
        "GetFoundationModelAvailability": get_availability,
        "ListFoundationModels": partial(list_models, state),
        "GetInferenceProfile": get_profile,
        "ListInferenceProfiles": list_profiles,
    }


def get_model(state: BedrockState, params: Params) -> Result:
    """GetFoundationModel."""
    model = foundation_models().get(model_id_of(params["modelIdentifier"]))
    if model is None:
        raise ResourceNotFoundError("Could not resolve the foundation model from the provided model identifier.")
    return {"modelDetails": _details(state, model)}


def get_availability(params: Params) -> Result:
    """GetFoundationModelAvailability. Every account has access to the stand-ins."""
    model = foundation_models().get(model_id_of(params["modelId"]))
    if model is None:
        raise ResourceNotFoundError("Could not resolve the foundation model from the provided model identifier.")
    return {
        "modelId": model.id,
        "agreementAvailability": {"status": "AVAILABLE"},
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": "AVAILABLE",
        "regionAvailability": "AVAILABLE",
    }


def list_models(state: BedrockState, params: Params) -> Result:
    """ListFoundationModels."""
    wanted = {
        "customizationsSupported": params.get("byCustomizationType"),
        "outputModalities": params.get("byOutputModality"),
        "inferenceTypesSupported": params.get("byInferenceType"),
    }
    provider = params.get("byProvider", "").lower()
    found = [
        details
        for details in (_details(state, model) for model in foundation_models().values())
        if provider in ("", details["providerName"].lower())
        and all(value is None or value in details[key] for key, value in wanted.items())
    ]
    return {"modelSummaries": found}


def get_profile(params: Params) -> Result:
    """GetInferenceProfile."""
    profile = profiles().get(params["inferenceProfileIdentifier"].rsplit("/", 1)[-1])
    if profile is None:
        raise ResourceNotFoundError("The provided inference profile could not be found.")
    return _profile(profile)


def list_profiles(params: Params) -> Result:
    """ListInferenceProfiles."""
    offered = profiles().values() if params.get("typeEquals") != "APPLICATION" else ()
    return {"inferenceProfileSummaries": [_profile(profile) for profile in offered]}


def _details(state: BedrockState, model: FoundationModel) -> Result:
    model_lifecycle: dict[str, Any] = {"status": "ACTIVE"}
    status = lifecycle(model, state.settings)
    if status != "ACTIVE":
        # The service model has no status for a model past its end of life. What AWS returns then is unconfirmed.
        end = model.end_of_life or state.clock().date() + dt.timedelta(days=90 if status == "LEGACY" else -1)
        end_time = dt.datetime(end.year, end.month, end.day, tzinfo=dt.UTC)
        model_lifecycle = {"status": "LEGACY", "endOfLifeTime": end_time}
    return {
        "modelArn": current_account_region().foundation_model_arn(model.id),
        "modelId": model.id,
        "modelName": stand_in_name(model, state.settings),
        "providerName": model.provider,
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": False,
        "customizationsSupported": ["FINE_TUNING"] if model.tunable else [],
        "inferenceTypesSupported": ["PROVISIONED"] if model.tunable else ["ON_DEMAND"] if model.on_demand else [],
        "modelLifecycle": model_lifecycle,
    }


def _profile(profile: Profile) -> Result:
    account_region = current_account_region()
    return {
        # The service model does not allow dots in the name.
        "inferenceProfileName": f"US {profile.name}".replace(".", "-"),
        "description": "Routes requests on AWS and is answered by a local stand-in here",
        "inferenceProfileArn": account_region.arn(f"inference-profile/{profile.id}"),
        "models": [
            {"modelArn": AccountRegion(account_region.account, region).foundation_model_arn(profile.model_id)}
            for region in profile.regions
        ],
        "inferenceProfileId": profile.id,
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }
