"""Service Quotas, as far as Bedrock's quotas go: GetServiceQuota and ListServiceQuotas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.bedrock.errors import NoSuchResourceError
from local.bedrock.scope import current_scope

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock

NO_COMMITMENT_CODE = "L-BE77399C"
NO_COMMITMENT_NAME = "Model units no-commitment Provisioned Throughputs across custom models"


def get(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """GetServiceQuota."""
    _check_service(params["ServiceCode"])
    if params["QuotaCode"] != NO_COMMITMENT_CODE:
        raise NoSuchResourceError("The request failed because the specified quota does not exist.")
    return {"Quota": _model_units(bedrock)}


def list_quotas(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """ListServiceQuotas."""
    _check_service(params["ServiceCode"])
    return {"Quotas": [_model_units(bedrock)]}


def _check_service(code: str) -> None:
    if code != "bedrock":
        raise NoSuchResourceError("The request failed because the specified service does not exist.")


def _model_units(bedrock: Bedrock) -> dict[str, Any]:
    scope = current_scope()
    return {
        "ServiceCode": "bedrock",
        "ServiceName": "Amazon Bedrock",
        "QuotaArn": f"arn:aws:servicequotas:{scope.region}:{scope.account}:bedrock/{NO_COMMITMENT_CODE}",
        "QuotaCode": NO_COMMITMENT_CODE,
        "QuotaName": NO_COMMITMENT_NAME,
        "Value": float(bedrock.settings.model_units),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


OPERATIONS = {"GetServiceQuota": get, "ListServiceQuotas": list_quotas}
