"""Tells whether the account may use a model, and explains a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, mapped_errors

# Sources: Amazon Bedrock User Guide, "Access Amazon Bedrock foundation models" (model-access.html), autumn 2026. The
# wording of the refusals is from public issue threads of real accounts, 2025-10 to 2026-08.
MARKETPLACE = (
    "The model is sold through AWS Marketplace. Subscribe the account once: with credentials that may call "
    "aws-marketplace:ViewSubscriptions and aws-marketplace:Subscribe, accept the model's terms in the Bedrock console "
    "(Model catalog). Wait 15 minutes and ask again: during these minutes calls may succeed and later ones be denied."
)
USE_CASE = (
    "Anthropic's models need a use case form, once per account or organization: the Bedrock console shows it when one "
    "of these models is chosen (Model catalog). Wait 15 minutes after sending it."
)
_ORGANIZATION = (
    "A policy of your organization (SCP) denies the call. Ask its administrators to allow bedrock:InvokeModel on the "
    "model in every Region that the inference profile may use."
)
ANOTHER_JUDGE = (
    "A judge that needs no subscription and no form, and is called in this Region only, is amazon.nova-pro-v1:0 "
    "(setting judge_model)."
)
_PERMISSION = (
    "Allow your own credentials bedrock:InvokeModel on this model, and on its inference profile if it has one."
)


@dataclass(frozen=True, slots=True)
class ModelAccess:
    """The account's access to a foundation model.

    `agreement` tells whether the terms of a third party's model are accepted: AVAILABLE, PENDING, NOT_AVAILABLE or
    ERROR.
    """

    authorized: bool
    entitled: bool
    in_region: bool
    agreement: str
    problem: str = ""


def model_access(model_id: str, api: Any = None) -> ModelAccess | None:
    """The account's access, or None when Bedrock does not tell. Calls: bedrock:GetFoundationModelAvailability."""
    with mapped_errors(f"ask for the access to the model {model_id}"):
        try:
            found = (api or client("bedrock")).get_foundation_model_availability(modelId=model_id)
        except ClientError as error:
            if code_of(error) in {"ResourceNotFoundException", "ValidationException"}:
                return None
            raise
    agreement = found["agreementAvailability"]
    return ModelAccess(
        authorized=found["authorizationStatus"] == "AUTHORIZED",
        entitled=found["entitlementAvailability"] == "AVAILABLE",
        in_region=found["regionAvailability"] == "AVAILABLE",
        agreement=agreement["status"],
        problem=agreement.get("errorMessage", ""),
    )


def denial_remedy(message: str, instead: str = ANOTHER_JUDGE) -> str:
    """What to do when AWS refuses to invoke a model, derived from the wording of its message, or `instead`."""
    said = message.lower()
    if "use case" in said:
        return f"{USE_CASE} {instead}"
    if "marketplace" in said or "subscription" in said:
        return f"{MARKETPLACE} {instead}"
    if "service control policy" in said:
        return f"{_ORGANIZATION} {instead}"
    return _PERMISSION
