"""Service Quotas, as far as Bedrock's quotas go: GetServiceQuota and ListServiceQuotas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from local.bedrock.account_region import current_scope
from local.bedrock.errors import NoSuchResourceError
from tuner import catalog

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock


def get(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """GetServiceQuota."""
    _check_service(params["ServiceCode"])
    found = next((quota for quota in _quotas(bedrock) if quota["QuotaCode"] == params["QuotaCode"]), None)
    if found is None:
        raise NoSuchResourceError("The request failed because the specified quota does not exist.")
    return {"Quota": found}


def list_quotas(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """ListServiceQuotas."""
    _check_service(params["ServiceCode"])
    return {"Quotas": _quotas(bedrock)}


def _check_service(code: str) -> None:
    if code != "bedrock":
        raise NoSuchResourceError("The request failed because the specified service does not exist.")


def _quotas(bedrock: Bedrock) -> list[dict[str, Any]]:
    """Those that this Bedrock keeps to, under AWS's codes and names."""
    settings = bedrock.settings
    values = (
        ("L-BE77399C", "Model units no-commitment Provisioned Throughputs across custom models", settings.model_units),
        ("L-0406044C", "(Model customization) Scheduled customization jobs", settings.concurrent_jobs),
        ("L-C02E1E99", "Custom models with a creating status per account", settings.deployments_in_progress),
    )
    judges = _of_judges(settings.judge_requests_per_minute) if settings.judge_requests_per_minute else ()
    return [_quota(code, name, value) for code, name, value in (*values, *judges)]


def _of_judges(requests: int) -> Iterator[tuple[str, str, float]]:
    """Under AWS's names; most codes are not known, and these are none of AWS's."""
    ways = {"in-region": "On-demand", "geographic": "Cross-region", "global": "Global cross-region"}
    for number, judge in enumerate(catalog.judges()):
        way = ways[judge.routing]
        yield f"L-LOCAL{number:03d}", f"{way} model inference requests per minute for {judge.quota}", requests


def _quota(code: str, name: str, value: float) -> dict[str, Any]:
    scope = current_scope()
    return {
        "ServiceCode": "bedrock",
        "ServiceName": "Amazon Bedrock",
        "QuotaArn": f"arn:aws:servicequotas:{scope.region}:{scope.account}:bedrock/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


OPERATIONS = {"GetServiceQuota": get, "ListServiceQuotas": list_quotas}
